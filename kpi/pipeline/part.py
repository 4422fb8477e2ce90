"""Totals of a scope and the trust that they deserve: of a queue, and rolled up to the levels above. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, structs

from intraday.values import cadence
from kpi import formulas
from kpi.pipeline.demand import Demand
from kpi.pipeline.heads import Heads
from kpi.pipeline.inputs import Drop, Interval
from kpi.pipeline.measured import Measured, judged
from kpi.pipeline.totals import CONTACTS, Totals, add, of_callers

REMEMBERED = timedelta(days=1)
"""The time for which a feed that fell silent counts as stale; later it counts as none."""
LEAST_JUDGED = 8
"""Contacts from which an interval's measured service level says something (DOMAIN 3.14)."""
Quality = Literal["ok", "partial", "suspect", "stale", "no_data"]


class Part(Struct, array_like=True):
    """A scope at an instant. `shortfall` is in points under the target, of the newest interval that says something;
    `decided` is whether that interval is over. `compliance` is the backlog's, 0-100; `deferred` holds the totals of
    deferred queues inside a level."""

    totals: Totals
    quality: Quality
    as_of: datetime | None = None
    fresh_until: datetime | None = None
    closed_until: datetime | None = None
    why: dict[str, str] = {}
    is_deferred: bool = False
    drop: Drop | None = None
    volume_judged: bool = False
    shortfall: float | None = None
    judged: float = 0.0
    compliance: float | None = None
    deferred: Totals | None = None
    deferred_queues: int = 0
    decided: bool = False

    @property
    def idle(self) -> str:
        """The reason why nothing is to be told again and again; empty where there is something."""
        if self.closed_until is not None:
            return f"closed until {self.closed_until.isoformat()}"
        return "no data" if self.quality == "no_data" else ""


def part_of(
    measured: Measured, demand: Demand, totals: Totals, drop: Drop | None, *, volume_judged: bool = False
) -> Part:
    queue = measured.inputs.queue
    as_of, fresh_until = _freshness(measured)
    closed_until = queue.closed_until
    shortfall, counted, decided = (None, 0.0, False) if queue.rules.deferred else _shortfall(measured)
    return Part(
        totals=totals,
        quality="ok" if closed_until else _quality(measured, totals, as_of, fresh_until, drop),
        as_of=as_of,
        fresh_until=fresh_until,
        closed_until=closed_until,
        why=_why(measured, demand, totals),
        is_deferred=queue.rules.deferred,
        drop=None if closed_until else drop,
        volume_judged=volume_judged,
        shortfall=shortfall,
        judged=counted,
        compliance=_compliance(measured),
        decided=decided,
    )


def _compliance(measured: Measured) -> float | None:
    """The share of the backlog within its SLA, 0-100. A few callers who wait are no backlog: their service level says
    how they fare."""
    backlog = measured.inputs.backlog
    if backlog is None or not backlog.fresh:
        return None
    few = backlog.items < LEAST_JUDGED and not measured.rules.deferred and measured.newest is not None
    return 100.0 if few and backlog.compliance is not None else backlog.compliance


def _freshness(measured: Measured) -> tuple[datetime | None, datetime | None]:
    """The time of the newest measurement, and until when it counts as fresh. Of work that can wait the backlog is
    the measurement, and of a queue that posts nothing else."""
    backlog, feed, at = measured.inputs.backlog, measured.inputs.queue.feed, measured.at
    alone = measured.newest is None and feed.as_of is None
    if backlog is not None and (measured.rules.deferred or (alone and at - backlog.time < REMEMBERED)):
        fresh_for = cadence.fresh_for(measured.rules.cadence_seconds or backlog.cadence_seconds)
        return backlog.time, backlog.time + fresh_for
    as_of = measured.as_of
    if as_of is None and feed.as_of is not None and at - REMEMBERED < feed.as_of <= at:
        as_of = feed.as_of
    return as_of, None if as_of is None else as_of + measured.fresh_for


def _quality(
    measured: Measured, totals: Totals, as_of: datetime | None, fresh_until: datetime | None, drop: Drop | None
) -> Quality:
    if as_of is None:
        return "partial" if totals.available is not None else "no_data"
    if fresh_until is not None and measured.at > fresh_until:
        return "stale"
    if drop is not None:
        return "suspect"
    if measured.newest is not None and implausible(measured):
        return "partial"
    planned = measured.expected is not None or measured.rules.deferred
    return "ok" if planned and totals.required is not None and totals.available is not None else "partial"


def implausible(measured: Measured) -> bool:
    """Return whether more contacts ended in the newest interval than were offered in it or waited before it."""
    newest = measured.newest
    if newest is None or measured.rules.deferred:  # deferred work is done from a backlog
        return False
    earlier = measured.inputs.recent[-2] if len(measured.inputs.recent) > 1 else None
    waited = earlier.waiting_now if earlier is not None and earlier.end == newest.start else None
    return formulas.implausible(
        offered=newest.offered, answered=newest.answered, abandoned=newest.abandoned, waited=waited
    )


def _shortfall(measured: Measured) -> tuple[float | None, float, bool]:
    """Points under the target and the contacts judged, of the running interval; after a rollover of the last one,
    which is decided."""
    rows = measured.inputs.recent[-2:]
    for row in reversed(rows):
        waiting = measured.waiting_past_target if row is rows[-1] else 0
        found = _points_under_target(row, measured, waiting)
        if found is not None:
            return *found, row is not measured.running
    return None, 0.0, False


def _points_under_target(row: Interval, measured: Measured, waiting: int) -> tuple[float, float] | None:
    met, counted = judged(row, measured.rules, waiting_past_target=waiting)
    if counted < LEAST_JUDGED:
        return None
    return 100 * (measured.rules.target_service_level - met / counted), counted


def _why(measured: Measured, demand: Demand, totals: Totals) -> dict[str, str]:
    """The cause of a null, where the state of the feeds tells it better than the name of the field."""
    told: dict[str, str] = {}
    if totals.unstable:
        told["projected_asa_seconds"] = "the queue grows without end"
    if totals.required is None and (measured.rules.deferred or demand.calls is not None):
        told["required"] = told["method"] = _why_not_required(measured)
    return told


def _why_not_required(measured: Measured) -> str:
    if measured.aht_seconds is None:
        return "no handling time"
    return "no backlog" if measured.rules.deferred and measured.inputs.backlog is None else "too many to be believed"


# --- above queues ----------------------------------------------------------------------------------------------------
def roll_up(parts: Sequence[Part], heads: Heads, drop: Drop | None) -> Part:
    """A department or organization with these queues and so many distinct people at work."""
    seen = [part for part in parts if part.quality != "no_data"]
    closings = [part.closed_until for part in parts]
    later = [part for part in parts if part.is_deferred]
    return Part(
        totals=_with_heads(_above(parts), heads),
        quality=_quality_above(quality_of(seen), drop),
        as_of=max((part.as_of for part in seen if part.as_of), default=None),
        fresh_until=max((part.fresh_until for part in seen if part.fresh_until), default=None),
        closed_until=min(closings) if parts and None not in closings else None,  # type: ignore[type-var]
        drop=drop,
        deferred=add(part.totals for part in later) if later else None,
        deferred_queues=len(later),
    )


def _quality_above(queues: Quality, drop: Drop | None) -> Quality:
    """A level is suspect by its own volume alone."""
    if drop is not None and queues in ("ok", "partial", "suspect"):
        return "suspect"
    return "partial" if queues == "suspect" else queues


def _above(parts: Sequence[Part]) -> Totals:
    """Deferred work alone has no callers, but prospects of its own."""
    whole = of_callers([part.totals for part in parts], [part.is_deferred for part in parts])
    if parts and all(part.is_deferred for part in parts):
        return structs.replace(whole, **dict.fromkeys(CONTACTS))
    return whole


def _with_heads(totals: Totals, heads: Heads) -> Totals:
    """People are counted once, whatever their queues add up to."""
    if heads.available is None:
        return totals
    gap_required = totals.gap_required
    if heads.source == "feed" or (totals.gap is None and heads.source == "attendance"):
        gap_required = totals.required  # heads of no single queue, against the requirement of all
    gap = None if gap_required is None else max(0, heads.available - _without_requirement(totals)) - gap_required
    return structs.replace(
        totals,
        available=heads.available,
        available_source=heads.source,
        agents_on_shift=heads.available if heads.source in ("attendance", "feed") else totals.agents_on_shift,
        gap=gap,
        gap_required=gap_required,
    )


def _without_requirement(totals: Totals) -> int:
    """Heads of queues whose requirement is unknown: they close no gap of the others."""
    if totals.gap is None or totals.gap_required is None or totals.available is None:
        return 0
    return totals.available - totals.gap - totals.gap_required


def quality_of(parts: Sequence[Part]) -> Quality:
    """Return the quality of all queues that have data: all good, all stale, or something of both."""
    found = {part.quality for part in parts}
    if not found:
        return "no_data"
    return found.pop() if len(found) == 1 else "partial"
