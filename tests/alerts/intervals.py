"""Intervals of a day as a feed posts them, and a rule on them."""

from typing import Any

from tests.alerts.world import at
from tests.kpi.posting import interval

RULE: dict[str, Any] = {
    "metric": "service.closed_shortfall_points",
    "threshold": 5,
    "clear_threshold": 0,
    "recover_for_seconds": 0,
}


def measured(minutes: float, in_target: int, *, until: float = 30, **fields: Any) -> dict[str, Any]:
    """Half an hour of 100 contacts from so many minutes after ten, measured for so long; the target is 80 %."""
    row = interval(minutes=minutes, length=30, **fields)
    as_of = at(60 * (minutes + until)).isoformat()
    return {**row, "as_of": as_of, "offered": 100, "answered": 100, "answered_in_target": in_target, "abandoned": 0}
