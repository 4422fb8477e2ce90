"""From what is known of a queue to its sums (kpi.sums): what was measured. Pure: no database, no clock. Heads and risk
are in kpi.staffing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intraday import cadence
from kpi import formulas, hours
from kpi.known import Day, Expected, Interval, QueueInputs, Rules
from kpi.sums import Sums

SHORT_SECONDS = 300
TRAILING_SECONDS = 900
AHT_WINDOW = timedelta(hours=1)


@dataclass(slots=True)
class State:
    """A queue at an instant: what was measured, and what follows for staffing. Times in seconds."""

    rules: Rules
    at: datetime
    newest: Interval | None
    expected: Expected | None
    start: datetime
    interval_seconds: float
    as_of: datetime | None = None
    stale: bool = False
    calls: float | None = None  # expected in the interval, on the run of today
    ratio: float = 1.0
    aht_seconds: float | None = None
    window: list[tuple[Interval, float]] = field(default_factory=list)  # intervals, and the part of each looked at
    window_seconds: float = 0.0
    sums: Sums = field(default_factory=Sums)


def state_of(inputs: QueueInputs, at: datetime) -> State:
    """Where the queue stands: its interval, how old the newest measurement is, contacts expected, handling time."""
    newest = inputs.recent[-1] if inputs.recent else None
    start, seconds = _interval(inputs, newest, at)
    state = State(inputs.queue.rules, at, newest, inputs.expected, start, seconds)
    if newest is not None:
        state.as_of = min(newest.as_of, at)
        state.window, state.window_seconds = _window(inputs.recent, state.as_of)
    state.stale = _stale(inputs, state)
    state.calls, state.ratio = _calls(inputs, state)
    state.aht_seconds = _aht_seconds(inputs, state)
    return state


def _interval(inputs: QueueInputs, newest: Interval | None, at: datetime) -> tuple[datetime, float]:
    """The interval that the instant lies in, by the feed, else by the forecast, else by the queue's settings."""
    for known in (newest, inputs.expected):
        if known is not None and known.start <= at < known.end:
            return known.start, (known.end - known.start).total_seconds()
    midnight, _ = hours.local_day(at, inputs.zone)
    length = timedelta(minutes=inputs.queue.rules.interval_minutes)
    return midnight + (at - midnight) // length * length, length.total_seconds()


def _window(recent: Sequence[Interval], as_of: datetime) -> tuple[list[tuple[Interval, float]], float]:
    """What utilization looks at: the interval to date, or in its first minutes the trailing quarter of an hour
    (DOMAIN 3.2)."""
    newest = recent[-1]
    elapsed = (min(as_of, newest.end) - newest.start).total_seconds()
    window, seconds, since = [(newest, 1.0)], elapsed, as_of - timedelta(seconds=TRAILING_SECONDS)
    if elapsed >= SHORT_SECONDS:
        return window, seconds
    for earlier in reversed(recent[:-1]):
        within = (earlier.end - max(since, earlier.start)).total_seconds()
        if within > 0:
            window.append((earlier, within / (earlier.end - earlier.start).total_seconds()))
            seconds += within
    return window, seconds


def _stale(inputs: QueueInputs, state: State) -> bool:
    if state.as_of is None or inputs.queue.closed_until is not None:
        return False
    return state.at > state.as_of + fresh_for(inputs)


def fresh_for(inputs: QueueInputs) -> timedelta:
    """How long a measurement counts as fresh: three cadences of the feed."""
    return cadence.fresh_for(inputs.queue.rules.cadence_seconds or inputs.queue.feed.cadence_seconds)


def _calls(inputs: QueueInputs, state: State) -> tuple[float | None, float]:
    """Contacts expected in the interval: the forecast, corrected by the run of the day's completed intervals, and by
    that of the interval itself where it leaves the noise behind; without a forecast the run of the window alone. And
    the day's correction."""
    if state.expected is None:
        return _run_of_window(state), 1.0
    day = inputs.day
    ratio = formulas.reforecast_ratio(actual=day.compared or 0.0, forecast=day.forecast or 0.0)
    calls = _forecast(state.expected, state.interval_seconds) * ratio
    newest = state.newest
    if newest is None or newest.start != state.start or state.stale:
        return calls, ratio
    share = formulas.elapsed_share(
        start=newest.start.timestamp(), interval_seconds=state.interval_seconds, as_of=newest.as_of.timestamp()
    )
    if share * state.interval_seconds < SHORT_SECONDS:
        return calls, ratio
    if formulas.reforecast_ratio(actual=newest.offered, forecast=calls * share) != 1.0:
        calls = newest.offered / share
    return calls, ratio


def _run_of_window(state: State) -> float | None:
    if state.stale:
        return None
    offered = sum(part * interval.offered for interval, part in state.window)
    return formulas.prorated(count=offered, share=state.window_seconds / state.interval_seconds)


def _forecast(expected: Expected, interval_seconds: float) -> float:
    """For the queue's interval, should the planners' be longer or shorter."""
    return expected.offered * interval_seconds / (expected.end - expected.start).total_seconds()


def _aht_seconds(inputs: QueueInputs, state: State) -> float | None:
    """Of the last hour if it had enough contacts, else the forecast's, else the setting's (DOMAIN 1.4)."""
    planned = (state.expected.aht_seconds if state.expected is not None else None) or state.rules.aht_seconds
    if state.as_of is None:
        return planned
    hour = [interval for interval in inputs.recent if interval.end > state.as_of - AHT_WINDOW]
    found = formulas.aht_seconds(
        handle_seconds=sum(interval.handle_seconds for interval in hour),
        handled=sum(interval.answered for interval in hour),
        forecast_aht_seconds=planned,
    )
    return found or planned


def measure(inputs: QueueInputs, state: State) -> None:
    """The sums of what callers met and of how busy agents were.

    Nobody waits on the line for work that is deferred: it has volume and handling time, but no service level, speed of
    answer or callers waiting. How old its items are and how many are within their SLA is its backlog's to say, and what
    may become of them its risk's (DOMAIN 1.8, 3.3).
    """
    sums, newest, rules = state.sums, state.newest, state.rules
    sums.interval_start = state.start
    sums.volume_forecast = state.expected is not None
    if newest is None and state.expected is not None:
        sums.forecast = _forecast(state.expected, state.interval_seconds)
    if not rules.deferred:
        _measure_day(inputs, state)
    if newest is None or state.as_of is None:
        return
    sums.offered, sums.answered, sums.abandoned = newest.offered, newest.answered, newest.abandoned
    sums.handled_seconds = newest.handle_seconds
    if not state.stale:
        sums.agents_on_shift = newest.agents
    if not rules.deferred:
        _measure_waits(state, newest)
    _compare(inputs, state, newest, state.as_of)
    _measure_window(state)


def _compare(inputs: QueueInputs, state: State, newest: Interval, as_of: datetime) -> None:
    """With the forecast of the very interval that was measured: the running one, or the one that ended last."""
    sums, expected = state.sums, state.expected if newest.start == state.start else inputs.compared
    if expected is None:
        return
    seconds = (newest.end - newest.start).total_seconds()
    sums.forecast = _forecast(expected, seconds)
    elapsed = (min(as_of, newest.end) - newest.start).total_seconds()
    sums.compared, sums.forecast_so_far = newest.offered, sums.forecast * elapsed / seconds


def _measure_waits(state: State, newest: Interval) -> None:
    sums, rules = state.sums, state.rules
    past_target = int(not state.stale and (newest.longest_wait_seconds or 0) > rules.target_seconds)
    sums.in_target, sums.judged = judged(newest, rules, waiting_past_target=past_target)
    if newest.wait_seconds is not None:
        sums.wait_seconds, sums.waited = newest.wait_seconds, newest.answered
    if not state.stale:
        sums.waiting_now, sums.longest_wait_seconds = newest.waiting_now, newest.longest_wait_seconds


def _measure_window(state: State) -> None:
    sums, window = state.sums, state.window
    sums.window_seconds = state.window_seconds
    sums.handle_seconds = sum(part * each.handle_seconds for each, part in window)
    sums.ready_seconds = sums.handle_seconds + sum(part * each.available_seconds for each, part in window)
    paid = [part * each.paid_seconds for each, part in window if each.paid_seconds is not None]
    if len(paid) == len(window):
        other = sum(part * (each.other_productive_seconds or 0.0) for each, part in window)
        # Who handles a contact in a state of her own is counted in both: no more is productive than was paid.
        sums.paid_seconds = sum(paid)
        sums.productive_seconds = min(sums.handle_seconds + other, max(sums.paid_seconds, sums.handle_seconds))


def _measure_day(inputs: QueueInputs, state: State) -> None:
    """The day's service level, and what the rest of the day would have to bring to reach its target (DOMAIN 1.9)."""
    sums, day, target = state.sums, inputs.day, state.rules.target_service_level
    if not day.offered and not day.answered and not day.abandoned:
        return
    sums.day_in_target, sums.day_judged = judged(day, state.rules)
    rest = _rest_of_day(inputs, state)
    if rest is not None and sums.day_judged is not None:
        sums.day_goal, sums.day_rest = target * (sums.day_judged + rest), rest
        sums.day_goal_judged, sums.day_goal_in_target = sums.day_judged, sums.day_in_target


def _rest_of_day(inputs: QueueInputs, state: State) -> float | None:
    """Contacts still to come today: of this interval what is left of it, of the later ones the corrected forecast."""
    if inputs.rest is None and state.expected is None:
        return None
    left = 0.0
    if state.expected is not None and state.calls is not None:
        gone = (state.at - state.start).total_seconds() / state.interval_seconds
        left = state.calls * (1 - min(1.0, gone))
    return left + (inputs.rest or 0.0) * state.ratio


def judged(counts: Interval | Day, rules: Rules, *, waiting_past_target: int = 0) -> tuple[float | None, float | None]:
    """Contacts in target, and the contacts that they are a share of, by the queue's abandon policy; None of none."""
    early = counts.abandoned_in_target or 0
    level = formulas.measured_service_level(
        answered=counts.answered,
        answered_in_target=counts.answered_in_target,
        abandoned=counts.abandoned,
        abandoned_in_target=early,
        policy=rules.abandon_policy,
        waiting_past_target=waiting_past_target,
    )
    if level is None:
        return None, None
    left_out = early if rules.abandon_policy == "ignore" else 0
    counted = counts.answered + counts.abandoned + waiting_past_target - left_out
    return level * counted, counted
