"""People of a scope at an instant: attendance, state, scheduled activity, and their adherence so far today."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from zoneinfo import ZoneInfo

from attendance.agent_states import agents_now, person_times
from attendance.agent_states.adherence_times import AdherenceTimes
from attendance.agent_states.agents_now import AgentNow
from attendance.agent_states.days import day_of
from attendance.microseconds import to_instant
from attendance.models import Person
from attendance.presence import headcounts
from attendance.presence.headcounts import PersonNow
from intraday.org.models import Scope

EVERYBODY = 1_000_000
NOT_YET = ("absent", "no_show", "expected")
Attending = Callable[[str | None, str], list[PersonNow]]
"""People of a scope who are scheduled or checked in, by status and site."""
NOBODY = AgentNow(frozenset(), frozenset(), None, None, None)


@dataclass(frozen=True, slots=True)
class PersonWithState:
    """A person with attendance and state."""

    person: PersonNow
    agent: AgentNow

    @property
    def queues(self) -> frozenset[str]:
        return frozenset(name for _, name in self.agent.serves)


@dataclass(frozen=True, slots=True)
class Selection:
    """The people to select. `status` is one of headcounts.PEOPLE_STATUSES, `state` one of choices.STATE_NAMES."""

    status: str | None = None
    state: str | None = None
    site_id: str = ""
    out_for: int | None = None
    """Microseconds: only people who have been out of adherence for longer."""
    name: str = ""
    """A part of their name or employee id, in any case."""


def load(scope: Scope, selection: Selection, *, at: int) -> list[PersonWithState]:
    """Return the people of a scope, those with the most lost time first, then those out of adherence for longest."""
    agents, attending = agents_now.load(scope.organization_id, at=at), cache(partial(_people, scope, at))
    rows = _with_attendance(attending, agents, selection)
    if selection.status in (None, "unscheduled"):
        rows += _with_states_only(scope, attending, agents, selection)
    found = [PersonWithState(row, agents.get(row.person_id, NOBODY)) for row in rows]
    chosen = [each for each in found if _is_selected(each, scope, selection, at)]
    return sorted(chosen, key=lambda each: (-each.person.lost, each.agent.out_since or at, each.person.employee_id))


def _is_selected(each: PersonWithState, scope: Scope, selection: Selection, at: int) -> bool:
    if scope.queue_name and scope.queue_name not in each.queues:
        return False
    if selection.state is not None and each.agent.state != selection.state:
        return False
    if selection.name.casefold() not in f"{each.person.name} {each.person.employee_id}".casefold():
        return False
    since = each.agent.out_since
    return selection.out_for is None or (since is not None and at - since > selection.out_for)


def _with_attendance(attending: Attending, agents: Mapping[int, AgentNow], selection: Selection) -> list[PersonNow]:
    """Return people who are scheduled or checked in; those in a state are present, also without a check-in."""

    def rows(status: str | None) -> list[PersonNow]:
        return attending(status, selection.site_id)

    def is_there(row: PersonNow) -> bool:
        return row.status in NOT_YET and row.person_id in agents and agents[row.person_id].is_there

    found = [row for row in rows(selection.status) if selection.status is None or not is_there(row)]
    if selection.status == "present":
        found += [row for status in ("absent", "expected") for row in rows(status) if is_there(row)]
    return [replace(row, status="present", lost=0) if is_there(row) else row for row in found]


def _people(scope: Scope, at: int, status: str | None, site_id: str) -> list[PersonNow]:
    return headcounts.people(
        scope.organization_id,
        at=at,
        status=status,
        department_id=scope.department_id,
        site_id=site_id,
        limit=EVERYBODY,
    )


def _with_states_only(
    scope: Scope, attending: Attending, agents: Mapping[int, AgentNow], selection: Selection
) -> list[PersonNow]:
    """Return people who are in a state, but neither scheduled nor checked in."""
    known = {row.person_id for row in attending(None, "")}
    there = {
        pk: each
        for pk, each in agents.items()
        if pk not in known
        and each.is_there
        and each.scheduled is None
        and scope.department_id in ("", *each.departments)
    }
    people = Person.objects.filter(pk__in=there)
    return [
        PersonNow(each.pk, each.employee_id, each.name, each.department_id, "unscheduled", None, None, None, 0)
        for each in people
        if selection.site_id in ("", each.site_id)
    ]


# --- adherence of today ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Today:
    """The local day of an instant up to it, by person."""

    times: Mapping[int, AdherenceTimes] = field(default_factory=dict)
    recorded: bool = False
    """True if any state or check-in of that day is known."""


def today(organization_id: str, people: Collection[int], *, at: int, zone: ZoneInfo, tolerance: int) -> Today:
    day = day_of(to_instant(at).astimezone(zone).date(), zone)
    loaded = person_times.load(organization_id, day, at=at, people=people)
    times = {person: each.days(tolerance=tolerance).within([day]) for person, each in loaded.items()}
    return Today(times, person_times.is_recorded(organization_id, day, loaded))
