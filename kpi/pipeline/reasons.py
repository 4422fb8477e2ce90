"""The reason why a field of a figure is null, in words for the people who see a dash. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from kpi.pipeline.part import Part

CLOSED = "the queue is closed"
ALL_CLOSED = "all queues are closed"
NOT_INSIDE = "no queue inside has it"
DIFFERS = "the queues differ in it, or none has it"
DEFERRED = "deferred work has none: its backlog says how old its items are and how many are within their SLA"
VOLUME = "volume_implausibly_low"
NOT_MEASURED = "no interval statistics of the last two hours"
JUDGED = ("headcount_gap", "sla_risk")

_PAID = "the feed does not say what time was paid, or none was"
_READY = "nobody was ready for contacts"
_HEADS = "neither fresh figures of the ACD nor attendance tell it"
_REQUIRED = "neither a forecast nor measured contacts tell the volume"
_GAP = "required or available agents are unknown"
_RISK = "contacts expected, handling time or agents are unknown"
_DAY = "no contacts so far today"
_REST = "no contacts so far today, or no forecast for its rest"
_FORECAST = "no forecast for the newest measured interval"
_COMPARED = "no time of today is both measured and forecast"
_NOBODY = "no contacts in this interval"
_LIVE = "the feed does not say it, or is stale"

_TEXTS: dict[str, dict[str, str]] = {
    "utilization": {
        "current_utilization": _PAID,
        "occupancy": _READY,
        "status": _READY,
        "productive_seconds": _PAID,
        "paid_seconds": _PAID,
        "handle_seconds": NOT_MEASURED,
        "ready_seconds": NOT_MEASURED,
        "agents_on_shift": _HEADS,
        "window_seconds": NOT_MEASURED,
    },
    "headcount_gap": {
        "required": _REQUIRED,
        "scheduled": "neither the forecast nor shifts tell it",
        "available": _HEADS,
        "available_source": _HEADS,
        "gap": _GAP,
        "shortfall": _GAP,
        "gap_percent": f"{_GAP}, or nobody is required",
        "status": f"{_GAP}, or no volume is forecast",
        "method": _REQUIRED,
        "interval_start": "the queues' intervals differ",
        "short_percent": f"{_GAP}, or nobody is required",
    },
    "sla_risk": {
        "risk_score": _RISK,
        "risk_level": _RISK,
        "projected_service_level": _RISK,
        "target_service_level": _RISK,
        "target_seconds": _RISK,
        "projected_asa_seconds": f"{_RISK}, or the queue grows without end",
        "unstable": _RISK,
        "projected_queue_end": _RISK,
        "day_service_level": _DAY,
        "day_required_rest": _REST,
        "day_recoverable": _REST,
        "method": _RISK,
        "outlook_risk": f"{_RISK}, or no contact is expected",
        "required_rest": f"{_RISK}, or no contact is to come in this interval",
        "day_recovery_probability": f"{_REST}, or the heads of its intervals are unknown",
    },
    "service": {
        "offered": NOT_MEASURED,
        "forecast": _FORECAST,
        "volume_variance_percent": _COMPARED,
        "answered": NOT_MEASURED,
        "abandoned": NOT_MEASURED,
        "abandon_rate": _NOBODY,
        "service_level": _NOBODY,
        "day_service_level": _DAY,
        "asa_seconds": "nobody was answered in this interval, or the feed does not say how long they waited",
        "aht_seconds": "nobody was answered in this interval",
        "waiting_now": _LIVE,
        "longest_wait_seconds": _LIVE,
        "interval_start": "the queues' intervals differ",
        "service_level_answered": "nobody was answered in this interval",
        "waiting_past_target": NOT_MEASURED,
        "forecast_so_far": _FORECAST,
        "expected": _REQUIRED,
        "reforecast_ratio": _FORECAST,
        "day_offered": _COMPARED,
        "day_forecast": _COMPARED,
    },
}
_OF_CALLERS = {
    "service_level",
    "day_service_level",
    "day_required_rest",
    "day_recoverable",
    "asa_seconds",
    "waiting_now",
    "longest_wait_seconds",
    "outlook_risk",
    "required_rest",
    "day_recovery_probability",
    "service_level_answered",
    "waiting_past_target",
    "reforecast_ratio",
}
_LABELS = {"available_source", "method", "target_seconds", "interval_start"}
# If the feed measured nothing, that is the reason for all fields of these blocks but a few.
_MEASURED = {"utilization", "service"}
_NOT_OF_INTERVALS = {
    "agents_on_shift",
    "forecast",
    "day_service_level",
    "waiting_now",
    "longest_wait_seconds",
    "expected",
    "volume_variance_percent",
    "day_offered",
    "day_forecast",
    "reforecast_ratio",
}


def reasons(
    blocks: Mapping[str, Struct], health_score: float | None, part: Part, *, above_queues: bool
) -> dict[str, str]:
    """Return the reason of each null field, by its path."""
    found = {}
    for name, block in blocks.items():
        for field, text in _TEXTS[name].items():
            if getattr(block, field) is None:
                found[f"{name}.{field}"] = _why(name, field, text, part, above_queues)
    if health_score is None:
        found["health_score"] = _why_no_health(part, above_queues)
    if part.quality == "suspect":
        found["quality"] = VOLUME
    if part.as_of is None:
        found["as_of"] = found["data_age_seconds"] = "nothing was measured"
    return found


def _why_no_health(part: Part, above_queues: bool) -> str:
    if part.closed_until:
        return ALL_CLOSED if above_queues else CLOSED
    return VOLUME if part.quality == "suspect" else "neither risk, staffing nor occupancy is known"


def _why(block: str, field: str, text: str, part: Part, above_queues: bool) -> str:
    if part.closed_until and block in JUDGED:
        return ALL_CLOSED if above_queues else CLOSED
    if above_queues:
        return DIFFERS if field in _LABELS else NOT_INSIDE
    if part.is_deferred and field in _OF_CALLERS:
        return DEFERRED
    if field in part.why:
        return part.why[field]
    if block in _MEASURED and part.totals.offered is None and field not in _NOT_OF_INTERVALS:
        return NOT_MEASURED
    return text
