"""Who is where, who is to be where, and what follows (DOMAIN 3.7). Pure: no database, no clock.

Instants are microseconds since 1970, and so are durations: shifts over midnight or through a change of the clock are
compared as what they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from attendance.terms import AWAY, HERE, ON_DUTY, Kind, Status

MINUTE = 60_000_000
HOUR = 60 * MINUTE

GRACE = 5 * MINUTE
"""Coming that much after the start is on time, going that much before the end is not early."""
NO_SHOW = 120 * MINUTE
"""Somebody who is absent for longer does not come any more."""
EARLY = 60 * MINUTE
"""A check-in that long before a shift is for this shift."""
HOLDS = 16 * HOUR
"""What was said of a person is believed that long: somebody who forgot to check out is not present for ever."""


# --- intervals -------------------------------------------------------------------------------------------------------
class Interval(NamedTuple):
    """From `starts` up to, not including, `ends`."""

    starts: int
    ends: int

    def meets(self, other: "Interval") -> bool:
        return self.starts < other.ends and other.starts < self.ends


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in order, what touches or overlaps made one."""
    found: list[Interval] = []
    for each in sorted(intervals):
        if found and each.starts <= found[-1].ends:
            found[-1] = Interval(found[-1].starts, max(found[-1].ends, each.ends))
        else:
            found.append(each)
    return found


def without(intervals: Sequence[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """What is left of disjoint intervals outside the holes, in order."""
    left = list(intervals)
    for hole in holes:
        left = [part for each in left for part in _cut(each, hole)]
    return left


def _cut(each: Interval, hole: Interval) -> list[Interval]:
    if not each.meets(hole):
        return [each]
    parts = [Interval(each.starts, hole.starts), Interval(hole.ends, each.ends)]
    return [part for part in parts if part.starts < part.ends]


# --- who is to be where ----------------------------------------------------------------------------------------------
class Plan(NamedTuple):
    """A shift that is not cancelled. `posted`: it came with a record rather than with the published schedule."""

    department_id: str
    kind: str
    time: Interval
    posted: bool = False


class Duty(NamedTuple):
    """When a person is to be in a department; with `on_leave`, when she is away with leave."""

    department_id: str
    starts: int
    ends: int
    on_leave: bool = False


def duties(plans: Sequence[Plan]) -> list[Duty]:
    """What one person's shifts add up to, posted ones in the order in which they came.

    Pieces that touch (work, break, work) are one duty, else somebody who does not come would be expected anew after
    each break. Leave and days off are cut out. A posted shift gives way to a published one that it meets, and to a
    posted one that came later.
    """
    valid = _valid(plans)
    away = [plan.time for plan in plans if plan.kind not in ON_DUTY]
    found = []
    for code in sorted({plan.department_id for plan in plans}):
        times = union(plan.time for plan in valid if plan.department_id == code)
        found += [Duty(code, *time) for time in without(times, away)]
        leave = union(plan.time for plan in plans if plan.department_id == code and plan.kind == Kind.LEAVE)
        found += [Duty(code, *time, on_leave=True) for time in leave]
    return found


def _valid(plans: Sequence[Plan]) -> list[Plan]:
    on_duty = [plan for plan in plans if plan.kind in ON_DUTY]
    kept = [plan for plan in on_duty if not plan.posted]
    for plan in reversed([plan for plan in on_duty if plan.posted]):
        if not any(plan.time.meets(other.time) for other in kept):
            kept.append(plan)
    return kept


# --- who is where ----------------------------------------------------------------------------------------------------
class Said(NamedTuple):
    """A record."""

    time: int
    status: str
    department_id: str = ""
    checked_in_at: int | None = None
    checked_out_at: int | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of a person's time in one status; `came_at` is set while she is there, and is when she came.

    `said_at` is the time of the record that began it, `heard_at` of the last that confirmed it. `ends` is where the
    next begins; the last one ends when nobody believes it any more.
    """

    department_id: str
    status: str
    starts: int
    ends: int
    came_at: int | None
    said_at: int
    heard_at: int


def tell(spells: list[Spell], said: Said) -> None:
    """Continue a person's spells by what is said of her next; records come in order of time."""
    if said.status in HERE:
        _come(spells, said)
    elif said.status == Status.CHECKED_OUT:
        _go(spells, said)
    elif _still(spells, said) == said.status:
        _confirm(spells, said)
    else:
        _begin(spells, said, said.status, said.time)


def _come(spells: list[Spell], said: Said) -> None:
    status = Status.PRESENT if said.status == Status.LATE else Status(said.status)
    still = _still(spells, said)
    came_before = spells[-1].came_at if still is not None else None
    came_at = said.checked_in_at
    if came_at is not None and said.time - came_at > HOLDS:
        came_at = None  # some feeds repeat a check-in of long ago
    if came_at is not None and still == Status.CHECKED_OUT and came_at <= spells[-1].starts:
        came_at = said.time  # the first check-in of her day is not the one that brought her back
    if came_at is None:
        came_at = said.time if came_before is None else came_before
    if still == status and came_at == came_before:
        _confirm(spells, said)
    else:
        _begin(spells, said, status, came_at, came_at)


def _go(spells: list[Spell], said: Said) -> None:
    still = _still(spells, said)
    left_at = said.time if said.checked_out_at is None else said.checked_out_at
    if still == Status.CHECKED_OUT and said.checked_out_at in (None, spells[-1].starts):
        _confirm(spells, said)
        return
    came_at, here = said.checked_in_at, still in HERE
    if came_at is not None and not here and came_at < left_at and (not spells or spells[-1].starts < came_at):
        _begin(spells, said, Status.PRESENT, came_at, came_at)
    _begin(spells, said, Status.CHECKED_OUT, left_at)


def _still(spells: Sequence[Spell], said: Said) -> str | None:
    """The status that is believed when the next record comes."""
    return spells[-1].status if spells and said.time - spells[-1].heard_at <= HOLDS else None


def _confirm(spells: list[Spell], said: Said) -> None:
    spells[-1] = replace(spells[-1], heard_at=said.time, ends=said.time + HOLDS)


def _begin(spells: list[Spell], said: Said, status: str, since: int, came_at: int | None = None) -> None:
    """From `since` on; from the record's time on where something later was said already."""
    if spells:
        last = spells[-1]
        starts = since if since > last.starts else said.time
        spells[-1] = replace(last, ends=min(last.ends, starts))
    else:
        starts = since
    spells.append(Spell(said.department_id, status, starts, said.time + HOLDS, came_at, said.time, said.time))


def rewound(spells: Sequence[Spell], time: int) -> list[Spell]:
    """The spells as they were before anything was said at or after this time."""
    kept = [spell for spell in spells if spell.said_at < time]
    if kept:
        heard_at = min(kept[-1].heard_at, time)
        kept[-1] = replace(kept[-1], heard_at=heard_at, ends=heard_at + HOLDS)
    return kept


# --- both together ---------------------------------------------------------------------------------------------------
Standing = Literal["present", "expected", "absent", "left_early", "on_leave", "day_off"]


@dataclass(frozen=True, slots=True)
class Stand:
    """How a person stands to a duty. `late` only with present, `no_show` only with absent."""

    standing: Standing
    came_at: int | None = None
    late: bool = False
    no_show: bool = False
    lost: int = 0
    """Time lost by coming late or not at all so far."""


def stand(duty: Duty, spells: Iterable[Spell], at: int) -> Stand:
    """How she stands at an instant within the duty. Who went within GRACE of the end has done the duty: present."""
    heard = [spell for spell in spells if spell.starts <= at and spell.ends > duty.starts]
    last = max(heard, key=lambda spell: spell.starts, default=None)
    if last is not None and last.status in AWAY:
        return Stand("on_leave" if last.status == Status.ON_LEAVE else "day_off")
    came_at = min((spell.came_at for spell in heard if spell.came_at is not None), default=None)
    if last is None or came_at is None:
        return _missing(duty, at)
    if last.came_at is None and last.starts < duty.ends - GRACE:
        return Stand("left_early", came_at)
    late = came_at > duty.starts + GRACE
    return Stand("present", came_at, late=late, lost=came_at - duty.starts if late else 0)


def _missing(duty: Duty, at: int) -> Stand:
    if at <= duty.starts + GRACE:
        return Stand("expected")
    return Stand("absent", no_show=at > duty.starts + NO_SHOW, lost=at - duty.starts)


Arrival = Literal["on_time", "late", "early", "unscheduled"]


def arrival(duty_starts: int | None, came_at: int, first_came_at: int | None) -> Arrival:
    """What a check-in is to its duty. `first_came_at` is when she first came for that: who returns is not late."""
    if duty_starts is None:
        return "unscheduled"
    if came_at < duty_starts - GRACE:
        return "early"
    returned = first_came_at is not None and first_came_at < came_at
    return "late" if came_at > duty_starts + GRACE and not returned else "on_time"
