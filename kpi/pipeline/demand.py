"""The contacts to expect in a queue's running interval, and the agents required for them. Pure."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from kpi import formulas
from kpi.pipeline.inputs import Judging, Rules
from kpi.pipeline.measured import Measured
from kpi.pipeline.spans import expected_between
from kpi.pipeline.workload import MAX_ERLANGS, workload_agents

Method = Literal["erlang_c", "erlang_a", "workload", "manual"]


@dataclass(frozen=True, slots=True)
class Demand:
    """`forecast` is of the running interval, times the day's ratio, or the run of the window where there is none;
    `calls` is corrected by the run of the interval itself. `required` are agents at work."""

    forecast: float | None
    calls: float | None
    aht_seconds: float | None
    required: int | None
    method: Method | None

    def is_believable(self, interval_seconds: float) -> bool:
        """Return whether contacts and handling time are known and plausible."""
        if self.calls is None or self.aht_seconds is None:
            return False
        return self.calls * self.aht_seconds / interval_seconds <= MAX_ERLANGS


def demand_of(measured: Measured, *, ratio: float, judging: Judging) -> Demand:
    """While the volume is suspect, the interval's own run says nothing: the forecast stands, or the same weekday of the
    last weeks. The day's ratio is of realtime queues; deferred work keeps its forecast (DOMAIN 1.9)."""
    if measured.expected is not None:
        forecast: float | None = measured.expected.offered * (1.0 if measured.rules.deferred else ratio)
    else:
        forecast = _run_of_window(measured) if measured.trust_run else _typical(measured)
    calls = _corrected(measured, forecast, judging.forecast_cv) if measured.trust_run else forecast
    return demand_for(measured, forecast, calls)


def _typical(measured: Measured) -> float | None:
    end = measured.start + timedelta(seconds=measured.interval_seconds)
    found = expected_between(measured.inputs.typical, measured.start, end)
    return None if found is None else found.offered


def _run_of_window(measured: Measured) -> float | None:
    if measured.stale:
        return None
    offered = sum(part * interval.offered for interval, part in measured.window)
    return formulas.prorated(count=offered, share=measured.window_seconds / measured.interval_seconds)


def _corrected(measured: Measured, forecast: float | None, forecast_cv: float) -> float | None:
    """The forecast, weighed against the run of the interval: (K + offered) / (K + forecast so far), K = 1/cv^2."""
    if forecast is None or measured.running is None or measured.rules.deferred:
        return forecast
    prior = forecast_cv**-2
    so_far = forecast * min(1.0, measured.elapsed_seconds / measured.interval_seconds)
    return forecast * (prior + measured.running.offered) / (prior + so_far)


def demand_for(measured: Measured, forecast: float | None, calls: float | None) -> Demand:
    """Return the contacts and the agents required for them: as planned, else by workload or Erlang."""
    demand = Demand(forecast, calls, measured.aht_seconds, None, None)
    planned = None if measured.expected is None else measured.expected.required_agents
    if planned is not None:
        return replace(demand, required=planned, method="manual")
    if measured.rules.deferred:
        agents = workload_agents(measured, demand.calls)
        return demand if agents is None else replace(demand, required=agents, method="workload")
    if not demand.is_believable(measured.interval_seconds):
        return demand
    assert demand.calls is not None
    assert demand.aht_seconds is not None
    agents, method = required(measured.rules, measured.interval_seconds, demand.calls, demand.aht_seconds)
    return replace(demand, required=agents, method=method)


def required(
    rules: Rules, interval_seconds: float, calls: float, aht_seconds: float
) -> tuple[int, Literal["erlang_c", "erlang_a"]]:
    """Agents at work who meet the targets of a realtime queue, and the model: Erlang A where patience is known.

    Agents who handle several chats at once are several servers each: the least number whose slots meet the targets
    (DOMAIN 1.4).
    """
    load = {"calls": calls, "interval_seconds": interval_seconds, "aht_seconds": aht_seconds}
    goal = {"target_service_level": reachable(rules.target_service_level), "target_seconds": rules.target_seconds}
    limits = {"max_occupancy": rules.max_occupancy, "concurrency": rules.concurrency}
    if rules.patience_seconds is None:
        return formulas.required_agents(**load, **goal, **limits).agents, "erlang_c"
    found = formulas.required_agents_with_abandonment(**load, **goal, **limits, patience_seconds=rules.patience_seconds)
    return found.agents, "erlang_a"


def reachable(target: float) -> float:
    """No number of agents reaches 100 % in theory; four nines of it are what people mean."""
    return min(target, 0.9999)
