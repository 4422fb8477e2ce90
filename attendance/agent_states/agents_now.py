"""The state of everybody at an instant, how many are in each, and who is out of adherence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from typing import NamedTuple

from attendance.agent_states import person_times, timelines
from attendance.agent_states.timelines import AGENT_STATE_OF, Span
from attendance.choices import (
    ACTIVITY_OF,
    AWAY_STATUSES,
    STATE_NAMES,
    WORKING_KINDS,
    AgentStateName,
    AttendanceStatus,
)
from attendance.microseconds import to_instant
from attendance.models import AgentState, StatusPeriod
from attendance.presence import shift_pieces
from attendance.presence.intervals import HOUR, MINUTE, Interval
from attendance.presence.shift_pieces import Serves, ShiftPiece, served

_REACH = 12 * HOUR
"""The time by which the begin of a deviation may lie back."""


@dataclass(frozen=True, slots=True)
class AgentNow:
    """A person at an instant. `state` is None where nothing tells one, `scheduled` where nothing is to be done.

    `serves` are the queues that the shift names or, without such a shift, the reported state. `is_there`: in a state,
    or checked in where that is `offline`. `out_since` is set while a person who is there does something else than is
    scheduled.
    """

    departments: frozenset[str]
    serves: Serves
    scheduled: str | None
    state: str | None
    since: int | None
    is_there: bool = False
    out_since: int | None = None

    @property
    def deviates(self) -> bool:
        return self.is_there and self.scheduled is not None and ACTIVITY_OF[self.state or ""] != self.scheduled


def load(organization_id: str, *, at: int) -> dict[int, AgentNow]:
    """Return everybody who is scheduled or there, by the primary key of the person; in six queries at most."""
    reported, clocked, away = _reported(organization_id, at), *_clocked(organization_id, at)
    instant = to_instant(at)
    pieces = shift_pieces.load(organization_id, instant, instant + timedelta(microseconds=1))
    plan = cache(partial(_plan, at))  # many people have the same shift
    found = {
        person: _now(
            plan(_without_person(pieces.get(person, ())), away.get(person)), reported.get(person), clocked.get(person)
        )
        for person in pieces.keys() | reported.keys() | clocked.keys()
    }
    deviating = [person for person, each in found.items() if each.deviates]
    since = _out_since(organization_id, at, deviating) if deviating else {}
    return found | {person: replace(found[person], out_since=since.get(person)) for person in deviating}


@dataclass(frozen=True, slots=True)
class _Told:
    """A state that something tells: the span of its activity, its own start, the department, and queues of it."""

    span: Span
    since: int
    department_id: str
    queue_names: Sequence[str] = ()

    @property
    def serves(self) -> Serves:
        return frozenset((self.department_id, name) for name in self.queue_names)


class _Plan(NamedTuple):
    """Departments, queues and the scheduled activity of an instant, as the pieces of somebody's schedule tell them."""

    departments: frozenset[str]
    serves: Serves
    scheduled: str | None


_PieceOfAnybody = tuple[str, bool, Serves, Interval]


def _without_person(pieces: Iterable[ShiftPiece]) -> tuple[_PieceOfAnybody, ...]:
    return tuple((kind, posted, serves, time) for _, kind, posted, serves, time in pieces)


def _plan(at: int, pieces_of_anybody: tuple[_PieceOfAnybody, ...], away: Interval | None) -> _Plan:
    pieces = [ShiftPiece(0, *piece) for piece in pieces_of_anybody]
    published = [(piece.kind, piece.time) for piece in pieces if not piece.posted]
    planned = timelines.scheduled(published, [] if away is None else [away])
    asked = (span.what for span in planned if span.starts <= at < span.ends)
    departments = frozenset(code for piece in pieces if piece.kind in WORKING_KINDS for code, _ in piece.serves)
    return _Plan(departments, _named(served(pieces)), next(asked, None))


def _now(plan: _Plan, reported: _Told | None, clocked: _Told | None) -> AgentNow:
    spans = [None if each is None else each.span for each in (reported, clocked)]
    holds = timelines.in_force(*spans)
    told = reported if reported is not None and holds is reported.span else clocked if holds is not None else None
    known = told or reported or clocked
    departments = plan.departments
    if not departments and known is not None and known.department_id:
        departments = frozenset([known.department_id])
    return AgentNow(
        departments=departments,
        serves=plan.serves or (frozenset() if reported is None else reported.serves),
        scheduled=plan.scheduled,
        state=None if told is None else told.span.what,
        since=None if told is None else told.since,
        is_there=told is not None and (told.span.what != AgentStateName.OFFLINE or _is_in(clocked)),
    )


def _named(serves: Serves) -> Serves:
    """Return the queues without the mark of shifts that name none."""
    return frozenset((code, name) for code, name in serves if name)


def _is_in(clocked: _Told | None) -> bool:
    return clocked is not None and clocked.span.what != AttendanceStatus.CHECKED_OUT


def _reported(organization_id: str, at: int) -> dict[int, _Told]:
    rows = AgentState.objects.filter(organization=organization_id, starts__lte=at, ends__gt=at)
    fields = ("person_id", "department_id", "queue_names", "state", "starts", "ends", "activity_starts")
    return {
        person: _Told(Span(activity_starts, ends, state), starts, code, names)
        for person, code, names, state, starts, ends, activity_starts in rows.values_list(*fields)
    }


def _clocked(organization_id: str, at: int) -> tuple[dict[int, _Told], dict[int, Interval]]:
    """Return the states that check-ins tell, and the time of reported absence."""
    rows = StatusPeriod.objects.filter(organization=organization_id, starts__lte=at, ends__gt=at)
    states: dict[int, _Told] = {}
    away: dict[int, Interval] = {}
    for person, code, status, starts, ends in rows.values_list(
        "person_id", "department_id", "status", "starts", "ends"
    ):
        if status in AGENT_STATE_OF:
            states[person] = _Told(Span(starts, ends, AGENT_STATE_OF[status]), starts, code)
        elif status in AWAY_STATUSES:
            away[person] = Interval(starts, ends)
    return states, away


def _out_since(organization_id: str, at: int, people: Collection[int]) -> dict[int, int]:
    """Return the start of the deviation in which each of these people is."""
    times = person_times.load(organization_id, Interval(at - _REACH, at + 1), at=at + 1, people=people)
    found = {}
    for person, each in times.items():
        stretches = timelines.deviations(each.planned, each.done)
        if stretches and stretches[-1].ends > at:
            found[person] = stretches[-1].starts
    return found


# --- counts ----------------------------------------------------------------------------------------------------------
@dataclass
class StateCounts:
    """People of a scope by state, and those who have been out of adherence for longer than the tolerance."""

    by_state: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATE_NAMES, 0))
    out_of_adherence: int = 0
    longest_out: int = 0
    """Microseconds."""

    def add(self, each: AgentNow, *, at: int, tolerance: int) -> None:
        if each.state is not None and each.is_there:
            self.by_state[each.state] += 1
        if each.out_since is not None and at - each.out_since > tolerance:
            self.out_of_adherence += 1
            self.longest_out = max(self.longest_out, at - each.out_since)

    @property
    def longest_out_minutes(self) -> float:
        return self.longest_out / MINUTE


def counted(people: Iterable[AgentNow], *, at: int, tolerance: int) -> StateCounts:
    found = StateCounts()
    for each in people:
        found.add(each, at=at, tolerance=tolerance)
    return found


def count(people: Iterable[AgentNow], *, at: int, tolerance: int) -> Mapping[str, StateCounts]:
    """Return the counts of departments that have anybody; '' is the organization, which counts people once."""
    found = {"": StateCounts()}
    for each in people:
        for code in {"", *each.departments}:
            found.setdefault(code, StateCounts()).add(each, at=at, tolerance=tolerance)
    return found
