"""Heads and risk of a queue: realtime work by Erlang, work that can wait against its due times. Pure."""

from typing import Literal

from kpi import formulas
from kpi.compute import State, judged
from kpi.known import Rules, Staff, Waiting

MAX_ERLANGS = 10_000
"""No queue keeps ten thousand agents busy: beyond that the feed is wrong, and searching for agents takes seconds."""
HORIZON_SECONDS = 3600.0
"""Within which deferred items are projected to breach."""
AT_RISK = 0.65
LEAST_WEIGHT = 1e-6  # of a queue that expects nobody, in the means of the levels above


def judge(state: State, waiting: Waiting | None) -> None:
    """Fill in the heads that are needed, and the risk that those who are there are too few."""
    if state.rules.deferred:
        work_off(state, waiting)
    else:
        _staff_realtime(state)
    sums = state.sums
    if sums.required is not None and sums.available is not None:
        sums.gap, sums.gap_required = sums.available - sums.required, sums.required
    if sums.risk is not None:
        sums.at_risk = int(sums.risk >= AT_RISK)


def count_heads(state: State, on_shift: Staff | None) -> None:
    """Available: by the ACD while its figures are fresh, else by attendance."""
    sums, newest = state.sums, state.newest
    if on_shift is not None:
        sums.scheduled, sums.available, sums.available_source = on_shift.scheduled, on_shift.available, "attendance"
        if sums.agents_on_shift is None:
            sums.agents_on_shift = on_shift.available
    if state.expected is not None and state.expected.scheduled_agents is not None:
        sums.scheduled = state.expected.scheduled_agents
    if newest is not None and not state.stale:
        live = (newest.agents_available, newest.agents_on_contact, newest.agents_after_contact)
        sums.available = newest.agents if None in live else sum(count or 0 for count in live)
        sums.available_source = "acd"


def _staff_realtime(state: State) -> None:
    sums, rules, calls, aht = state.sums, state.rules, state.calls, state.aht_seconds
    if state.expected is not None and state.expected.required_agents is not None:
        sums.required, sums.required_method = state.expected.required_agents, "manual"
    if calls is None or aht is None or calls * aht / state.interval_seconds > MAX_ERLANGS:
        return
    if sums.required is None:
        sums.required, sums.required_method = required(
            rules, interval_seconds=state.interval_seconds, calls=calls, aht_seconds=aht
        )
    if sums.available is None:
        return
    risk = _risk(state, calls, aht, sums.available)
    sums.risk, sums.risk_method, sums.unstable = risk.risk, risk.method, risk.unstable
    sums.queue_end, sums.target_seconds = risk.projected_queue_end, rules.target_seconds
    if risk.projected_service_level is not None:
        weigh(state, calls, risk.projected_service_level, risk.projected_asa_seconds)


def _risk(state: State, calls: float, aht_seconds: float, agents: int) -> formulas.SlaRisk:
    """Return the risk of the running interval, given what was measured of it."""
    sums, rules, newest = state.sums, state.rules, state.newest
    running = newest is not None and newest.start == state.start and not state.stale
    met, counted = judged(newest, rules) if running and newest is not None else (None, None)
    elapsed = (min(newest.as_of, newest.end) - newest.start).total_seconds() if running and newest is not None else 0.0
    return formulas.sla_risk(
        interval_seconds=state.interval_seconds,
        elapsed_seconds=elapsed,
        forecast_calls=calls,
        offered=newest.offered if running and newest is not None else 0,
        judged=counted or 0.0,
        in_target=met or 0.0,
        waiting=sums.waiting_now or 0,
        waiting_past_target=int((sums.longest_wait_seconds or 0) > rules.target_seconds),
        aht_seconds=aht_seconds,
        agents=formulas.slots(agents=agents, concurrency=rules.concurrency),
        target_service_level=rules.target_service_level,
        target_seconds=rules.target_seconds,
        patience_seconds=rules.patience_seconds,
        abandon_policy=rules.abandon_policy,
    )


def required(
    rules: Rules, *, interval_seconds: float, calls: float, aht_seconds: float
) -> tuple[int, Literal["erlang_c", "erlang_a"]]:
    """Agents at work who meet the targets, and by which method: Erlang A where callers' patience is known."""
    if rules.patience_seconds is None:
        found = formulas.required_agents(
            calls=calls,
            interval_seconds=interval_seconds,
            aht_seconds=aht_seconds,
            target_service_level=reachable(rules.target_service_level),
            target_seconds=rules.target_seconds,
            max_occupancy=rules.max_occupancy,
            concurrency=rules.concurrency,
        )
        return found.agents, "erlang_c"
    found = formulas.required_agents_with_abandonment(
        calls=calls,
        interval_seconds=interval_seconds,
        aht_seconds=aht_seconds,
        target_service_level=reachable(rules.target_service_level),
        target_seconds=rules.target_seconds,
        max_occupancy=rules.max_occupancy,
        patience_seconds=rules.patience_seconds,
        concurrency=rules.concurrency,
    )
    return found.agents, "erlang_a"


def reachable(target: float) -> float:
    """No number of agents reaches 100 % in theory; four nines of it are what people mean."""
    return min(target, 0.9999)


def weigh(state: State, expected: float, level: float, asa_seconds: float | None) -> None:
    """Put what the interval may become into sums, so that levels above can weigh it by contacts."""
    sums, weight = state.sums, max(expected, LEAST_WEIGHT)
    sums.expected = weight
    sums.expected_in_target = weight * level
    sums.target_in_target = weight * state.rules.target_service_level
    if asa_seconds is not None:
        sums.expected_waited, sums.expected_wait_seconds = weight, weight * asa_seconds


def work_off(state: State, waiting: Waiting | None) -> None:
    """Deferred work: agents by due times, risk as the share of items projected to breach within the hour (DOMAIN 1.8,
    3.3)."""
    if waiting is None or state.aht_seconds is None:
        return
    aht = state.aht_seconds / state.rules.concurrency
    sums, sla, efficiency = state.sums, state.rules.sla_seconds, state.rules.max_occupancy
    inflow = _inflow(state, waiting) or 0.0
    ages = formulas.ages_of(
        items=waiting.items, oldest_seconds=waiting.oldest_seconds, sla_seconds=sla, over_sla=waiting.over_sla or 0
    )
    if not aht or (waiting.items + inflow * HORIZON_SECONDS) * aht > MAX_ERLANGS * HORIZON_SECONDS:
        return
    sums.required = formulas.deadline_agents(
        due=[(sla - age, items) for age, items in ages],
        aht_seconds=aht,
        efficiency=efficiency,
        inflow=inflow,
        sla_seconds=sla,
    )
    sums.required_method = "workload"
    if sums.available is None:
        return
    per_second = sums.available * efficiency / aht
    found = formulas.projected_breaches(
        ages=ages, sla_seconds=sla, per_second=per_second, horizon_seconds=HORIZON_SECONDS, inflow=inflow
    )
    sums.risk, sums.risk_method, sums.target_seconds = found.share, "workload", sla
    sums.unstable = inflow > per_second
    left = waiting.items + (inflow - per_second) * state.interval_seconds
    sums.queue_end = max(0.0, left)
    asa = waiting.items / per_second if per_second else None
    weigh(state, waiting.items, 1 - sums.risk, asa)


def _inflow(state: State, waiting: Waiting) -> float | None:
    """Items a second: as expected, else as the backlog last grew."""
    return waiting.inflow if state.calls is None else state.calls / state.interval_seconds
