"""Adherence and conformance of a local day by person, by queue, or of a scope as a whole."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from attendance.agent_states import person_times
from attendance.agent_states.adherence_times import AdherenceTimes
from attendance.agent_states.days import day_of
from attendance.agent_states.person_times import PersonTimes
from attendance.models import Person
from attendance.presence.intervals import Interval
from intraday.org.models import Scope


@dataclass(frozen=True, slots=True)
class AdherenceRow:
    """The times of a day. `person` is None in rows of queues and scopes; `recorded` tells whether any state or
    check-in of that day is known."""

    day: date
    department_id: str
    queue_name: str
    person: Person | None
    times: AdherenceTimes
    recorded: bool


@dataclass(frozen=True, slots=True)
class DayOfScope:
    """The loaded day of a scope."""

    day: date
    scope: Scope
    span: Interval
    people: Mapping[int, PersonTimes]
    tolerance: int
    recorded: bool

    def of(self, person: PersonTimes, department_id: str, queue_name: str) -> AdherenceTimes:
        """Return a person's times of a scope: the whole day of the organization, else what is scheduled there."""
        times = [self.span] if not department_id else person.times_in(self.span, department_id, queue_name)
        return person.days(tolerance=self.tolerance).within(times)


def load(
    scope: Scope, day: date, *, at: int, zone: ZoneInfo, tolerance: int, people: Collection[int] | None = None
) -> DayOfScope:
    """Load the day of a scope, for these people or for all."""
    span = day_of(day, zone)
    loaded = person_times.load(scope.organization_id, span, at=at, people=people)
    recorded = person_times.is_recorded(scope.organization_id, span, loaded)
    return DayOfScope(day, scope, span, loaded, tolerance, recorded)


def by_person(loaded: DayOfScope) -> Iterator[AdherenceRow]:
    """Yield people who are scheduled in the scope that day, or were there and belong to its department."""
    scope = loaded.scope
    for person in Person.objects.filter(pk__in=loaded.people).order_by("employee_id"):
        times = loaded.of(loaded.people[person.pk], scope.department_id, scope.queue_name)
        belongs = not scope.queue_name and scope.department_id in ("", person.department_id)
        if times.scheduled or (belongs and times.worked):
            yield AdherenceRow(loaded.day, person.department_id, scope.queue_name, person, times, loaded.recorded)


def by_queue(loaded: DayOfScope) -> Iterator[AdherenceRow]:
    """Yield the queues of the scope that anybody was scheduled for."""
    sums: dict[tuple[str, str], AdherenceTimes] = {}
    for person in loaded.people.values():
        for code, name in _queues(person, loaded):
            sums[code, name] = sums.get((code, name), AdherenceTimes()).plus(loaded.of(person, code, name))
    for (code, name), times in sorted(sums.items()):
        yield AdherenceRow(loaded.day, code, name, None, times, loaded.recorded)


def _queues(person: PersonTimes, loaded: DayOfScope) -> set[tuple[str, str]]:
    scope = loaded.scope
    served = {each for time, serves in person.serving() if time.overlaps(loaded.span) for each in serves}
    return {
        (code, name)
        for code, name in served
        if name and scope.department_id in ("", code) and scope.queue_name in ("", name)
    }


def whole(loaded: DayOfScope) -> Iterator[AdherenceRow]:
    """Yield the scope's own row."""
    scope, total = loaded.scope, AdherenceTimes()
    for person in loaded.people.values():
        total = total.plus(loaded.of(person, scope.department_id, scope.queue_name))
    yield AdherenceRow(loaded.day, scope.department_id, scope.queue_name, None, total, loaded.recorded)
