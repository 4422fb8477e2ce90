"""A queue's totals: what was measured, who is at work, and the prospects. Pure."""

from collections.abc import Mapping
from typing import Any

from kpi import formulas
from kpi.pipeline.demand import Demand
from kpi.pipeline.heads import Heads
from kpi.pipeline.inputs import Interval, Judging
from kpi.pipeline.measured import Measured, judged
from kpi.pipeline.prospects import LEAST_WEIGHT, ComingIntervals, Prospects, prospects_of, rest_of_day
from kpi.pipeline.spans import expected_between, forecast_spans, offered_spans
from kpi.pipeline.totals import Totals
from kpi.pipeline.workload import breaches_of

AT_RISK = 0.65
Fields = Mapping[str, Any]


def totals_of(
    measured: Measured,
    demand: Demand,
    heads: Heads,
    coming: ComingIntervals,
    *,
    judging: Judging,
    trust_run: bool | None = None,
) -> Totals:
    """Everything that adds up. A closed queue has no heads and no prospects. `trust_run` as in prospects_of, by default
    as measured."""
    trust_run = measured.trust_run if trust_run is None else trust_run
    fields: dict[str, Any] = {
        "interval_start": measured.start,
        "volume_forecast": measured.expected is not None,
        **_volume(measured, demand),
        **_day_volume(measured, trust_run=trust_run),
    }
    if measured.newest is not None:
        fields |= {**_contacts(measured.newest), **_window(measured)}
    if not measured.rules.deferred:
        fields |= {**_waits(measured), **_day_level(measured)}
    if measured.inputs.queue.closed_until is None:
        fields |= _staffing(measured, demand, heads)
        fields |= _prospects(measured, demand, heads, judging, trust_run=trust_run)
        fields |= _rest_of_day(measured, coming, fields)
    return Totals(**fields)


# --- contacts --------------------------------------------------------------------------------------------------------
def _contacts(newest: Interval) -> Fields:
    return {
        "measured_start": newest.start,
        "offered": newest.offered,
        "answered": newest.answered,
        "abandoned": newest.abandoned,
        "abandon_base": max(newest.offered, newest.answered + newest.abandoned),
        "contact_seconds": newest.handle_seconds,
    }


def _volume(measured: Measured, demand: Demand) -> Fields:
    """The forecast of the very interval that was measured; where nothing is, of the running one."""
    newest, expected = measured.newest, measured.expected
    found: dict[str, Any] = {"expected": demand.calls}
    if newest is not None and newest.start != measured.start:
        expected = expected_between(measured.inputs.forecasts, newest.start, newest.end)
    if expected is None:
        return found
    found["forecast"] = expected.offered
    if newest is not None:
        seconds = (newest.measured_until - newest.start).total_seconds()
        found["forecast_so_far"] = expected.offered * seconds / (newest.end - newest.start).total_seconds()
    return found


def _day_volume(measured: Measured, *, trust_run: bool) -> Fields:
    """Offered against forecast contacts of the day so far, over the time that both cover, drops left out."""
    day, running = measured.inputs.day, measured.running
    offered, forecast = day.compared, day.forecast
    if running is not None and running.end > measured.at and trust_run:
        more = formulas.comparable(offered_spans([running]), forecast_spans(measured.inputs.forecasts))
        offered, forecast = offered + more[0], forecast + more[1]
    found: dict[str, Any] = {"ended_offered": day.compared, "ended_forecast": day.forecast}
    return found | ({"day_offered": offered, "day_forecast": forecast} if forecast else {})


def _waits(measured: Measured) -> Fields:
    newest = measured.newest
    if newest is None:
        return {}
    met, counted = judged(newest, measured.rules, waiting_past_target=measured.waiting_past_target)
    found: dict[str, Any] = {"waiting_past_target": measured.waiting_past_target}
    if counted:
        found |= {"in_target": met, "judged": counted}
    if newest.answered:
        found |= {"answered_in_target": newest.answered_in_target, "level_answered": newest.answered}
    if newest.wait_seconds is not None:
        found |= {"wait_seconds": newest.wait_seconds, "waited": newest.answered}
    if not measured.stale:
        found |= {"waiting_now": newest.waiting_now, "longest_wait_seconds": newest.longest_wait_seconds}
    return found


def _window(measured: Measured) -> Fields:
    """Agents' time. An agent with several open contacts is busy at least their total divided by their number (DOMAIN
    1.4); nobody is more productive than paid, though contacts in a state of their own are counted in both."""
    window, concurrency = measured.window, measured.rules.concurrency
    handle = sum(part * each.handle_seconds for each, part in window) / concurrency
    found: dict[str, Any] = {
        "window_seconds": measured.window_seconds,
        "handle_seconds": handle,
        "ready_seconds": handle + sum(part * each.available_seconds for each, part in window),
    }
    if concurrency > 1:
        found["lower_bound"] = True
    paid = [part * each.paid_seconds for each, part in window if each.paid_seconds is not None]
    if len(paid) == len(window):
        other = sum(part * (each.other_productive_seconds or 0.0) for each, part in window)
        found |= {"paid_seconds": sum(paid), "productive_seconds": min(handle + other, sum(paid))}
    return found


# --- heads and prospects ---------------------------------------------------------------------------------------------
def _staffing(measured: Measured, demand: Demand, heads: Heads) -> Fields:
    signed_in = None if measured.newest is None or measured.stale else measured.newest.agents
    found: dict[str, Any] = {
        "required": demand.required,
        "required_method": demand.method,
        "scheduled": heads.scheduled,
        "available": heads.available,
        "available_source": heads.source,
        "agents_on_shift": signed_in if heads.source == "acd" and signed_in is not None else heads.available,
    }
    if demand.required is not None and heads.available is not None:
        found |= {"gap": heads.available - demand.required, "gap_required": demand.required}
    return found


def _prospects(measured: Measured, demand: Demand, heads: Heads, judging: Judging, *, trust_run: bool) -> Fields:
    if heads.available is None:
        return {}
    if measured.rules.deferred:
        found = _of_deferred(measured, demand, heads.available)
    else:
        found = prospects_of(measured, demand, heads.available, judging, trust_run=trust_run)
    return {} if found is None else _weighed(found, measured.rules.target_service_level)


def _of_deferred(measured: Measured, demand: Demand, agents: int) -> Prospects | None:
    found = breaches_of(measured, demand.calls, agents) if demand.required is not None else None
    if found is None:
        return None
    return Prospects(
        risk=found.risk,
        outlook_risk=None,
        projected_level=1 - found.risk,
        weight=max(found.items, LEAST_WEIGHT),
        rest=None,
        required_rest=None,
        asa_seconds=found.wait_seconds,
        queue_end=found.queue_end,
        unstable=found.unstable,
        method="workload",
        target_seconds=measured.rules.sla_seconds,
    )


def _weighed(found: Prospects, target: float) -> Fields:
    """Levels and waits as sums, so that levels above can weigh them by contacts."""
    fields: dict[str, Any] = {
        "risk": found.risk,
        "outlook_risk": found.outlook_risk,
        "at_risk": None if found.risk is None else int(found.risk >= AT_RISK),
        "unstable": found.unstable,
        "risk_method": found.method,
        "target_seconds": found.target_seconds,
        "queue_end": found.queue_end,
    }
    if found.projected_level is not None:
        fields |= {
            "weight": found.weight,
            "projected_in_target": found.weight * found.projected_level,
            "target_in_target": found.weight * target,
        }
    if found.asa_seconds is not None:
        fields |= {"waited_weight": found.weight, "projected_wait_seconds": found.weight * found.asa_seconds}
    if found.rest and found.required_rest is not None:
        fields |= {"rest": found.rest, "rest_in_target": found.rest * found.required_rest}
    return fields


# --- the day ---------------------------------------------------------------------------------------------------------
def _day_level(measured: Measured) -> Fields:
    """The day's service level; callers who still wait too long are in it once."""
    day = measured.inputs.day
    met, counted = judged(day, measured.rules, waiting_past_target=measured.waiting_past_target)
    return {"day_in_target": met, "day_judged": counted} if counted else {}


def _rest_of_day(measured: Measured, coming: ComingIntervals, fields: Fields) -> Fields:
    """The contacts that the rest of the day brings, and the part of them that its target needs (DOMAIN 1.9)."""
    if measured.rules.deferred or "day_judged" not in fields:
        return {}
    rest = rest_of_day(measured, coming)
    if rest is None:
        return {}
    return {
        "day_goal": measured.rules.target_service_level * (fields["day_judged"] + rest.contacts),
        "day_goal_judged": fields["day_judged"],
        "day_goal_in_target": fields["day_in_target"],
        "day_rest": rest.contacts,
        "rest_mean": rest.mean,
        "rest_variance": rest.variance,
    }
