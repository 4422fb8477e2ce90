"""A queue at an instant, as measured: its interval, window, handling time, callers waiting. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intraday.values import cadence
from kpi import formulas, hours
from kpi.pipeline.inputs import Day, Expected, Interval, QueueInputs, Rules
from kpi.pipeline.spans import expected_between

SHORT_SECONDS = 300
TRAILING_SECONDS = 900
AHT_WINDOW = timedelta(hours=1)
Window = Sequence[tuple[Interval, float]]
"""Intervals, and the part of each that is looked at."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`start` and `interval_seconds` are of the running interval, `expected` is its forecast. `elapsed_seconds` is the
    part of it that was measured, 0 where the newest row is of an earlier one. AHT is contact time, in seconds."""

    inputs: QueueInputs
    at: datetime
    start: datetime
    interval_seconds: float
    newest: Interval | None
    as_of: datetime | None
    fresh_for: timedelta
    stale: bool
    expected: Expected | None
    elapsed_seconds: float
    aht_seconds: float | None
    window: Window
    window_seconds: float
    waiting_past_target: int

    @property
    def rules(self) -> Rules:
        return self.inputs.queue.rules

    @property
    def trust_run(self) -> bool:
        """Return whether the contacts of the running interval tell the demand: not if a drop touches it."""
        return not self.inputs.day.dropped

    @property
    def running(self) -> Interval | None:
        """The newest row, if it is of the running interval."""
        return self.newest if self.newest is not None and self.newest.start == self.start else None


def measure(inputs: QueueInputs, at: datetime) -> Measured:
    newest = inputs.recent[-1] if inputs.recent else None
    start, seconds = _running_interval(inputs, newest, at)
    as_of = None if newest is None else min(newest.as_of, at)
    window, window_seconds = ([], 0.0) if newest is None or as_of is None else _window(inputs.recent, as_of)
    expected = expected_between(inputs.forecasts, start, start + timedelta(seconds=seconds))
    fresh_for = cadence.fresh_for(inputs.queue.rules.cadence_seconds or inputs.queue.feed.cadence_seconds)
    measured_now = newest is not None and newest.start == start
    return Measured(
        inputs=inputs,
        at=at,
        start=start,
        interval_seconds=seconds,
        newest=newest,
        as_of=as_of,
        fresh_for=fresh_for,
        stale=as_of is not None and inputs.queue.closed_until is None and at > as_of + fresh_for,
        expected=expected,
        elapsed_seconds=max(0.0, (as_of - start).total_seconds()) if measured_now and as_of is not None else 0.0,
        aht_seconds=_aht_seconds(inputs, as_of, expected),
        window=window,
        window_seconds=window_seconds,
        waiting_past_target=0 if newest is None else waiting_past_target(newest, inputs.queue.rules.target_seconds),
    )


def _running_interval(inputs: QueueInputs, newest: Interval | None, at: datetime) -> tuple[datetime, float]:
    """The interval that the instant lies in, by the feed, else by the forecast, else by the queue's settings."""
    for known in (newest, *reversed(inputs.forecasts)):
        if known is not None and known.start <= at < known.end:
            return known.start, (known.end - known.start).total_seconds()
    midnight, _ = hours.local_day(at, inputs.zone)
    length = timedelta(minutes=inputs.queue.rules.interval_minutes)
    return midnight + (at - midnight) // length * length, length.total_seconds()


def _window(recent: Sequence[Interval], as_of: datetime) -> tuple[Window, float]:
    """The time that utilization looks at: the interval to date, or in its first minutes the trailing quarter of an
    hour (DOMAIN 3.2)."""
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


def _aht_seconds(inputs: QueueInputs, as_of: datetime | None, expected: Expected | None) -> float | None:
    """The handling time of the last hour if it had enough contacts, else the forecast's, else the setting's (DOMAIN
    1.4)."""
    planned = (expected.aht_seconds if expected is not None else None) or inputs.queue.rules.aht_seconds
    if as_of is None:
        return planned
    hour = [interval for interval in inputs.recent if interval.end > as_of - AHT_WINDOW]
    found = formulas.aht_seconds(
        handle_seconds=sum(interval.handle_seconds for interval in hour),
        handled=sum(interval.answered for interval in hour),
        forecast_aht_seconds=planned,
    )
    return found or planned


def waiting_past_target(row: Interval, target_seconds: float) -> int:
    """Callers who still wait and have waited longer than the target (DOMAIN 1.3).

    A feed that counts them is believed. Else arrivals are spread evenly over the longest wait; at least one waits too
    long if the longest wait says so.
    """
    if row.waiting_past_target is not None:
        return row.waiting_past_target
    longest = row.longest_wait_seconds or 0.0
    if longest <= target_seconds:
        return 0
    waiting = 1 if row.waiting_now is None else row.waiting_now
    return min(waiting, max(1, math.floor(waiting * (longest - target_seconds) / longest + 0.5)))


def judged(counts: Interval | Day, rules: Rules, *, waiting_past_target: int = 0) -> tuple[float, float]:
    """Contacts in target, and those that they are a share of, by the queue's abandon policy (DOMAIN 1.3).

    Callers who still wait past the target are missed at once.
    """
    early = counts.abandoned_in_target or 0
    met = counts.answered_in_target + (early if rules.abandon_policy == "positive" else 0)
    left_out = early if rules.abandon_policy == "ignore" else 0
    return float(met), float(counts.answered + counts.abandoned + waiting_past_target - left_out)
