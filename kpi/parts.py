"""What one queue adds up to, and how far that can be trusted. Pure."""

from datetime import datetime, timedelta

import structlog

from intraday import cadence
from kpi.compute import State, fresh_for, measure, state_of
from kpi.known import QueueInputs, Waiting
from kpi.staffing import count_heads, judge
from kpi.sums import Part, Quality, Sums

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(days=1)
"""How long a feed that fell silent counts as stale; later it counts as none."""


def part_of(inputs: QueueInputs, at: datetime) -> Part:
    """What is known of a queue at that instant. Figures that no formula takes must not stop those of others."""
    queue = inputs.queue
    try:
        return _worked_out(inputs, at)
    except (ArithmeticError, ValueError):
        log.exception("queue_not_worked_out", scope=str(queue.scope))
        return Part(Sums(), "no_data", None, None, queue.closed_until, deferred=queue.rules.deferred)


def _worked_out(inputs: QueueInputs, at: datetime) -> Part:
    state = state_of(inputs, at)
    measure(inputs, state)
    closed_until = inputs.queue.closed_until
    if closed_until is None:
        count_heads(state, inputs.on_shift)
        judge(state, inputs.waiting)
    as_of, fresh_until = _freshness(inputs, state)
    quality: Quality = "ok" if closed_until else _quality(inputs, state, as_of, fresh_until)
    why = _why(state, inputs.waiting)
    return Part(state.sums, quality, as_of, fresh_until, closed_until, why, deferred=state.rules.deferred)


def _freshness(inputs: QueueInputs, state: State) -> tuple[datetime | None, datetime | None]:
    """The time of the newest measurement, and until when it counts as fresh. Of work that can wait the backlog is
    the measurement."""
    waiting, feed, at = inputs.waiting, inputs.queue.feed, state.at
    if state.rules.deferred and waiting is not None:
        fresh_for_backlog = cadence.fresh_for(state.rules.cadence_seconds or waiting.cadence_seconds)
        return waiting.time, waiting.time + fresh_for_backlog
    as_of = state.as_of
    if as_of is None and feed.as_of is not None and at - REMEMBERED < feed.as_of <= at:
        as_of = feed.as_of
    return as_of, None if as_of is None else as_of + fresh_for(inputs)


def _quality(inputs: QueueInputs, state: State, as_of: datetime | None, fresh_until: datetime | None) -> Quality:
    sums = state.sums
    if as_of is None:
        return "partial" if sums.available is not None else "no_data"
    if fresh_until is not None and state.at > fresh_until:
        return "stale"
    planned = state.expected is not None or state.rules.deferred
    return "ok" if planned and sums.required is not None and sums.available is not None else "partial"


def _why(state: State, waiting: Waiting | None) -> dict[str, str]:
    """What a dash on the wall is due to, where the feeds' state tells it better than the field's name."""
    sums = state.sums
    told: dict[str, str] = {}
    if sums.unstable:
        told["projected_asa_seconds"] = "the queue grows without end"
    if sums.required is None and (state.rules.deferred or state.calls is not None):
        told["required"] = told["method"] = _why_not_required(state, waiting)
    return told


def _why_not_required(state: State, waiting: Waiting | None) -> str:
    if state.aht_seconds is None:
        return "no handling time"
    return "no backlog" if state.rules.deferred and waiting is None else "too many to be believed"
