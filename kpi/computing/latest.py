"""The newest figure of each scope: locked before anything newer is worked out, and what history remembers."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog
from django.conf import settings

from intraday.clock.database import clock
from intraday.database import many_rows
from intraday.org.models import Scope
from kpi.events import KPIChanged
from kpi.models import CurrentKPI, KPISnapshot
from kpi.pipeline.figure import Figure, Point, point_of
from kpi.pipeline.part import Part
from kpi.pipeline.state import Memory, State

log = structlog.get_logger(__name__)

QUARTER = timedelta(minutes=15)
KEPT = timedelta(hours=48)
"""Retention of figures: all of two days, and for KEEP_DETAIL the first of each quarter of an hour."""
AHEAD = timedelta(minutes=10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


VERSION = 2
"""Version of memos: raise it when a struct inside changes. A memo of another version counts as absent."""


class Memo(msgspec.Struct, array_like=True):
    """The newest figure of a scope and the one before it, the memory of its state, and a queue's part and state."""

    version: int = VERSION
    points: list[Point] = []
    memory: Memory | None = None
    part: Part | None = None
    state: State | None = None


class _Versioned(msgspec.Struct, array_like=True):
    version: Any


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Memo).decode
_version = msgspec.json.Decoder(_Versioned).decode


def memo(row: CurrentKPI) -> Memo:
    return decode(row.run_memo, row.time)


def decode(text: bytes | memoryview | None, time: datetime | None) -> Memo:
    """Decode a memo; a damaged one counts as absent. After a newer figure that another version of the software stored,
    only its memory still holds."""
    try:
        if not text or _version(text).version != VERSION:
            return Memo()
        found = _decode(text)
    except msgspec.MsgspecError as error:
        log.warning("memo_unreadable", error=str(error), at=None if time is None else time.isoformat())
        return Memo()
    return found if found.points and found.points[0].time == time else Memo(memory=found.memory)


def lock(scopes: Collection[Scope], *, now: datetime) -> dict[int, CurrentKPI]:
    """The current rows of these scopes, made where missing, locked until commit, all in the order of scopes.

    A figure of an instant that is still to come was worked out by a process whose clock was ahead: it counts as absent,
    or nothing newer would become current until then.
    """
    wanted = {scope.pk for scope in scopes}
    missing = wanted.difference(CurrentKPI.objects.filter(scope__in=wanted).values_list("scope_id", flat=True))
    if missing:
        CurrentKPI.objects.bulk_create([CurrentKPI(scope_id=pk) for pk in sorted(missing)], ignore_conflicts=True)
    rows = CurrentKPI.objects.select_for_update().filter(scope__in=wanted).order_by("scope_id")
    found, latest_possible = {row.scope_id: row for row in rows}, max(now, clock.now()) + AHEAD
    for row in found.values():
        if row.time is not None and row.time > latest_possible:
            log.warning("figure_of_the_future_replaced", scope_id=row.scope_id, time=row.time.isoformat())
            row.time = None
    return found


def load_parts(scopes: Collection[Scope]) -> dict[int, tuple[Part, State]]:
    """The parts and states of these queues as last worked out; without those that no memo of today's version has."""
    rows = CurrentKPI.objects.filter(scope__in=[scope.pk for scope in scopes], time__isnull=False)
    memos = {pk: decode(text, time) for pk, text, time in rows.values_list("scope_id", "run_memo", "time")}
    found = ((pk, each.part, each.state) for pk, each in memos.items())
    return {pk: (part, state) for pk, part, state in found if part is not None and state is not None}


def baseline(row: CurrentKPI, at: datetime, within: timedelta) -> Point | None:
    """The newest figure before that instant, for one that is not older than the newest. The row knows two: the newest
    may be of this very instant."""
    earlier = [point for point in memo(row).points if point.time < at]
    return earlier[0] if earlier and at - earlier[0].time <= within else None


class StoredFigure(NamedTuple):
    """A figure as it was stored."""

    snapshot_id: UUID
    saved_at: datetime
    figure: bytes | memoryview


class Before(NamedTuple):
    """An instant of a scope: the figure that was stored for it, and the one before it."""

    stored: StoredFigure | None = None
    baseline: Point | None = None


def before(row: CurrentKPI, at: datetime, within: timedelta) -> Before:
    """Return the figures before an instant that is not older than the scope's newest figure."""
    stored = None
    if row.time == at and row.snapshot_id is not None and row.saved_at is not None:
        stored = StoredFigure(row.snapshot_id, row.saved_at, row.figure)
    return Before(stored, baseline(row, at, within))


def late_before(scopes: Iterable[Scope], at: datetime, within: timedelta) -> dict[int, Before]:
    """Return the figures before an instant that is older than the newest, from the history."""
    rows = KPISnapshot.objects.filter(scope__in=[scope.pk for scope in scopes], time__gte=at - within, time__lte=at)
    found: dict[int, Before] = {}
    for row in rows.order_by("time"):
        if row.time == at:
            stored = StoredFigure(row.pk, row.saved_at, row.figure)
            found[row.scope_id] = found.get(row.scope_id, Before())._replace(stored=stored)
        else:
            found[row.scope_id] = Before(baseline=_point_of(row.time, row.figure))
    return found


def _point_of(time: datetime, figure: bytes | memoryview) -> Point:
    told = msgspec.json.decode(figure, type=KPIChanged)
    return point_of(time, told.utilization, told.headcount_gap, told.sla_risk, told.health_score)


def advance(row: CurrentKPI, found: Figure[Scope], snapshot: KPISnapshot) -> str:
    """Make this figure the scope's newest; return the level of its state before, '' where nothing was known."""
    before = memo(row)
    earlier = [point for point in before.points if point.time < found.at]
    points = [found.point, *earlier][:2]
    of_queue = bool(found.scope.queue_name)
    row.run_memo = _encode(
        Memo(
            points=points,
            memory=found.memory,
            part=found.part if of_queue else None,
            state=found.state if of_queue else None,
        )
    )
    row.time, row.as_of, row.fresh_until = found.at, found.part.as_of, found.part.fresh_until
    row.snapshot_id, row.figure, row.saved_at = snapshot.pk, snapshot.figure, snapshot.saved_at
    row.idle = found.part.idle
    return "" if before.memory is None else before.memory.level


def expires_at(row: CurrentKPI, at: datetime, now: datetime) -> datetime:
    """Return the time at which the history drops a figure of this instant that is computed now."""
    first = row.time is None or (row.time - EPOCH) // QUARTER != (at - EPOCH) // QUARTER
    return now + (settings.KEEP_DETAIL if first else KEPT)


def save(snapshots: Sequence[KPISnapshot], rows: Sequence[CurrentKPI]) -> None:
    many_rows.upsert(snapshots, unique=["scope", "time"], update=["figure", "saved_at"])
    many_rows.upsert(rows, unique=["scope"], update=_CURRENT_FIELDS)


_CURRENT_FIELDS = [field.name for field in CurrentKPI._meta.fields if field.name not in ("scope", "memo")]
