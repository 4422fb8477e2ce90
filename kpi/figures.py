"""From sums to the figure that is published: fractions become percent, rounded here and nowhere before."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, Struct

from intraday.org.models import Scope
from intraday.rounding import half_up
from kpi import formulas
from kpi.edge import percent, ratio
from kpi.events import Changes, HeadcountGap, Health, KPIChanged, Service, SlaRisk, Utilization
from kpi.reasons import reasons
from kpi.sums import Part, Sums

OCCUPANCY_TARGETS = (75.0, 88.0)
NOT_JUDGED = formulas.HealthScore(None, None, None, None, None)


def age_seconds(then: datetime, at: datetime) -> float:
    return round(max(0.0, (at - then).total_seconds()), 3)


class Point(Struct, array_like=True):
    """What changes are told of, as published."""

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
class Figure:
    """A scope at an instant, before it is compared with the figure before it."""

    scope: Scope
    at: datetime
    part: Part
    utilization: Utilization
    headcount_gap: HeadcountGap
    sla_risk: SlaRisk
    service: Service
    health: formulas.HealthScore

    @property
    def point(self) -> Point:
        return point_of(self.at, self.utilization, self.headcount_gap, self.sla_risk, half_up(self.health.score))


def figure(scope: Scope, at: datetime, part: Part, weights: formulas.Weights) -> Figure:
    sums = part.sums
    occupancy = _occupancy(sums)
    share = ratio(sums.gap, sums.gap_required)
    judged = formulas.health_score(risk=sums.risk, gap_share=share, occupancy=occupancy, weights=weights)
    return Figure(
        scope,
        at,
        part,
        _utilization(sums, occupancy),
        _headcount_gap(sums),
        _sla_risk(sums, above_queues=not scope.queue_name),
        _service(sums),
        NOT_JUDGED if part.closed_until else judged,
    )


def _occupancy(sums: Sums) -> float | None:
    if sums.handle_seconds is None or sums.ready_seconds is None:
        return None
    return formulas.occupancy(
        handle_seconds=sums.handle_seconds, available_seconds=sums.ready_seconds - sums.handle_seconds
    )


def _utilization(sums: Sums, occupancy: float | None) -> Utilization:
    utilized = None
    if sums.productive_seconds is not None and sums.paid_seconds is not None:
        utilized = formulas.utilization(
            handle_seconds=sums.productive_seconds, other_productive_seconds=0.0, paid_seconds=sums.paid_seconds
        )
    return Utilization(
        current_utilization=percent(utilized),
        occupancy=percent(occupancy),
        target_min=OCCUPANCY_TARGETS[0],
        target_max=OCCUPANCY_TARGETS[1],
        status=formulas.occupancy_status(occupancy),
        productive_seconds=half_up(sums.productive_seconds),
        paid_seconds=half_up(sums.paid_seconds),
        handle_seconds=half_up(sums.handle_seconds),
        ready_seconds=half_up(sums.ready_seconds),
        agents_on_shift=sums.agents_on_shift,
        window_seconds=half_up(sums.window_seconds),
    )


def _headcount_gap(sums: Sums) -> HeadcountGap:
    gap = None
    if sums.gap is not None and sums.gap_required is not None:
        gap = formulas.headcount_gap(
            required=sums.gap_required,
            available=sums.gap_required + sums.gap,
            volume_known=bool(sums.volume_forecast) or sums.required_method in ("manual", "workload"),
        )
    return HeadcountGap(
        required=sums.required,
        scheduled=sums.scheduled,
        available=sums.available,
        available_source=sums.available_source,  # type: ignore[arg-type]
        gap=None if gap is None else gap.gap,
        shortfall=None if gap is None else gap.shortfall,
        gap_percent=None if gap is None else percent(gap.share),
        status=None if gap is None else gap.status,
        method=sums.required_method,  # type: ignore[arg-type]
        interval_start=sums.interval_start,
    )


def _sla_risk(sums: Sums, *, above_queues: bool) -> SlaRisk:
    day = None
    if sums.day_goal is not None and sums.day_rest is not None:
        judged = sums.day_goal_judged or 0.0
        day = formulas.day_recovery(
            target=ratio(sums.day_goal, judged + sums.day_rest) or 0.0,
            offered=judged,
            in_target=sums.day_goal_in_target or 0.0,
            remaining=sums.day_rest,
        )
    return SlaRisk(
        risk_score=percent(sums.risk),
        risk_level=None if sums.risk is None else formulas.risk_level(sums.risk),
        projected_service_level=percent(ratio(sums.expected_in_target, sums.expected)),
        target_service_level=percent(ratio(sums.target_in_target, sums.expected)),
        target_seconds=half_up(sums.target_seconds),
        projected_asa_seconds=half_up(ratio(sums.expected_wait_seconds, sums.expected_waited)),
        unstable=sums.unstable,
        projected_queue_end=half_up(sums.queue_end),
        day_service_level=percent(ratio(sums.day_in_target, sums.day_judged)),
        day_required_rest=None if day is None else percent(day.required_rest),
        day_recoverable=None if day is None else day.recoverable,
        method=sums.risk_method,  # type: ignore[arg-type]
        queues_at_risk=(sums.at_risk or 0) if above_queues else UNSET,
    )


def _service(sums: Sums) -> Service:
    variance = None
    if sums.compared is not None and sums.forecast_so_far is not None:
        variance = formulas.volume_variance(actual=sums.compared, forecast=sums.forecast_so_far)
    return Service(
        offered=sums.offered,
        forecast=half_up(sums.forecast),
        volume_variance_percent=percent(variance),
        answered=sums.answered,
        abandoned=sums.abandoned,
        abandon_rate=percent(_abandon_rate(sums)),
        service_level=percent(ratio(sums.in_target, sums.judged)),
        day_service_level=percent(ratio(sums.day_in_target, sums.day_judged)),
        asa_seconds=half_up(ratio(sums.wait_seconds, sums.waited)),
        aht_seconds=half_up(ratio(sums.handled_seconds, sums.answered)),
        waiting_now=sums.waiting_now,
        longest_wait_seconds=half_up(sums.longest_wait_seconds),
    )


def _abandon_rate(sums: Sums) -> float | None:
    if sums.offered is None or sums.answered is None or sums.abandoned is None:
        return None
    return formulas.abandon_rate(offered=sums.offered, answered=sums.answered, abandoned=sums.abandoned)


def payload(
    found: Figure,
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
