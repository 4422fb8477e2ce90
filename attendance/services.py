"""Write attendance: store records and shifts, derive periods and headcounts, publish what is news."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from attendance import latest, selectors
from attendance.events import AttendanceChanged
from attendance.ingest import people, records, shifts
from attendance.ingest.people import Row
from attendance.microseconds import to_microseconds
from attendance.models import AttendanceRecord, Person, Shift, Snapshot
from attendance.presence import derivation, headcounts, stored_scheduled_periods, stored_status_periods
from attendance.presence.check_events import CheckEvent, new_check_events
from attendance.presence.headcounts import Headcount
from attendance.presence.stored_status_periods import Rederivation, StatusPeriodChange
from attendance.retention import purge as purge
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import Resolved, ScopeName, resolve_scopes
from realtime.publish import Builder, EventRef, publish

AHEAD = timedelta(minutes=10)


@dataclass
class RowResult:
    """Result of a row; `event` is its place in the log if it was news."""

    result: records.Result
    stored: AttendanceRecord | Shift
    event: EventRef | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> dict[str, str]:
        if isinstance(self.stored, Shift):
            return {"shift_id": self.stored.shift_id}
        return {"record_id": str(self.stored.pk)}

    @property
    def time(self) -> datetime:
        """Return the time of the data."""
        return self.stored.start if isinstance(self.stored, Shift) else self.stored.time


@dataclass
class Ingested:
    """Results of the stored rows and errors of the others, by index of the row."""

    results: dict[int, RowResult] = field(default_factory=dict)
    errors: dict[int, Any] = field(default_factory=dict)


@dataclass
class _Post:
    """A post at work, under the lock of its organization."""

    organization: Organization
    levels: Mapping[str, Scope]  # by department, '' being the organization
    rows: dict[int, Row]
    people: dict[str, Person]
    as_of: datetime | None  # of the organization's figures
    ingested: Ingested
    resolved: Resolved  # scopes of the names of rows
    names: Mapping[int, ScopeName]


@transaction.atomic
def ingest(
    *,
    organization: Organization,
    rows: Mapping[int, Row],
    now: datetime,
    within: frozenset[str] | None = None,
    atomic: bool = False,
    dry_run: bool = False,
) -> Ingested:
    """Store records; publish check-ins, check-outs and the new figures of departments and organization.

    `within`: the departments to which the caller is limited; rows outside are errors.
    `atomic` stores nothing unless every row can be stored; `dry_run` stores nothing at all.
    """
    post = _begin(organization, rows, within, now)
    if atomic and post.ingested.errors:
        transaction.set_rollback(True)  # departments that other rows named first
        return Ingested(errors=post.ingested.errors)
    newest_before = {employee: person.newest_at for employee, person in post.people.items()}
    _save_people(post)
    classified = records.classify(post.people, post.rows, newest_before, now=now)
    post.ingested.results |= {
        index: RowResult(result, record) for index, (result, record) in classified.results.items()
    }
    changed = list(classified.changed.values())
    reported = shifts.store_reported(organization, post.people, changed, now=now)
    rederivation = Rederivation()
    rederivation.add_records(
        changed, {person.pk: newest_before.get(employee) for employee, person in post.people.items()}
    )
    changes = _rederive(organization, rederivation, reported, now)
    events = new_check_events(changes, {person.pk: person for person in post.people.values()})
    times = [record.time for record in changed] + ([] if post.as_of is None else [post.as_of])
    departments, concerned = {record.department_id for record in changed}, {record.person_id for record in changed}
    _publish_changes(post, events, departments, concerned, at=max(times, default=None), now=now)
    return _end(post, dry_run=dry_run)


@transaction.atomic
def ingest_shifts(
    *,
    organization: Organization,
    rows: Mapping[int, Row],
    now: datetime,
    within: frozenset[str] | None = None,
    atomic: bool = False,
    dry_run: bool = False,
) -> Ingested:
    """Store pieces of the published schedule; publish the figures that change by it. Options as of `ingest`."""
    post = _begin(organization, rows, within, now)
    stored = shifts.load(organization, [row["shift_id"] for row in post.rows.values()])
    for index in [index for index, row in post.rows.items() if shifts.is_foreign(stored.get(row["shift_id"]), within)]:
        del post.rows[index]
        post.ingested.errors[index] = {"shift_id": ["This id is in use, or belongs to another organization."]}
    if atomic and post.ingested.errors:
        transaction.set_rollback(True)
        return Ingested(errors=post.ingested.errors)
    _save_people(post)
    classified = shifts.classify(organization, post.people, post.rows, stored, now=now)
    post.ingested.results |= {index: RowResult(result, shift) for index, (result, shift) in classified.results.items()}
    _rederive(organization, Rederivation(), classified, now)
    at = now if classified.affects(now) else post.as_of
    if post.as_of is not None and at is not None:
        at = max(at, post.as_of)
    _publish_changes(post, [], classified.departments, classified.people.keys(), at=at, now=now)
    return _end(post, dry_run=dry_run)


def _rederive(
    organization: Organization, rederivation: Rederivation, classified: shifts.Classification, now: datetime
) -> dict[int, StatusPeriodChange]:
    """Derive scheduled periods from changed shifts, then status periods from these and from changed records."""
    since = stored_scheduled_periods.rederive(classified.people, classified.times, now=now)
    rederivation.add_shifts(since, classified.people.values())
    return stored_status_periods.rederive(organization, rederivation, now=now)


def current_attendance_stats(*, organization_id: str, at: datetime) -> dict[str, Headcount]:
    """Return the headcounts of an instant (DOMAIN 3.7) by department, in one statement; '' is the organization."""
    return headcounts.count(organization_id, at=to_microseconds(at))


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


def _begin(organization: Organization, rows: Mapping[int, Row], within: frozenset[str] | None, now: datetime) -> _Post:
    """Find departments and people, wait for other writers, and refuse the rows that cannot be stored."""
    names = {index: (row["department_id"], "") for index, row in rows.items()}
    resolved = resolve_scopes(organization, list(names.values()), create=True, within=within)
    ingested = Ingested(
        errors={index: resolved.errors[name] for index, name in names.items() if name in resolved.errors}
    )
    as_of = _lock(resolved.levels[""], now) if len(ingested.errors) < len(rows) else None
    known = people.load(organization, rows.values())
    post = _Post(organization, resolved.levels, {}, known, as_of, ingested, resolved, names)
    for index, row in rows.items():
        person = known.get(row["employee_id"])
        if people.is_foreign(person, within):
            ingested.errors.setdefault(index, {"employee_id": ["There is no such person in your departments."]})
        if index not in ingested.errors:
            department = "" if person is None else person.department_id
            post.rows[index] = {**row, "department_id": row["department_id"] or department}
    return post


def _order(each: tuple[int, Row]) -> tuple[datetime, int]:
    """Order rows by the time of a record or the start of a shift, then by index."""
    index, row = each
    return row.get("time") or row["start"], index


def _save_people(post: _Post) -> None:
    """Create the people whom rows name for the first time, and take over names, departments and sites from rows."""
    news: dict[str, Person] = {}
    for _, row in sorted(post.rows.items(), key=_order):
        employee_id = row["employee_id"]
        person = post.people.get(employee_id)
        if person is None:
            person = post.people[employee_id] = Person(organization=post.organization, employee_id=employee_id)
            news[employee_id] = person
        if people.update(person, row):
            news[employee_id] = person
    people.save(news.values())


def _publish_changes(
    post: _Post,
    check_events: Sequence[CheckEvent],
    departments: Collection[str],
    concerned: Collection[int],
    *,
    at: datetime | None,
    now: datetime,
) -> None:
    """Publish check events, and the figures that are news; rows were posted for these `departments`."""
    posted = {post.levels[code] for code in departments if code in post.levels}
    if posted:
        posted.add(post.levels[""])
    news: dict[Scope, Snapshot] = {}
    if at is not None and posted:
        news = latest.recount(post.levels.values(), posted=posted, at=at, now=now)
        dirty.mark({*posted, *news, *selectors.queues_of(concerned, at=at)}, now=now)
    whole = post.levels[""]
    events = [(post.levels.get(each.department_id, whole), each.payload) for each in check_events]
    refs = _publish(events, news)
    for result in post.ingested.results.values():
        if result.result in ("created", "corrected", "late"):
            scope = post.levels.get(result.stored.department_id)
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


def _end(post: _Post, *, dry_run: bool) -> Ingested:
    names = {index: post.names[index] for index in post.ingested.results}
    for index, warnings in post.resolved.news(names, dry_run=dry_run).items():
        post.ingested.results[index].warnings += warnings
    if dry_run:
        transaction.set_rollback(True)
        for result in post.ingested.results.values():
            result.event = None
    return post.ingested
