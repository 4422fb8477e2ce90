"""The heads at work of queues and of the levels above, each person counted once (DOMAIN 3.3). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kpi import formulas
from kpi.pipeline.inputs import Expected, Interval, Key, Rules, SkillGroup

Source = Literal["acd", "attendance", "feed", "acd_overlapping"]


@dataclass(frozen=True, slots=True)
class Heads:
    """`available` are at work now; `scheduled` are planned to be, breaks and other shrinkage taken off."""

    available: int | None = None
    scheduled: int | None = None
    source: Source | None = None


def counted_by_acd(row: Interval) -> int:
    """The agents that the ACD sees at work: live, or signed in where it does not say."""
    live = (row.agents_available, row.agents_on_contact, row.agents_after_contact)
    return row.agents if None in live else sum(count or 0 for count in live)


def at_work(scheduled: int, rules: Rules) -> int:
    """Heads at work of those scheduled, without breaks, training and other shrinkage; halves are rounded up."""
    return int(scheduled * (1 - formulas.exact(rules.shrinkage)) + formulas.exact(0.5))


def queue_heads(
    groups: Sequence[SkillGroup],
    present: Sequence[SkillGroup],
    *,
    acd: Mapping[Key, int],
    planned: Mapping[Key, int],
    required: Mapping[Key, int | None],
) -> dict[Key, Heads]:
    """The heads of each queue of `required`, whole numbers that add up to people.

    People who serve several queues are shared among them by need, as attendance knows them: `groups` are scheduled,
    `present` the same or, where nobody's attendance is recorded, none. Where nobody is shared the ACD's own count is
    newer; ACD counts of queues that share people cannot be told apart.
    """
    needs = {key: float(agents or 0) for key, agents in required.items()}
    there = _shares([(_skills(group, required), group.available) for group in present], needs)
    due = _shares([(_skills(group, required), group.scheduled) for group in groups], needs)
    several = [keys for group in present if group.available and len(keys := _skills(group, required)) > 1]
    shared = frozenset[Key]().union(*several)
    return {key: _heads(key, key in shared, there, due, acd, planned) for key in required}


def _skills(group: SkillGroup, queues: Collection[Key]) -> frozenset[Key]:
    return frozenset(key for key in group.serves if key in queues)


def _shares(serving: Sequence[tuple[frozenset[Key], int]], needs: Mapping[Key, float]) -> dict[Key, int]:
    serving = [(keys, heads) for keys, heads in serving if keys]
    known = {key for keys, _ in serving for key in keys}
    return formulas.share_heads(serving, {key: needs[key] for key in known})


def _heads(
    key: Key,
    is_shared: bool,
    there: Mapping[Key, int],
    due: Mapping[Key, int],
    acd: Mapping[Key, int],
    planned: Mapping[Key, int],
) -> Heads:
    scheduled = planned.get(key, due.get(key))
    if key in acd and not is_shared:
        return Heads(acd[key], scheduled, "acd")
    if key in there:
        return Heads(there[key], scheduled, "attendance")
    return Heads(None, scheduled, None)


# --- above queues ----------------------------------------------------------------------------------------------------
def level_heads(
    queues: Mapping[Key, Heads],
    groups: Sequence[SkillGroup],
    counted: Mapping[Key, int],
) -> dict[Key, Heads]:
    """The heads of each department and of the organization, by (department id, '') and ('', '').

    A feed's own distinct count of a level is believed. Else a level has the heads of its queues and the people who
    serve none, but never more than attendance sees distinct people there: sums of ACD counts may overlap.
    """
    inside: dict[str, dict[Key, Heads]] = {key[0]: {} for group in groups for key in group.serves}
    for key, heads in queues.items():
        inside.setdefault(key[0], {})[key] = heads
    idle = [group for group in groups if not _skills(group, queues)]
    found = {(code, ""): _of_department(code, own, groups, idle, counted) for code, own in inside.items() if code}
    beside = [heads for key, heads in queues.items() if not key[0]]
    found["", ""] = _of_organization([*found.values(), *beside], groups, idle, counted)
    return found


def _of_department(
    code: str,
    own: Mapping[Key, Heads],
    groups: Sequence[SkillGroup],
    idle: Sequence[SkillGroup],
    counted: Mapping[Key, int],
) -> Heads:
    scheduled = _total(heads.scheduled for heads in own.values())
    if (code, "") in counted:
        return Heads(counted[code, ""], scheduled, "feed")
    whole = _total(heads.available for heads in own.values())
    people = [group for group in groups if _departments(group) >= {code}]
    if not people:
        return Heads(whole, scheduled, _source(own.values()))
    available = (whole or 0) + sum(group.available for group in idle if code in _departments(group))
    beyond = _beyond(own, people, (code, ""))
    limit = sum(group.available for group in people) + beyond
    if available > limit:
        return Heads(limit, scheduled, "acd_overlapping" if beyond else "attendance")
    return Heads(available, scheduled, _source(own.values()) or "attendance")


def _departments(group: SkillGroup) -> set[str]:
    return {code for code, _ in group.serves}


def _beyond(own: Mapping[Key, Heads], people: Sequence[SkillGroup], department: Key) -> int:
    """Heads of queues that attendance knows nothing of: no shift names them, and nobody's shift is without a queue."""
    known = {key for group in people for key in group.serves}
    if department in known:
        return 0
    return sum(heads.available or 0 for key, heads in own.items() if key not in known)


def _of_organization(
    parts: Collection[Heads], groups: Sequence[SkillGroup], idle: Sequence[SkillGroup], counted: Mapping[Key, int]
) -> Heads:
    """The sum of departments and of queues in none; people of several departments are one each."""
    scheduled = _total(heads.scheduled for heads in parts)
    if ("", "") in counted:
        return Heads(counted["", ""], scheduled, "feed")
    available = _total(heads.available for heads in parts)
    again = sum(group.available * (len(_departments(group)) - 1) for group in idle)
    source = _source(parts)
    if available is None:
        return Heads(None, scheduled, source)
    distinct = sum(group.available for group in groups)
    return Heads(min(available - again, distinct) if source == "attendance" else available - again, scheduled, source)


def _source(parts: Collection[Heads]) -> Source | None:
    sources = [heads.source for heads in parts if heads.source is not None]
    if len(sources) > 1 and any(source in ("acd", "acd_overlapping") for source in sources):
        return "acd_overlapping"
    if "feed" in sources:
        return "feed"
    return sources[0] if sources else None


def _total(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def planned_heads(expected: Expected | None, rules: Rules) -> int | None:
    """Heads that the planners put on the schedule, at work."""
    if expected is None or expected.scheduled_agents is None:
        return None
    return at_work(expected.scheduled_agents, rules)
