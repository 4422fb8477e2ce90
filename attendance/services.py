"""Write attendance: store what feeds report, derive periods, publish check-ins; count people, publish the figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction

from attendance import selectors
from attendance.counting import latest, turns, uncounted
from attendance.events import AttendanceChanged
from attendance.ingest import people, records, shifts, states
from attendance.ingest.rows import PersonRow
from attendance.ingest.rows import RecordRow as RecordRow
from attendance.ingest.rows import ShiftRow as ShiftRow
from attendance.ingest.rows import StateRow as StateRow
from attendance.microseconds import to_instant
from attendance.models import AttendanceSettings, CurrentAttendance, Person, Shift, Snapshot, UncountedPost
from attendance.presence import derivation, stored_scheduled_periods, stored_status_periods
from attendance.presence.check_events import CheckEvent, new_check_events
from attendance.presence.stored_status_periods import Rederivation, StatusPeriodChange
from attendance.retention import purge as purge
from intraday.audit import services as audit
from intraday.background.work import BackgroundWork
from intraday.clock.database import clock
from intraday.ingest.posts import Ingested, Post, RowResult
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.scope_names import Resolved
from realtime.publish import publish

AHEAD = timedelta(minutes=10)
COUNT_SECONDS = 0.15
"""The time after a commit until the figures follow; all posts of that time are counted together."""
R = TypeVar("R", bound=PersonRow)


@dataclass
class _Work(Generic[R]):
    """A post at work, while it holds the locks of its people."""

    post: Post[R]
    done: Ingested
    resolved: Resolved
    as_of: datetime | None
    """The time of the organization's figures."""
    rows: dict[int, R]
    """The rows that can be stored, with the departments of their people."""
    people: dict[str, Person] = field(default_factory=dict)
    """The people of the rows by employee id, locked."""

    @property
    def levels(self) -> Mapping[str, Scope]:
        """The scopes that have figures by department, '' being the organization."""
        return self.resolved.levels

    def end(self) -> Ingested:
        self.post.warn_of_new_scopes(self.resolved, self.done)
        return self.post.end(self.done)


@transaction.atomic
def ingest(post: Post[RecordRow]) -> Ingested:
    """Store records; publish check-ins and check-outs. The figures follow soon (`recount`)."""
    work, now = _begin(post), post.now
    _take_people(work)
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
    departments, concerned = {record.department_id for record in changed}, {record.person_id for record in changed}
    _note_changes(work, departments, concerned, at=max((record.time for record in changed), default=None))
    _publish_check_events(work, events, {index: record.person_id for index, (_, record) in classified.results.items()})
    return work.end()


@transaction.atomic
def ingest_shifts(post: Post[ShiftRow]) -> Ingested:
    """Store pieces of the published schedule. The figures follow soon (`recount`)."""
    work, now = _begin(post), post.now
    turns.change_shifts_alone(work.levels[""])
    stored = shifts.load(post.organization, [row.shift_id for row in work.rows.values()])
    for index in [i for i, row in work.rows.items() if shifts.is_foreign(stored.get(row.shift_id), post.within)]:
        del work.rows[index]
        work.done.errors[index] = {"shift_id": ["This id is in use, or belongs to another organization."]}
    _take_people(work, stored.values())
    if post.is_refused(work.done):
        return work.done
    _save_people(work)
    classified = shifts.classify(post.organization, work.people, work.rows, stored, now=now)
    for index, (result, shift) in classified.results.items():
        name = {"shift_id": shift.shift_id}
        work.done.results[index] = RowResult(result, shift.start, (shift.department_id, ""), name)
    _rederive(post.organization, Rederivation(), classified, now)
    at = now if classified.affects(now) else None
    _note_changes(work, classified.departments, classified.people.keys(), at=at)
    return work.end()


@transaction.atomic
def ingest_states(post: Post[StateRow]) -> Ingested:
    """Store states of agents. The figures follow soon (`recount`)."""
    work, now = _begin(post), post.now
    _take_people(work)
    if post.is_refused(work.done):
        return work.done
    _save_people(work)
    classified = states.classify(work.people, work.rows, now=now)
    for index, (result, state) in classified.results.items():
        name = {"state_id": str(state.pk)}
        work.done.results[index] = RowResult(result, to_instant(state.starts), (state.department_id, ""), name)
    changed = classified.changed.values()
    departments, concerned = {state.department_id for state in changed}, {state.person_id for state in changed}
    _note_changes(work, departments, concerned, at=max((to_instant(each.starts) for each in changed), default=None))
    return work.end()


def _rederive(
    organization: Organization, rederivation: Rederivation, classified: shifts.Classification, now: datetime
) -> dict[int, StatusPeriodChange]:
    """Derive scheduled periods from changed shifts, then status periods from these and from changed records."""
    since = stored_scheduled_periods.rederive(classified.people, classified.times, now=now)
    rederivation.add_shifts(since, classified.people.values())
    return stored_status_periods.rederive(organization, rederivation, now=now)


@transaction.atomic
def save_settings(settings: AttendanceSettings) -> None:
    """Raises django.core.exceptions.ValidationError."""
    settings.full_clean(validate_unique=False)
    before = audit.stored(settings)
    settings.save()
    audit.record(
        "attendance_settings.saved",
        organization_id=settings.organization_id,
        before=before,
        after=audit.fields_of(settings),
    )


@transaction.atomic
def remove_settings(organization_ids: Collection[str]) -> None:
    """Remove settings of organizations; the defaults hold from now on."""
    for organization_id in organization_ids:
        audit.record("attendance_settings.removed", organization_id=organization_id)
    AttendanceSettings.objects.filter(pk__in=organization_ids).delete()


@transaction.atomic
def recount(*, organization_id: str, now: datetime) -> int:
    """Publish the figures of all posts that no figure counts yet; return how many scopes have news.

    Each process that takes posts does it soon after their commit, for all of them at once; the one that comes first
    does it for the others. The notes of the posts tell what is due, so that the next job over new facts makes good what
    a process that died has left.
    """
    if not uncounted.is_any(organization_id):
        return 0
    levels = _levels(organization_id)
    as_of = turns.count_alone(levels[""]).time
    notes = uncounted.load(organization_id)
    times = [each.at for each in notes if each.at is not None] + ([] if as_of is None else [as_of])
    news: dict[Scope, Snapshot] = {}
    if notes and times:
        noted = {each.scope_id for each in notes}
        posted = {scope for code, scope in levels.items() if not code or scope.pk in noted}
        news = latest.recount(levels.values(), posted=posted, at=max(times), now=now)
    _publish(news, now=now, counted=notes)
    return len(news)


def _recount_soon(organization_id: str) -> None:
    recount(organization_id=organization_id, now=clock.now())


recounts = BackgroundWork("attendance-levels", _recount_soon, delay=COUNT_SECONDS)


@transaction.atomic
def refresh(*, organization_id: str, now: datetime) -> int:
    """Recount as time passes without posts: missing people become absent. Return how many scopes have news.

    An organization is left alone while nobody is scheduled and its figures are older than a day: its feed replays the
    past, or has ended, and figures of today would only disturb it.
    """
    levels = _levels(organization_id)
    _bring_up_to_date(levels[""], now)
    as_of = turns.count_alone(levels[""]).time
    newest = as_of is not None and now <= as_of <= now + AHEAD  # one further ahead came of a clock that was wrong
    if newest or not selectors.is_live(organization_id, as_of=as_of, now=now):
        return 0
    news = latest.recount(levels.values(), at=now, now=now)
    _publish(news, now=now)
    return len(news)


def _levels(organization_id: str) -> dict[str, Scope]:
    return {scope.department_id: scope for scope in selectors.levels(organization_id)}


def _publish(news: Mapping[Scope, Snapshot], *, now: datetime, counted: Sequence[UncountedPost] = ()) -> None:
    """Publish figures that are news; the notes of what they count go with them."""
    dirty.mark(news, now=now)
    uncounted.remove(counted)
    if news:
        publish("attendance", [(scope, partial(AttendanceChanged.of, row, scope)) for scope, row in news.items()])


def _bring_up_to_date(organization: Scope, now: datetime) -> CurrentAttendance:
    """Derive the periods of all people again, alone, where an upgrade asks for it; return the organization's row."""
    row = turns.read(organization)
    if row is not None and not derivation.is_due(row, organization.organization_id):
        return row
    row = turns.be_alone(organization)
    derivation.bring_up_to_date(row, organization.organization, now=now)
    return row


def _begin(post: Post[R]) -> _Work[R]:
    """Find departments, and let nobody change the periods of the whole organization meanwhile."""
    done = Ingested()
    resolved = post.resolve(done)
    rows = {index: row for index, row in post.rows.items() if index not in done.errors}
    as_of = None
    if rows:
        row = _bring_up_to_date(resolved.levels[""], post.now)
        turns.share(row)
        as_of = row.time
    return _Work(post, done, resolved, as_of, rows)


def _take_people(work: _Work[R], of_shifts: Collection[Shift] = ()) -> None:
    """Lock the people of the rows and of these shifts; refuse the rows of foreign people."""
    ids = {row.employee_id for row in work.rows.values()} | {shift.person.employee_id for shift in of_shifts}
    work.people = people.lock(work.post.organization, ids)
    for shift in of_shifts:
        shift.person = work.people[shift.person.employee_id]
    for index, row in list(work.rows.items()):
        person = work.people[row.employee_id]
        if people.is_foreign(person, work.post.within):
            del work.rows[index]
            work.done.errors[index] = {"employee_id": ["There is no such person in your departments."]}
        else:
            work.rows[index] = replace(row, department_id=row.department_id or person.department_id)


def _save_people(work: _Work[R]) -> None:
    """Take over names, departments and sites of people from rows."""
    changed: dict[str, Person] = {}
    for _, row in sorted(work.rows.items(), key=lambda each: (each[1].begins, each[0])):
        person = work.people[row.employee_id]
        if people.update(person, row):
            changed[row.employee_id] = person
    people.save(changed.values())


def _note_changes(
    work: _Work[R], departments: Collection[str], concerned: Collection[int], *, at: datetime | None
) -> None:
    """Note that figures of `at` are due for these departments, and mark what else follows from these people."""
    posted = {work.levels[code] for code in departments if code in work.levels}
    if not posted:
        return
    due = max((time for time in (at, work.as_of) if time is not None), default=None)
    if due is not None:
        whole, now = work.levels[""], work.post.now
        dirty.mark({whole, *posted, *selectors.queues_of(concerned, at=due)}, now=now)
    uncounted.note(posted, at=at)
    # Before the answer where days have ended: a log that is replayed faster than time passes would leave instants out.
    past = at is not None and due is not None and _is_past(work.post, due)
    follow = recounts.do if past else recounts.ask
    transaction.on_commit(partial(follow, work.post.organization.pk), robust=True)


def _is_past(post: Post[R], time: datetime) -> bool:
    """Tell whether this is an earlier day than that of the post."""
    zone = ZoneInfo(post.organization.time_zone)
    return time.astimezone(zone).date() < post.now.astimezone(zone).date()


def _publish_check_events(work: _Work[R], events: Sequence[CheckEvent], person_of: Mapping[int, int]) -> None:
    """Publish check-ins and check-outs; each row that told news has the place of its person's newest one."""
    if not events:
        return
    whole = work.levels[""]
    refs = publish("attendance", [(work.levels.get(each.department_id, whole), each.payload) for each in events])
    places = {each.person_id: ref for each, ref in zip(events, refs, strict=True)}
    for index, result in work.done.results.items():
        if result.result in ("created", "corrected", "late"):
            result.event = places.get(person_of[index])
