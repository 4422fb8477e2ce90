"""The newest figure of each scope: locked before anything newer is worked out, and what history remembers."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from intraday.org.models import Scope
from kpi.figures import Baseline, Figure
from kpi.models import CurrentKPI, KPISnapshot
from kpi.sums import Part

BASELINE_WITHIN = timedelta(minutes=15)
QUARTER = timedelta(minutes=15)
KEPT = timedelta(hours=48)
KEPT_OF_EACH_QUARTER = timedelta(days=35)
"""Of figures every few seconds two days are kept; the first of each quarter of an hour for five weeks."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_encode = msgspec.json.Encoder().encode
_part = msgspec.json.Decoder(Part)


def lock(scopes: Collection[Scope]) -> dict[int, CurrentKPI]:
    """The current rows of these scopes, made where missing, locked until commit, all in the order of scopes."""
    wanted = {scope.pk for scope in scopes}
    missing = wanted.difference(CurrentKPI.objects.filter(scope__in=wanted).values_list("scope_id", flat=True))
    if missing:
        CurrentKPI.objects.bulk_create([CurrentKPI(scope_id=pk) for pk in sorted(missing)], ignore_conflicts=True)
    rows = CurrentKPI.objects.select_for_update().filter(scope__in=wanted).order_by("scope_id")
    return {row.scope_id: row for row in rows}


def parts(scopes: Collection[Scope]) -> dict[int, Part]:
    """What these queues, as last worked out, add to the levels above them."""
    rows = CurrentKPI.objects.filter(scope__in=[scope.pk for scope in scopes]).exclude(sums="")
    return {pk: _part.decode(text) for pk, text in rows.values_list("scope_id", "sums")}


def baseline(row: CurrentKPI, at: datetime) -> Baseline | None:
    """The newest figure before that instant, for one that is not older than the newest. The row knows two: the newest
    may be of this very instant."""
    for time, *point in row.points:
        then = datetime.fromisoformat(time)
        if then < at:
            return Baseline(then, point) if at - then <= BASELINE_WITHIN else None
    return None


class Past(NamedTuple):
    """What the history knows about an instant of a scope that is older than its newest."""

    snapshot_id: UUID | None
    baseline: Baseline | None


def past(scopes: Iterable[Scope], at: datetime) -> dict[int, Past]:
    rows = KPISnapshot.objects.filter(
        scope__in=[scope.pk for scope in scopes], time__gte=at - BASELINE_WITHIN, time__lte=at
    )
    found: dict[int, Past] = {}
    for scope_id, pk, time, figure in rows.order_by("time").values_list("scope_id", "pk", "time", "figure"):
        before = found.get(scope_id, Past(None, None))
        found[scope_id] = Past(pk, before.baseline) if time == at else Past(None, Baseline(time, _point_of(figure)))
    return found


class _Utilization(msgspec.Struct):
    current_utilization: float | None


class _Gap(msgspec.Struct):
    gap: int | None


class _Risk(msgspec.Struct):
    risk_score: float | None


class _Point(msgspec.Struct):
    utilization: _Utilization
    headcount_gap: _Gap
    sla_risk: _Risk
    health_score: float | None


_decode_point = msgspec.json.Decoder(_Point)


def _point_of(figure: str) -> Sequence[float | None]:
    found = _decode_point.decode(figure)
    return (
        found.utilization.current_utilization,
        found.headcount_gap.gap,
        found.sla_risk.risk_score,
        found.health_score,
    )


def advance(row: CurrentKPI, found: Figure, snapshot: KPISnapshot, *, saved_at: datetime) -> None:
    """Make this figure the scope's newest."""
    before = [point for point in row.points if datetime.fromisoformat(point[0]) < found.at]
    row.points = [[found.at.isoformat(), *found.point], *before][:2]
    row.time, row.as_of, row.fresh_until = found.at, found.part.as_of, found.part.fresh_until
    row.snapshot_id, row.figure, row.saved_at = snapshot.pk, snapshot.figure, saved_at
    row.idle = found.part.idle
    row.sums = _encode(found.part).decode() if found.scope.queue_name else ""


def expires_at(row: CurrentKPI, at: datetime, now: datetime) -> datetime:
    """When the history forgets a figure of this instant, worked out now."""
    first = row.time is None or (row.time - EPOCH) // QUARTER != (at - EPOCH) // QUARTER
    return now + (KEPT_OF_EACH_QUARTER if first else KEPT)


def save(snapshots: Collection[KPISnapshot], rows: Collection[CurrentKPI]) -> None:
    if snapshots:
        KPISnapshot.objects.bulk_create(
            snapshots, update_conflicts=True, unique_fields=["scope", "time"], update_fields=["figure"]
        )
    if rows:
        CurrentKPI.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["scope"], update_fields=_CURRENT_FIELDS
        )


_CURRENT_FIELDS = [field.name for field in CurrentKPI._meta.fields if field.name != "scope"]
