"""Answers about people: who is where now, their adherence day by day, and their states over a day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attendance.agent_states import adherence_rows, agents_now, instants, people_now, person_times, state_spans
from attendance.agent_states.adherence_rows import AdherenceRow, DayOfScope
from attendance.agent_states.adherence_times import AdherenceTimes
from attendance.agent_states.days import day_of
from attendance.agent_states.people_now import PersonWithState, Selection, Today
from attendance.agent_states.settings import tolerance
from attendance.agent_states.timelines import Span
from attendance.microseconds import to_instant, to_microseconds
from attendance.models import AgentState, Person, ScheduledPeriod, StatusPeriod
from attendance.presence.intervals import MINUTE, Interval
from intraday.org.models import Scope
from intraday.values.rounding import half_up

Row = dict[str, Any]

ADHERENCE_COLUMNS = [
    "date",
    "department_id",
    "queue_name",
    "employee_id",
    "employee_name",
    "scheduled_minutes",
    "adherent_minutes",
    "out_of_adherence_minutes",
    "adherence_percent",
    "worked_minutes",
    "conformance_percent",
    "reason",
]


def _zone(scope: Scope) -> ZoneInfo:
    return ZoneInfo(scope.organization.time_zone)


# --- now -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PeopleQuestion:
    """The people that are asked for. `name` is a part of their name or id, in any case. `out`: only those out of
    adherence for longer than the tolerance."""

    status: str | None = None
    state: str | None = None
    site_id: str = ""
    out: bool = False
    name: str = ""
    limit: int = 200


def people(scope: Scope, question: PeopleQuestion, *, now: datetime) -> tuple[datetime, list[Row]]:
    """Return the instant and its people with state and adherence, those with the most lost minutes first."""
    instant, allowed = instants.instant_of(scope.organization_id, now), tolerance(scope.organization_id)
    at = to_microseconds(instant)
    selection = Selection(
        question.status, question.state, question.site_id, allowed if question.out else None, question.name
    )
    found = people_now.load(scope, selection, at=at)[: question.limit]
    ids = [each.person.person_id for each in found]
    today = people_now.today(scope.organization_id, ids, at=at, zone=_zone(scope), tolerance=allowed)
    return instant, [_person(each, today, at) for each in found]


def _person(each: PersonWithState, today: Today, at: int) -> Row:
    person, agent = each.person, each.agent
    times = today.times.get(person.person_id, AdherenceTimes())
    return {
        "employee_id": person.employee_id,
        "employee_name": person.name or None,
        "department_id": person.department_id or None,
        "queue_names": sorted(each.queues),
        "status": person.status,
        "shift_start": _instant(person.starts),
        "shift_end": _instant(person.ends),
        "checked_in_at": _instant(person.came_at),
        "lost_minutes": half_up(person.lost / MINUTE),
        "scheduled_activity": agent.scheduled,
        "state": agent.state,
        "state_since": _instant(agent.since),
        "state_seconds": None if agent.since is None else round((at - agent.since) / 1_000_000),
        "out_of_adherence_since": _instant(agent.out_since),
        "out_of_adherence_minutes": half_up(times.out / MINUTE),
        **_percents(times, recorded=today.recorded),
    }


def _percents(times: AdherenceTimes, *, recorded: bool) -> Row:
    """Return adherence and conformance; null with a reason without a published schedule, or without any record."""
    reason = None if times.scheduled and recorded else "not_recorded" if times.scheduled else "no_schedule"
    return {
        "adherence_percent": half_up(times.adherence) if reason is None else None,
        "conformance_percent": half_up(times.conformance) if reason is None else None,
        "reason": reason,
    }


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else to_instant(microseconds)


def by_state(scope: Scope, *, now: datetime) -> Row:
    """Return how many people of a scope, which may be a queue, are in each state, missing or out of adherence."""
    instant, allowed = instants.instant_of(scope.organization_id, now), tolerance(scope.organization_id)
    at = to_microseconds(instant)
    found = people_now.load(scope, Selection(), at=at)
    counts = agents_now.counted((each.agent for each in found), at=at, tolerance=allowed)
    statuses = [each.person.status for each in found]
    no_shows = statuses.count("no_show")
    return {
        "as_of": instant,
        "scheduled_count": sum(each.person.starts is not None and not _is_away(each) for each in found),
        "by_state": counts.by_state,
        "absent_count": statuses.count("absent") + no_shows,
        "no_show_count": no_shows,
        "expected_count": statuses.count("expected"),
        "out_of_adherence_count": counts.out_of_adherence,
        "longest_out_of_adherence_minutes": half_up(counts.longest_out_minutes),
    }


def _is_away(each: PersonWithState) -> bool:
    return each.person.status in ("on_leave", "day_off")


# --- adherence day by day --------------------------------------------------------------------------------------------
ROWS_BY: dict[str, Callable[[DayOfScope], Iterator[AdherenceRow]]] = {
    "person": adherence_rows.by_person,
    "queue": adherence_rows.by_queue,
    "day": adherence_rows.whole,
}


@dataclass(frozen=True, slots=True)
class AdherencePage:
    """Days from `first` to `last`, which may be one of the future, by person, queue or day."""

    by: str
    first: date
    last: date
    limit: int
    employee_id: str = ""


def today_of(scope: Scope, now: datetime) -> date:
    return instants.instant_of(scope.organization_id, now).astimezone(_zone(scope)).date()


def adherence(scope: Scope, page: AdherencePage, *, now: datetime, names: bool) -> tuple[list[Row], date | None]:
    """Return rows of whole days, oldest first, until there are as many as the limit; and the day of the next page."""
    at, zone = to_microseconds(instants.instant_of(scope.organization_id, now)), _zone(scope)
    allowed, people = tolerance(scope.organization_id), _chosen(scope, page.employee_id)
    items: list[Row] = []
    day = page.first
    while day <= page.last and len(items) < page.limit:
        loaded = adherence_rows.load(scope, day, at=at, zone=zone, tolerance=allowed, people=people)
        items += [_adherence(row, names=names) for row in ROWS_BY[page.by](loaded)]
        day += timedelta(days=1)
    return items, day if day <= page.last else None


def _chosen(scope: Scope, employee_id: str) -> list[int] | None:
    if not employee_id:
        return None
    people = Person.objects.filter(organization=scope.organization_id, employee_id=employee_id)
    return list(people.values_list("pk", flat=True))


def _adherence(row: AdherenceRow, *, names: bool) -> Row:
    times = row.times
    return {
        "date": row.day.isoformat(),
        "department_id": row.department_id or None,
        "queue_name": row.queue_name or None,
        "employee_id": None if row.person is None else row.person.employee_id,
        "employee_name": row.person.name or None if names and row.person is not None else None,
        "scheduled_minutes": half_up(times.scheduled / MINUTE),
        "adherent_minutes": half_up(times.adherent / MINUTE),
        "out_of_adherence_minutes": half_up(times.out / MINUTE),
        "worked_minutes": half_up(times.worked / MINUTE),
        **_percents(times, recorded=row.recorded),
    }


# --- one person over a day -------------------------------------------------------------------------------------------
def person_day(scope: Scope, employee_id: str, day: date, *, now: datetime) -> Row | None:
    """Return a person's states and schedule of a local day, with the adherence of it; None for an unknown person."""
    person = Person.objects.filter(organization=scope.organization_id, employee_id=employee_id).first()
    at, span = to_microseconds(instants.instant_of(scope.organization_id, now)), day_of(day, _zone(scope))
    if person is None or not _is_listed(person, scope, span):
        return None
    loaded = person_times.load(scope.organization_id, span, at=at, people=[person.pk])
    times = AdherenceTimes()
    if person.pk in loaded:
        times = loaded[person.pk].days(tolerance=tolerance(scope.organization_id)).within([span])
    recorded = person_times.is_recorded(scope.organization_id, span, loaded)
    return {
        "employee_id": person.employee_id,
        "employee_name": person.name or None,
        "department_id": person.department_id or None,
        "start": to_instant(span.starts),
        "end": to_instant(span.ends),
        "as_of": to_instant(min(at, span.ends)),
        "states": [_span(each, "state") for each in state_spans.of(person, span, at=at)],
        "schedule": [_span(each, "activity") for each in state_spans.planned(person, span)],
        "out_of_adherence_minutes": half_up(times.out / MINUTE),
        **_percents(times, recorded=recorded),
    }


def _is_listed(person: Person, scope: Scope, span: Interval) -> bool:
    """Tell whether a person is of the scope's department, or worked or was to work for it at any time of the span."""
    if scope.department_id in ("", person.department_id):
        return True
    there = {"person": person, "department_id": scope.department_id, "starts__lt": span.ends, "ends__gt": span.starts}
    return any(model._default_manager.filter(**there).exists() for model in (ScheduledPeriod, StatusPeriod, AgentState))


def _span(span: Span, name: str) -> Row:
    return {name: span.what, "start": to_instant(span.starts), "end": to_instant(span.ends)}
