"""Turn a part into the figure that is published: fractions become percent, rounded here and nowhere before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct

from intraday.values.rounding import half_up, percent, ratio
from kpi import formulas
from kpi.events import (
    OCCUPANCY_TARGETS,
    Changes,
    DeferredWork,
    HeadcountGap,
    Health,
    KPIChanged,
    Service,
    SlaRisk,
    Utilization,
    VolumeDrop,
)
from kpi.pipeline.inputs import Drop, Judging, Place
from kpi.pipeline.part import Part
from kpi.pipeline.reasons import reasons
from kpi.pipeline.state import Limits, Memory, State, StateInputs, above, judge
from kpi.pipeline.totals import Totals

P = TypeVar("P", bound=Place)
NOBODY = 1e-9
"""Contacts to come below which the day is decided."""


def age_seconds(then: datetime, at: datetime) -> float:
    return round(max(0.0, (at - then).total_seconds()), 3)


class Point(Struct, array_like=True):
    """The published values that changes are told of."""

    time: datetime
    utilization: float | None
    gap: float | None
    risk: float | None
    health: float | None


def point_of(
    time: datetime, utilization: Utilization, gap: HeadcountGap, risk: SlaRisk, health_score: float | None
) -> Point:
    return Point(time, utilization.current_utilization, gap.gap, risk.risk_score, health_score)


@dataclass(frozen=True, slots=True)
class Figure(Generic[P]):
    """A scope at an instant, before it is compared with the figure before it. `memory` is what the next state needs."""

    scope: P
    at: datetime
    part: Part
    utilization: Utilization
    headcount_gap: HeadcountGap
    sla_risk: SlaRisk
    service: Service
    state: State
    memory: Memory
    health: formulas.HealthScore

    @property
    def point(self) -> Point:
        return point_of(self.at, self.utilization, self.headcount_gap, self.sla_risk, half_up(self.health.score))


class Inside(Struct, frozen=True, array_like=True):
    """A queue inside a level: its name and its state."""

    name: str
    state: State


def figure(
    scope: P,
    at: datetime,
    part: Part,
    judging: Judging,
    *,
    limits: Limits,
    day_ratio: float,
    memory: Memory | None,
    inside: Sequence[Inside] = (),
) -> Figure[P]:
    """The figure of a scope. `memory` is that of its state before; `inside` are the queues of a level."""
    totals = part.totals
    occupancy = _occupancy(totals)
    blocks = (
        _utilization(totals, occupancy),
        _headcount_gap(totals),
        _sla_risk(totals, above_queues=not scope.queue_name),
        _service(totals, None if part.is_deferred else day_ratio),
    )
    if scope.queue_name:
        judged, memory = judge(_state_inputs(part, blocks[1], at), limits, memory, at)
    else:
        states = [(queue.name, queue.state) for queue in inside]
        judged, memory = above(states, suspect=_suspect(part), memory=memory, at=at)
    return Figure(scope, at, part, *blocks, judged, memory, _health(part, occupancy, blocks[1], judged, judging))


def _state_inputs(part: Part, gap: HeadcountGap, at: datetime) -> StateInputs:
    totals, age = part.totals, None if part.as_of is None else (at - part.as_of).total_seconds()
    fresh = None if part.as_of is None or part.fresh_until is None else part.fresh_until - part.as_of
    return StateInputs(
        # The workload's risk is a share of items, which the backlog's compliance judges.
        outlook_risk=None if part.is_deferred else percent(totals.outlook_risk),
        risk=None if part.is_deferred else _risk_of_judged(part),
        shortfall_points=part.shortfall,
        judged=part.judged,
        short_percent=gap.short_percent,
        required=gap.required,
        available=gap.available,
        backlog_compliance=part.compliance,
        suspect=_suspect(part),
        volume_judged=part.volume_judged,
        quality=part.quality,
        closed=part.closed_until is not None,
        age_seconds=None if age is None else max(0.0, round(age, 3)),
        fresh_seconds=None if fresh is None else fresh.total_seconds(),
    )


def _risk_of_judged(part: Part) -> float | None:
    """The risk of the interval whose level is judged. One that is over and missed its target is lost for certain."""
    if part.decided and part.shortfall is not None and part.shortfall > 0:
        return 100.0
    return percent(part.totals.risk)


def _suspect(part: Part) -> tuple[float, float] | None:
    return None if part.drop is None else (part.drop.offered, part.drop.forecast)


def _health(
    part: Part, occupancy: float | None, gap: HeadcountGap, judged: State, judging: Judging
) -> formulas.HealthScore:
    """The health score, capped by the state. Where nobody is required, idle agents are no fault."""
    totals = part.totals
    if part.closed_until:
        return formulas.HealthScore(None, None, None, None, None)
    quiet = totals.required == 0
    return formulas.health_score(
        risk=totals.risk,
        gap_share=ratio(totals.gap, totals.gap_required),
        occupancy=None if quiet and occupancy is not None and occupancy < OCCUPANCY_TARGETS[0] / 100 else occupancy,
        weights=judging.weights,
        level=judged.level,
        suspect=part.quality == "suspect",
        balanced=gap.status == "balanced" or (quiet and gap.available is not None),
    )


def _occupancy(totals: Totals) -> float | None:
    if totals.handle_seconds is None or totals.ready_seconds is None:
        return None
    return formulas.occupancy(
        handle_seconds=totals.handle_seconds, available_seconds=totals.ready_seconds - totals.handle_seconds
    )


def _utilization(totals: Totals, occupancy: float | None) -> Utilization:
    utilized = None
    if totals.productive_seconds is not None and totals.paid_seconds is not None:
        utilized = formulas.utilization(
            handle_seconds=totals.productive_seconds, other_productive_seconds=0.0, paid_seconds=totals.paid_seconds
        )
    return Utilization(
        current_utilization=percent(utilized),
        occupancy=percent(occupancy),
        target_min=OCCUPANCY_TARGETS[0],
        target_max=OCCUPANCY_TARGETS[1],
        status=formulas.occupancy_status(occupancy),
        productive_seconds=half_up(totals.productive_seconds),
        paid_seconds=half_up(totals.paid_seconds),
        handle_seconds=half_up(totals.handle_seconds),
        ready_seconds=half_up(totals.ready_seconds),
        agents_on_shift=totals.agents_on_shift,
        window_seconds=half_up(totals.window_seconds),
        lower_bound=totals.lower_bound or UNSET,
    )


def _headcount_gap(totals: Totals) -> HeadcountGap:
    gap = None
    if totals.gap is not None and totals.gap_required is not None:
        gap = formulas.headcount_gap(
            required=totals.gap_required,
            available=totals.gap_required + totals.gap,
            volume_known=bool(totals.volume_forecast) or totals.required_method in ("manual", "workload"),
        )
    return HeadcountGap(
        required=totals.required,
        scheduled=totals.scheduled,
        available=totals.available,
        available_source=totals.available_source,  # type: ignore[arg-type]
        gap=None if gap is None else gap.gap,
        shortfall=None if gap is None else gap.shortfall,
        gap_percent=None if gap is None else percent(gap.share),
        status=None if gap is None else gap.status,
        method=totals.required_method,  # type: ignore[arg-type]
        interval_start=totals.interval_start,
        short_percent=None if gap is None else _short_percent(gap),
    )


def _short_percent(gap: formulas.HeadcountGap) -> float | None:
    """Agents short in percent of those required; 0 where the gap is within the dead-band of `balanced`."""
    if gap.share is None or gap.status in ("balanced", "overstaffed"):
        return None if gap.share is None else 0.0
    return max(0.0, -(percent(gap.share) or 0.0))


def _sla_risk(totals: Totals, *, above_queues: bool) -> SlaRisk:
    day = None
    if totals.day_goal is not None and totals.day_rest is not None:
        judged = totals.day_goal_judged or 0.0
        day = formulas.day_recovery(
            target=ratio(totals.day_goal, judged + totals.day_rest) or 0.0,
            offered=judged,
            in_target=totals.day_goal_in_target or 0.0,
            remaining=totals.day_rest,
        )
    return SlaRisk(
        risk_score=percent(totals.risk),
        risk_level=None if totals.risk is None else formulas.risk_level(totals.risk),
        projected_service_level=percent(ratio(totals.projected_in_target, totals.weight)),
        target_service_level=percent(ratio(totals.target_in_target, totals.weight)),
        target_seconds=half_up(totals.target_seconds),
        projected_asa_seconds=half_up(ratio(totals.projected_wait_seconds, totals.waited_weight)),
        unstable=totals.unstable,
        projected_queue_end=half_up(totals.queue_end),
        day_service_level=percent(ratio(totals.day_in_target, totals.day_judged)),
        day_required_rest=None if day is None else percent(day.required_rest),
        day_recoverable=None if day is None else day.recoverable,
        method=totals.risk_method,  # type: ignore[arg-type]
        queues_at_risk=(totals.at_risk or 0) if above_queues else UNSET,
        outlook_risk=percent(totals.outlook_risk),
        required_rest=percent(ratio(totals.rest_in_target, totals.rest)),
        day_recovery_probability=None if day is None else percent(_recovery(totals, day)),
    )


def _recovery(totals: Totals, day: formulas.DayRecovery) -> float | None:
    """The chance that the rest of the day brings the level that its target needs (DOMAIN 1.9)."""
    if day.required_rest is None or not totals.day_rest or totals.day_rest <= NOBODY:
        return float(day.recoverable)
    if totals.rest_mean is None or totals.rest_variance is None:
        return None
    contacts = totals.day_rest
    rest = formulas.IntervalLevel(contacts, totals.rest_mean / contacts, totals.rest_variance / contacts**2)
    return formulas.day_recovery_probability(required_rest=day.required_rest, intervals=[rest])


def _service(totals: Totals, day_ratio: float | None) -> Service:
    variance = None
    if totals.day_offered is not None and totals.day_forecast is not None:
        variance = formulas.volume_variance(actual=totals.day_offered, forecast=totals.day_forecast)
    return Service(
        offered=totals.offered,
        forecast=half_up(totals.forecast),
        volume_variance_percent=percent(variance),
        answered=totals.answered,
        abandoned=totals.abandoned,
        abandon_rate=percent(ratio(totals.abandoned, totals.abandon_base)),
        service_level=percent(ratio(totals.in_target, totals.judged)),
        day_service_level=percent(ratio(totals.day_in_target, totals.day_judged)),
        asa_seconds=half_up(ratio(totals.wait_seconds, totals.waited)),
        aht_seconds=half_up(ratio(totals.contact_seconds, totals.answered)),
        waiting_now=totals.waiting_now,
        longest_wait_seconds=half_up(totals.longest_wait_seconds),
        interval_start=totals.measured_start,
        service_level_answered=percent(ratio(totals.answered_in_target, totals.level_answered)),
        waiting_past_target=totals.waiting_past_target,
        forecast_so_far=half_up(totals.forecast_so_far),
        expected=half_up(totals.expected),
        reforecast_ratio=None if day_ratio is None or totals.forecast is None else round(day_ratio, 4),
        day_offered=half_up(totals.day_offered),
        day_forecast=half_up(totals.day_forecast),
    )


def _deferred(part: Part) -> DeferredWork | None:
    totals = part.deferred
    if totals is None:
        return None
    return DeferredWork(
        queues=part.deferred_queues,
        offered=totals.offered,
        answered=totals.answered,
        forecast=half_up(totals.forecast),
        aht_seconds=half_up(ratio(totals.contact_seconds, totals.answered)),
        required=totals.required,
        available=totals.available,
        risk_score=percent(totals.risk),
    )


def _volume(drop: Drop) -> VolumeDrop:
    return VolumeDrop(
        since=drop.since,
        offered=half_up(drop.offered) or 0.0,
        forecast=half_up(drop.forecast) or 0.0,
        span_minutes=half_up(drop.minutes) or 0.0,
        inherited=drop.inherited,
    )


def payload(
    found: Figure[Any],
    *,
    snapshot_id: str,
    computed_at: datetime,
    latest: bool,
    baseline: Point | None,
) -> KPIChanged:
    """`kpi:update` of a figure, with the changes since the baseline."""
    scope, part = found.scope, found.part
    health = found.health
    blocks = {name: getattr(found, name) for name in ("utilization", "headcount_gap", "sla_risk", "service")}
    return KPIChanged(
        snapshot_id=snapshot_id,
        organization_id=scope.organization_id,
        department_id=scope.department_id or UNSET,
        queue_name=scope.queue_name or UNSET,
        timestamp=found.at,
        utilization=found.utilization,
        headcount_gap=found.headcount_gap,
        sla_risk=found.sla_risk,
        health_score=half_up(health.score),
        changes=changes(found.point, baseline),
        service=found.service,
        health=Health(
            sla=half_up(health.sla),
            staffing=half_up(health.staffing),
            utilization=half_up(health.utilization),
            cap_reason=health.cap_reason,
        ),
        quality=part.quality,
        as_of=part.as_of,
        computed_at=computed_at,
        data_age_seconds=None if part.as_of is None else age_seconds(part.as_of, found.at),
        latest=latest,
        closed_until=part.closed_until or UNSET,
        reasons=reasons(blocks, health.score, part, above_queues=not scope.queue_name) or UNSET,
        state=found.state,
        deferred=_deferred(part) or UNSET,
        volume=UNSET if part.drop is None else _volume(part.drop),
    )


def changes(point: Point, baseline: Point | None) -> Changes:
    """Against the baseline (DOMAIN 3.5); where a value is unknown on either side, its change is 0."""
    if baseline is None:
        return Changes()
    return Changes(
        utilization_change=_change(point.utilization, baseline.utilization),
        headcount_gap_change=_change(point.gap, baseline.gap),
        sla_risk_change=_change(point.risk, baseline.risk),
        health_score_change=_change(point.health, baseline.health),
        baseline_timestamp=baseline.time,
    )


def _change(now: float | None, then: float | None) -> float:
    return 0.0 if now is None or then is None else half_up(now - then) or 0.0
