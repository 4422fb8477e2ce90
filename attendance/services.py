"""Writing attendance: what feeds say of people and their shifts; who is there follows; what is news is published."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from attendance import currents, movements, people, records, roster, schedule, selectors, stands, timeline, upgrade
from attendance.events import AttendanceChanged
from attendance.instants import micros
from attendance.models import AttendanceRecord, Person, Shift, Snapshot
from attendance.people import Row
from attendance.stands import Counts
from attendance.timeline import Retelling
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import Resolved, ScopeName, resolve_scopes
from realtime.publish import Builder, EventRef, publish

KEPT = timedelta(days=35)


@dataclass
class RowResult:
    """What became of a row; `event` is its place in the log if it was news."""

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
        """Of the data."""
        return self.stored.start if isinstance(self.stored, Shift) else self.stored.time


@dataclass
class Ingested:
    """By index of the row: what was stored, and why the others were not."""

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
    done: Ingested
    resolved: Resolved  # what the names of rows mean
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
    """Store records; publish who came and went, and the new figures of departments and organization.

    `within`: the departments to which whoever posts is limited; rows outside are errors.
    `atomic` stores nothing unless every row can be stored; `dry_run` stores nothing at all.
    """
    post = _begin(organization, rows, within, now)
    if atomic and post.done.errors:
        transaction.set_rollback(True)  # departments that other rows named first
        return Ingested(errors=post.done.errors)
    newest_before = {employee: person.newest_at for employee, person in post.people.items()}
    _introduce(post)
    settled = records.settle(post.people, post.rows, newest_before, now=now)
    post.done.results |= {index: RowResult(result, record) for index, (result, record) in settled.results.items()}
    changed = list(settled.changed.values())
    rostered = roster.take_posted(organization, post.people, changed, now=now)
    known = {person.pk: newest_before.get(employee) for employee, person in post.people.items()}
    retelling = Retelling()
    retelling.by_records(changed, known)
    retelling.by_shifts(schedule.rework(rostered.people, rostered.times, now=now), rostered.people.values())
    retold = timeline.retell(organization, retelling, now=now)
    moved = movements.seen(retold, {person.pk: person for person in post.people.values()})
    times = [record.time for record in changed] + ([] if post.as_of is None else [post.as_of])
    departments, concerned = {record.department_id for record in changed}, {record.person_id for record in changed}
    _announce(post, moved, departments, concerned, at=max(times, default=None), now=now)
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
    stored = roster.find(organization, [row["shift_id"] for row in post.rows.values()])
    for index in [index for index, row in post.rows.items() if roster.beside(stored.get(row["shift_id"]), within)]:
        del post.rows[index]
        post.done.errors[index] = {"shift_id": ["In use, or not yours."]}
    if atomic and post.done.errors:
        transaction.set_rollback(True)
        return Ingested(errors=post.done.errors)
    _introduce(post)
    settled = roster.settle(organization, post.people, post.rows, stored, now=now)
    post.done.results |= {index: RowResult(result, shift) for index, (result, shift) in settled.results.items()}
    retelling = Retelling()
    retelling.by_shifts(schedule.rework(settled.people, settled.times, now=now), settled.people.values())
    timeline.retell(organization, retelling, now=now)
    at = now if settled.touches(now) else post.as_of
    if post.as_of is not None and at is not None:
        at = max(at, post.as_of)
    _announce(post, [], settled.departments, settled.people.keys(), at=at, now=now)
    return _end(post, dry_run=dry_run)


def current_attendance_stats(*, organization_id: str, at: datetime) -> dict[str, Counts]:
    """How many stand how at an instant (DOMAIN 3.7), by department; '' is the organization. One statement."""
    return stands.counts(organization_id, at=micros(at))


@transaction.atomic
def refresh(*, organization_id: str, now: datetime) -> int:
    """Time passes without posts: who is not there becomes late, absent, no show. How many scopes have news by it.

    An organization is left alone while nobody is on duty and its figures are older than a day: its feed replays the
    past, or has ended, and figures of today would only be in its way.
    """
    levels = {scope.department_id: scope for scope in selectors.levels(organization_id)}
    as_of = _lock(levels[""], now)
    if (as_of is not None and as_of >= now) or not selectors.is_live(organization_id, as_of=as_of, now=now):
        return 0
    news = currents.renew(levels.values(), at=now, now=now)
    dirty.mark(news, now=now)
    _publish([], news)
    return len(news)


def purge(*, now: datetime) -> int:
    """Forget what is older than KEPT and came in before that: a replay of long ago may be looked at for as long."""
    limit = now - KEPT
    gone = 0
    for old in selectors.older_than(limit):
        gone += old.delete()[0]
    return gone


def _lock(organization: Scope, now: datetime) -> datetime | None:
    """Wait for other writers and return the time of the newest figures."""
    row = currents.lock(organization)
    upgrade.bring_up_to_date(row, organization, now=now)
    return row.time


def _begin(organization: Organization, rows: Mapping[int, Row], within: frozenset[str] | None, now: datetime) -> _Post:
    """Find departments and people, wait for other writers, and refuse the rows that cannot be stored."""
    names = {index: (row["department_id"], "") for index, row in rows.items()}
    resolved = resolve_scopes(organization, list(names.values()), create=True, within=within)
    done = Ingested(errors={index: resolved.errors[name] for index, name in names.items() if name in resolved.errors})
    as_of = _lock(resolved.levels[""], now) if len(done.errors) < len(rows) else None
    known = people.known(organization, rows.values())
    post = _Post(organization, resolved.levels, {}, known, as_of, done, resolved, names)
    for index, row in rows.items():
        person = known.get(row["employee_id"])
        if people.beside(person, within):
            done.errors.setdefault(index, {"employee_id": ["Unknown, or not yours."]})
        if index not in done.errors:
            home = "" if person is None else person.department_id
            post.rows[index] = {**row, "department_id": row["department_id"] or home}
    return post


def _order(each: tuple[int, Row]) -> tuple[datetime, int]:
    """Shifts begin when they begin; a record is of its time."""
    index, row = each
    return row.get("time") or row["start"], index


def _introduce(post: _Post) -> None:
    """Make the people who are named for the first time, and learn what rows say of who they are."""
    news: dict[str, Person] = {}
    for _, row in sorted(post.rows.items(), key=_order):
        employee_id = row["employee_id"]
        person = post.people.get(employee_id)
        if person is None:
            person = post.people[employee_id] = Person(organization=post.organization, employee_id=employee_id)
            news[employee_id] = person
        if people.describe(person, row):
            news[employee_id] = person
    people.save(news.values())


def _announce(
    post: _Post,
    moved: Sequence[movements.Movement],
    departments: Collection[str],
    concerned: Collection[int],
    *,
    at: datetime | None,
    now: datetime,
) -> None:
    """Publish who came and went and the figures that are news; of these departments something was posted."""
    posted = {post.levels[code] for code in departments if code in post.levels}
    if posted:
        posted.add(post.levels[""])
    news: dict[Scope, Snapshot] = {}
    if at is not None and posted:
        news = currents.renew(post.levels.values(), posted=posted, at=at, now=now)
        dirty.mark({*posted, *news, *selectors.queues_of(concerned, at=at)}, now=now)
    whole = post.levels[""]
    events = [(post.levels.get(each.department_id, whole), each.payload) for each in moved]
    refs = _publish(events, news)
    for result in post.done.results.values():
        if result.result in ("created", "corrected", "late"):
            scope = post.levels.get(result.stored.department_id)
            result.event = refs.get(scope) if scope in refs else refs.get(whole)


def _publish(moved: Sequence[tuple[Scope, Builder]], news: Mapping[Scope, Snapshot]) -> dict[Scope | None, EventRef]:
    """The places of the figures of each scope."""
    updates = [(scope, partial(AttendanceChanged.of, row, scope)) for scope, row in news.items()]
    if not moved and not updates:
        return {}
    refs = publish("attendance", [*moved, *updates])
    return dict(zip(news, refs[len(moved) :], strict=True))


def _end(post: _Post, *, dry_run: bool) -> Ingested:
    names = {index: post.names[index] for index in post.done.results}
    for index, warnings in post.resolved.news(names, dry_run=dry_run).items():
        post.done.results[index].warnings += warnings
    if dry_run:
        transaction.set_rollback(True)
        for result in post.done.results.values():
            result.event = None
    return post.done
