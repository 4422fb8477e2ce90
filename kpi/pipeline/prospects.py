"""The prospects of a queue: the risk of its interval and the next, and whether its day can be saved. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from kpi import formulas
from kpi.pipeline.demand import Demand
from kpi.pipeline.heads import Heads, at_work
from kpi.pipeline.inputs import Expected, Judging, Rules
from kpi.pipeline.measured import Measured, judged

LEAST_WEIGHT = 1e-6  # of a queue that expects nobody, in the means of the levels above; fewer contacts are none


@dataclass(frozen=True, slots=True)
class Prospects:
    """Risks and levels are fractions. `weight` is the number of contacts (or items) expected, `rest` of those still to
    be judged in the interval; `queue_end` callers (or items) are left when it ends."""

    risk: float | None
    outlook_risk: float | None
    projected_level: float | None
    weight: float
    rest: float | None
    required_rest: float | None
    asa_seconds: float | None
    queue_end: float | None
    unstable: bool
    method: str
    target_seconds: float


class ComingIntervals(NamedTuple):
    """The rest of the running interval and the intervals after it: their contacts in all, and each of them; None where
    heads or handling time are unknown."""

    contacts: float = 0.0
    intervals: Sequence[formulas.ComingInterval | None] = ()


def questions_of(
    measured: Measured, demand: Demand, heads: Heads, coming: ComingIntervals, *, judging: Judging
) -> list[formulas.Question]:
    """Return what the prospects of a queue ask of the chain of callers, so that all queues may ask together."""
    if measured.rules.deferred or measured.inputs.queue.closed_until is not None or heads.available is None:
        return []
    known = situation_of(measured, demand, heads.available, judging, trust_run=measured.trust_run)
    rest = (each.question() for each in coming.intervals if each is not None)
    return [*(known.questions() if known is not None else ()), *(question for question in rest if question is not None)]


def situation_of(
    measured: Measured, demand: Demand, agents: int, judging: Judging, *, trust_run: bool
) -> formulas.Situation | None:
    """Return what is known of the running interval with so many agents at work; None where demand is not known."""
    if not demand.is_believable(measured.interval_seconds):
        return None
    assert demand.forecast is not None
    assert demand.aht_seconds is not None
    rules, running = measured.rules, measured.running
    so_far = demand.forecast * min(1.0, measured.elapsed_seconds / measured.interval_seconds)
    met, decided = (0.0, 0.0) if running is None else judged(running, rules)
    waiting = _waiting(measured)
    return formulas.Situation(
        interval_seconds=measured.interval_seconds,
        elapsed_seconds=measured.elapsed_seconds,
        forecast_calls=demand.forecast,
        offered=running.offered if trust_run and running is not None else so_far,
        judged=decided,
        in_target=met,
        waiting=waiting,
        waiting_past_target=min(waiting, measured.waiting_past_target),
        aht_seconds=demand.aht_seconds,
        agents=formulas.slots(agents=agents, concurrency=rules.concurrency),
        target_service_level=rules.target_service_level,
        target_seconds=rules.target_seconds,
        patience_seconds=rules.patience_seconds,
        abandon_policy=rules.abandon_policy,
        forecast_cv=judging.forecast_cv,
    )


def prospects_of(
    measured: Measured, demand: Demand, agents: int, judging: Judging, *, trust_run: bool
) -> Prospects | None:
    """The prospects of a realtime queue with so many agents at work; None where demand is not known.

    `trust_run` is false where the interval's own run says nothing of its rest: the forecast stands as it is.
    """
    known = situation_of(measured, demand, agents, judging, trust_run=trust_run)
    if known is None or demand.calls is None:
        return None
    found = known.risk()
    left = max(0.0, 1 - measured.elapsed_seconds / measured.interval_seconds)
    rest = demand.calls * left + known.waiting - measured.waiting_past_target
    return Prospects(
        risk=found.risk,
        outlook_risk=found.outlook_risk,
        projected_level=found.projected_service_level,
        weight=max(demand.calls, LEAST_WEIGHT),
        rest=None if found.required_rest is None else rest,
        required_rest=found.required_rest,
        asa_seconds=found.projected_asa_seconds,
        queue_end=found.projected_queue_end,
        unstable=found.unstable,
        method=found.method,
        target_seconds=measured.rules.target_seconds,
    )


def _waiting(measured: Measured) -> int:
    """Callers who wait by the newest row, also after it went stale: silence does not improve the figure."""
    if measured.newest is None:
        return 0
    return max(measured.newest.waiting_now or 0, measured.waiting_past_target)


# --- the rest of the day ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RestOfDay:
    """Contacts still to come today, the sum of contacts times level over the intervals of that time, and that of
    contacts squared times the level's variance."""

    contacts: float
    mean: float | None
    variance: float | None


def coming_intervals(measured: Measured, demand: Demand, heads: Heads, *, ratio: float) -> ComingIntervals:
    """Return what the rest of the local day brings to a realtime queue, with the heads on its schedule, else as the
    shifts are now."""
    rules, calls = measured.rules, demand.calls
    if rules.deferred or measured.inputs.queue.closed_until is not None:
        return ComingIntervals()
    rows = [each._replace(offered=each.offered * ratio) for each in measured.inputs.rest]
    if measured.expected is not None and calls is not None:
        end = measured.start + timedelta(seconds=measured.interval_seconds)
        left = max(0.0, (end - measured.at).total_seconds() / measured.interval_seconds)
        rows.insert(0, measured.expected._replace(start=measured.at, end=end, offered=calls * left))
    agents = heads.available if heads.scheduled is None else at_work(heads.scheduled, rules)
    return ComingIntervals(
        sum(each.offered for each in rows),
        [_coming_interval(each, rules, demand.aht_seconds, agents) for each in rows],
    )


def rest_of_day(measured: Measured, coming: ComingIntervals) -> RestOfDay | None:
    """Return the prospects of the rest of the day; None without a forecast."""
    if measured.expected is None and not measured.inputs.rest:
        return None
    if coming.contacts < LEAST_WEIGHT:
        return RestOfDay(0.0, 0.0, 0.0)
    known = [each.level() for each in coming.intervals if each is not None]
    if len(known) < len(coming.intervals):
        return RestOfDay(coming.contacts, None, None)
    return RestOfDay(
        coming.contacts,
        sum(contacts * mean for contacts, mean, _ in known),
        sum(contacts**2 * variance for contacts, _, variance in known),
    )


def _coming_interval(
    coming: Expected, rules: Rules, aht_seconds: float | None, agents: int | None
) -> formulas.ComingInterval | None:
    planned = None if coming.scheduled_agents is None else at_work(coming.scheduled_agents, rules)
    heads = agents if planned is None else planned
    seconds = (coming.end - coming.start).total_seconds()
    aht = coming.aht_seconds or aht_seconds
    if heads is None or not aht or seconds <= 0:
        return None
    servers = formulas.slots(agents=heads, concurrency=rules.concurrency)
    return formulas.ComingInterval(coming.offered, seconds, aht, servers, rules.target_seconds, rules.patience_seconds)


def level_with(
    coming: Expected, measured: Measured, demand: Demand, heads: int | None
) -> formulas.IntervalLevel | None:
    """The service level of an interval to come with so many heads at work; None where it cannot be told."""
    found = _coming_interval(coming._replace(scheduled_agents=None), measured.rules, demand.aht_seconds, heads)
    return None if found is None else found.level()
