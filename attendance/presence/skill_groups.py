"""People by the queues that they serve: heads at an instant, and scheduled working time. A person is one head."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Q

from attendance.choices import AWAY_STATUSES, PRESENT_STATUSES, AttendanceStatus, ShiftKind
from attendance.microseconds import to_instant, to_microseconds
from attendance.models import ScheduledPeriod, StatusPeriod
from attendance.presence import shift_pieces
from attendance.presence.chains import JOIN_WITHIN
from attendance.presence.intervals import EARLY_CHECK_IN, EXPIRES_AFTER, HOUR, Interval, subtract, union
from attendance.presence.shift_pieces import Serves, ShiftPiece, served

_DAY = 24 * HOUR
_AROUND = timedelta(hours=12)


class SkillGroup(NamedTuple):
    """People who serve the same queues at an instant, each counted once.

    `scheduled` are to work now by their shifts and not away; `available` are present and neither on break nor in
    training.
    """

    serves: Serves
    scheduled: int
    available: int


class GroupSpan(NamedTuple):
    """Scheduled working time of one person. `breaks_published`: her breaks are cut out of it already."""

    serves: Serves
    start: datetime
    end: datetime
    breaks_published: bool


class ComingBreak(NamedTuple):
    """A published break that has not begun, of a person at work who serves these queues."""

    serves: Serves
    start: datetime
    end: datetime


# --- heads at an instant ---------------------------------------------------------------------------------------------
def skill_groups(organization_id: str, *, at: datetime) -> list[SkillGroup]:
    """Return the groups of an instant in three queries; the counts of all groups add up to distinct people."""
    pieces = shift_pieces.load(organization_id, at, at + timedelta(microseconds=1))
    working, latest = _working_times(organization_id, at), _latest_status_periods(organization_id, to_microseconds(at))
    heads: dict[Serves, list[int]] = {}
    for person in sorted(working.keys() | latest.keys()):
        found = _head(pieces.get(person, ()), working.get(person, ()), latest.get(person), to_microseconds(at))
        if found is not None:
            serves, scheduled, available = found
            counted = heads.setdefault(serves, [0, 0])
            counted[0] += scheduled
            counted[1] += available
    return [SkillGroup(serves, *heads[serves]) for serves in sorted(heads, key=sorted)]


def _head(
    pieces: Collection[ShiftPiece], working: Collection[Interval], period: StatusPeriod | None, at: int
) -> tuple[Serves, bool, bool] | None:
    """Return what one person serves, whether she is scheduled and whether she is available; None if she is neither."""
    covering = [time for time in working if time.starts <= at < time.ends]
    present = period is not None and period.ends > at and period.status in PRESENT_STATUSES
    ready = present and period is not None and period.status == AttendanceStatus.PRESENT
    if not covering:
        return _unscheduled(working, period, at, ready=ready) if present and period is not None else None
    if period is not None and period.status in AWAY_STATUSES and period.ends > min(covering).starts:
        return None
    serves = served(pieces)
    if not serves:
        return None
    return serves, True, ready and all(piece.kind == ShiftKind.WORK for piece in pieces)


def _unscheduled(
    working: Collection[Interval], period: StatusPeriod, at: int, *, ready: bool
) -> tuple[Serves, bool, bool] | None:
    """Return the head of a person who is present without a shift, neither early for one nor staying longer."""
    came_at = at if period.came_at is None else period.came_at
    near = (time for time in working if time.starts <= min(at + EARLY_CHECK_IN, came_at + JOIN_WITHIN))
    if not period.department_id or any(time.ends > came_at for time in near):
        return None
    return frozenset([(period.department_id, "")]), False, ready


def _working_times(organization_id: str, at: datetime) -> dict[int, list[Interval]]:
    """Return scheduled periods near the instant by person, without leave."""
    time = to_microseconds(at)
    rows = ScheduledPeriod.objects.filter(
        organization=organization_id,
        of_organization=True,
        on_leave=False,
        starts__lte=time + EARLY_CHECK_IN,
        ends__gt=time - EXPIRES_AFTER,
    )
    found: dict[int, list[Interval]] = {}
    for person, starts, ends in rows.values_list("person_id", "starts", "ends"):
        found.setdefault(person, []).append(Interval(starts, ends))
    return found


def _latest_status_periods(organization_id: str, at: int) -> dict[int, StatusPeriod]:
    """Return the status period of each person that covers the instant, else her leave of the last day."""
    recent = Q(ends__gt=at) | Q(ends__gt=at - _DAY, status__in=AWAY_STATUSES)
    rows = StatusPeriod.objects.filter(recent, organization=organization_id, starts__lte=at).order_by("starts")
    fields = ("id", "person_id", "department_id", "status", "starts", "ends", "came_at")
    return {row.person_id: row for row in rows.only(*fields)}


def coming_breaks(organization_id: str, *, at: datetime, until: datetime) -> list[ComingBreak]:
    """Return the breaks that begin in [at, until) of people who are available at `at`, in three queries."""
    asked, instant = Interval(to_microseconds(at), to_microseconds(until)), to_microseconds(at)
    working, latest = _working_times(organization_id, at), _latest_status_periods(organization_id, instant)
    found: list[ComingBreak] = []
    for person, pieces in shift_pieces.load(organization_id, at, until).items():
        now = [piece for piece in pieces if piece.time.starts <= instant < piece.time.ends]
        head = _head(now, working.get(person, ()), latest.get(person), instant)
        if head is not None and head[2]:
            breaks = [piece.time for piece in pieces if piece.kind == ShiftKind.BREAK]
            coming = [time for time in breaks if asked.starts <= time.starts < asked.ends]
            found += [ComingBreak(head[0], to_instant(time.starts), to_instant(time.ends)) for time in coming]
    return sorted(found, key=lambda each: (each.start, each.end))


# --- scheduled working time ------------------------------------------------------------------------------------------
def group_spans(
    organization_id: str,
    *,
    since: datetime,
    until: datetime,
    department_id: str | None = None,
    queue_name: str | None = None,
) -> list[GroupSpan]:
    """Return the working time that meets [since, until), without breaks, training and leave, in one query.

    A person has one span at a time, which serves the queues of all her shifts of that time. A department and a queue
    select the spans that serve one of them; the spans still name all queues that they serve.
    """
    asked = Interval(to_microseconds(since), to_microseconds(until))
    found: list[GroupSpan] = []
    for pieces in shift_pieces.load(organization_id, since - _AROUND, until + _AROUND).values():
        published = any(piece.kind == ShiftKind.BREAK for piece in pieces)
        for serves, time in _spans(pieces):
            if time.overlaps(asked) and _selected(serves, department_id, queue_name):
                found.append(GroupSpan(serves, to_instant(time.starts), to_instant(time.ends), published))
    return sorted(found, key=lambda span: (span.start, span.end))


def _spans(pieces: Collection[ShiftPiece]) -> Iterator[tuple[Serves, Interval]]:
    """Yield stretches of one person's work that serve the same queues."""
    work = [piece for piece in pieces if piece.kind == ShiftKind.WORK]
    free = subtract(
        union(piece.time for piece in work), [piece.time for piece in pieces if piece.kind != ShiftKind.WORK]
    )
    parts: list[tuple[Serves, Interval]] = []
    if len({piece.serves for piece in work}) == 1:  # the usual case, for the sake of speed
        yield from ((work[0].serves, time) for time in free)
        return
    for whole in free:
        for time in _cut(whole, (edge for piece in work for edge in piece.time)):
            serves = served([piece for piece in work if piece.time.overlaps(time)])
            joins = bool(parts) and parts[-1][0] == serves and parts[-1][1].ends == time.starts
            starts = parts.pop()[1].starts if joins else time.starts
            parts.append((serves, Interval(starts, time.ends)))
    yield from parts


def _cut(whole: Interval, edges: Iterable[int]) -> Iterator[Interval]:
    inner = {edge for edge in edges if whole.starts < edge < whole.ends}
    yield from (Interval(*pair) for pair in pairwise(sorted({*whole, *inner})))


def _selected(serves: Serves, department_id: str | None, queue_name: str | None) -> bool:
    return any(department_id in (None, code) and queue_name in (None, name) for code, name in serves)
