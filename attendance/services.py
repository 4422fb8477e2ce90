"""Write attendance: store records and shifts, derive periods and headcounts, publish what is news."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from django.db import transaction

from attendance import latest, selectors
from attendance.events import AttendanceChanged
from attendance.ingest import people, records, shifts
from attendance.ingest.rows import PersonRow
from attendance.ingest.rows import RecordRow as RecordRow
from attendance.ingest.rows import ShiftRow as ShiftRow
from attendance.models import Person, Snapshot
from attendance.presence import derivation, stored_scheduled_periods, stored_status_periods
from attendance.presence.check_events import CheckEvent, new_check_events
from attendance.presence.stored_status_periods import Rederivation, StatusPeriodChange
from attendance.retention import purge as purge
from intraday.ingest.posts import Ingested, Post, RowResult
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import Resolved
from realtime.publish import Builder, EventRef, publish

AHEAD = timedelta(minutes=10)
R = TypeVar("R", bound=PersonRow)


@dataclass
class _Work(Generic[R]):
    """A post at work, under the lock of its organization."""

    post: Post[R]
    done: Ingested
    resolved: Resolved
    people: dict[str, Person]
    as_of: datetime | None
    """The time of the organization's figures."""
    rows: dict[int, R] = field(default_factory=dict)
    """The rows that can be stored, with the departments of their people."""

    @property
    def levels(self) -> Mapping[str, Scope]:
        """The scopes that have figures by department, '' being the organization."""
        return self.resolved.levels

    def end(self) -> Ingested:
        self.post.warn_of_new_scopes(self.resolved, self.done)
        return self.post.end(self.done)


@transaction.atomic
def ingest(post: Post[RecordRow]) -> Ingested:
    """Store records; publish check-ins, check-outs and the new figures of departments and organization."""
    work, now = _begin(post), post.now
    if post.is_refused(work.done):
        return work.done
    newest_before = {employee: person.newest_at for employee, person in work.people.items()}
    _save_people(work)
    classified = records.classify(work.people, work.rows, newest_before, now=now)
    for index, (result, record) in classified.results.items():
        name = {"record_id": str(record.pk)}
        work.done.results[index] = RowResult(result, record.time, (record.department_id, ""), name)
    changed = list(classified.changed.values())
    reported = shifts.store_reported(post.organization, work.people, changed, now=now)
    rederivation = Rederivation()
    rederivation.add_records(
        changed, {person.pk: newest_before.get(employee) for employee, person in work.people.items()}
    )
    changes = _rederive(post.organization, rederivation, reported, now)
    events = new_check_events(changes, {person.pk: person for person in work.people.values()})
    times = [record.time for record in changed] + ([] if work.as_of is None else [work.as_of])
    departments, concerned = {record.department_id for record in changed}, {record.person_id for record in changed}
    _publish_changes(work, events, departments, concerned, at=max(times, default=None), now=now)
    return work.end()


@transaction.atomic
def ingest_shifts(post: Post[ShiftRow]) -> Ingested:
    """Store pieces of the published schedule; publish the figures that change by it."""
    work, now = _begin(post), post.now
    stored = shifts.load(post.organization, [row.shift_id for row in work.rows.values()])
    for index in [i for i, row in work.rows.items() if shifts.is_foreign(stored.get(row.shift_id), post.within)]:
        del work.rows[index]
        work.done.errors[index] = {"shift_id": ["This id is in use, or belongs to another organization."]}
    if post.is_refused(work.done):
        return work.done
    _save_people(work)
    classified = shifts.classify(post.organization, work.people, work.rows, stored, now=now)
    for index, (result, shift) in classified.results.items():
        name = {"shift_id": shift.shift_id}
        work.done.results[index] = RowResult(result, shift.start, (shift.department_id, ""), name)
    _rederive(post.organization, Rederivation(), classified, now)
    at = now if classified.affects(now) else work.as_of
    if work.as_of is not None and at is not None:
        at = max(at, work.as_of)
    _publish_changes(work, [], classified.departments, classified.people.keys(), at=at, now=now)
    return work.end()


def _rederive(
    organization: Organization, rederivation: Rederivation, classified: shifts.Classification, now: datetime
) -> dict[int, StatusPeriodChange]:
    """Derive scheduled periods from changed shifts, then status periods from these and from changed records."""
    since = stored_scheduled_periods.rederive(classified.people, classified.times, now=now)
    rederivation.add_shifts(since, classified.people.values())
    return stored_status_periods.rederive(organization, rederivation, now=now)


@transaction.atomic
def refresh(*, organization_id: str, now: datetime) -> int:
    """Recount as time passes without posts: missing people become absent. Return how many scopes have news.

    An organization is left alone while nobody is scheduled and its figures are older than a day: its feed replays the
    past, or has ended, and figures of today would only disturb it.
    """
    levels = {scope.department_id: scope for scope in selectors.levels(organization_id)}
    as_of = _lock(levels[""], now)
    newest = as_of is not None and now <= as_of <= now + AHEAD  # one further ahead came of a clock that was wrong
    if newest or not selectors.is_live(organization_id, as_of=as_of, now=now):
        return 0
    news = latest.recount(levels.values(), at=now, now=now)
    dirty.mark(news, now=now)
    _publish([], news)
    return len(news)


def _lock(organization: Scope, now: datetime) -> datetime | None:
    """Wait for other writers and return the time of the newest figures."""
    row = latest.lock(organization)
    derivation.bring_up_to_date(row, organization, now=now)
    return row.time


def _begin(post: Post[R]) -> _Work[R]:
    """Find departments and people, wait for other writers, and refuse the rows that cannot be stored."""
    done = Ingested()
    resolved = post.resolve(done)
    as_of = _lock(resolved.levels[""], post.now) if len(done.errors) < len(post.rows) else None
    work = _Work(post, done, resolved, people.load(post.organization, post.rows.values()), as_of)
    for index, row in post.rows.items():
        person = work.people.get(row.employee_id)
        if people.is_foreign(person, post.within):
            done.errors.setdefault(index, {"employee_id": ["There is no such person in your departments."]})
        if index not in done.errors:
            department = "" if person is None else person.department_id
            work.rows[index] = replace(row, department_id=row.department_id or department)
    return work


def _save_people(work: _Work[R]) -> None:
    """Create the people whom rows name for the first time, and take over names, departments and sites from rows."""
    news: dict[str, Person] = {}
    for _, row in sorted(work.rows.items(), key=lambda each: (each[1].begins, each[0])):
        employee_id = row.employee_id
        person = work.people.get(employee_id)
        if person is None:
            person = work.people[employee_id] = Person(organization=work.post.organization, employee_id=employee_id)
            news[employee_id] = person
        if people.update(person, row):
            news[employee_id] = person
    people.save(news.values())


def _publish_changes(
    work: _Work[R],
    check_events: Sequence[CheckEvent],
    departments: Collection[str],
    concerned: Collection[int],
    *,
    at: datetime | None,
    now: datetime,
) -> None:
    """Publish check events, and the figures that are news; rows were posted for these `departments`."""
    posted = {work.levels[code] for code in departments if code in work.levels}
    if posted:
        posted.add(work.levels[""])
    news: dict[Scope, Snapshot] = {}
    if at is not None and posted:
        news = latest.recount(work.levels.values(), posted=posted, at=at, now=now)
        dirty.mark({*posted, *news, *selectors.queues_of(concerned, at=at)}, now=now)
    whole = work.levels[""]
    events = [(work.levels.get(each.department_id, whole), each.payload) for each in check_events]
    refs = _publish(events, news)
    for result in work.done.results.values():
        if result.result in ("created", "corrected", "late"):
            scope = work.levels.get(result.scope[0])
            result.event = refs.get(scope) if scope in refs else refs.get(whole)


def _publish(
    check_events: Sequence[tuple[Scope, Builder]], news: Mapping[Scope, Snapshot]
) -> dict[Scope | None, EventRef]:
    """Publish; return the places of the figures in the log, by scope."""
    updates = [(scope, partial(AttendanceChanged.of, row, scope)) for scope, row in news.items()]
    if not check_events and not updates:
        return {}
    refs = publish("attendance", [*check_events, *updates])
    return dict(zip(news, refs[len(check_events) :], strict=True))
