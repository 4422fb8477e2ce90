"""Conditions of advice: a queue in trouble, a change that helps it, a queue that can give people away. Pure."""

from intraday.values.rounding import ratio
from kpi.day.outcomes import Outcome
from kpi.pipeline.inputs import Rules, Thresholds
from kpi.pipeline.queue_totals import AT_RISK

LEAST_INTERVAL_GAIN = 0.01
LEAST_DAY_GAIN = 0.001
LEAST_RISK_FALL = 0.05
"""Shares. What changes less is not worth moving anybody."""
DEAD_BAND_HEADS, DEAD_BAND_SHARE = 1.0, 0.05
HAIR = 1e-9


def is_met(level: float | None, rules: Rules) -> bool:
    return level is not None and level >= rules.target_service_level - HAIR


def in_trouble(found: Outcome, rules: Rules, thresholds: Thresholds) -> bool:
    """Return whether the interval or the next one will probably be missed, or heads are missing."""
    missed = (found.risk or 0.0) >= AT_RISK and not is_met(found.interval_level, rules)
    return missed or not is_calm(found, thresholds)


def is_calm(found: Outcome, thresholds: Thresholds) -> bool:
    """Return whether the next interval will probably be met, with heads enough."""
    return (found.outlook_risk or 0.0) < AT_RISK and not is_short(found, thresholds)


def is_short(found: Outcome, thresholds: Thresholds) -> bool:
    """Return whether so many heads are missing that the state of the queue is at risk (DOMAIN 3.3, 3.14)."""
    if found.agents is None or found.required is None:
        return False
    missing = found.required - found.agents
    if missing <= max(DEAD_BAND_HEADS, DEAD_BAND_SHARE * found.required):
        return missing > 0 and found.agents == 0
    return missing * 100 >= thresholds.at_risk_shortage * found.required


def breaks_target(before: Outcome, after: Outcome, rules: Rules) -> bool:
    """Return whether a target that was met is no longer: of the interval or of the day."""
    pairs = ((before.interval_level, after.interval_level), (before.day_level, after.day_level))
    return any(is_met(was, rules) and not is_met(is_now, rules) for was, is_now in pairs)


def helps(before: Outcome, after: Outcome) -> bool:
    return (
        _rise(before.interval_level, after.interval_level) >= LEAST_INTERVAL_GAIN
        or _rise(before.day_level, after.day_level) >= LEAST_DAY_GAIN
        or _rise(after.outlook_risk, before.outlook_risk) >= LEAST_RISK_FALL
    )


def harms(before: Outcome, after: Outcome) -> bool:
    """Return whether a queue in trouble would end its interval or its day worse than it is."""
    return (
        _rise(before.interval_level, after.interval_level) < -HAIR or _rise(before.day_level, after.day_level) < -HAIR
    )


def can_give(found: Outcome, rules: Rules, thresholds: Thresholds) -> bool:
    """Return whether a queue stays within its target: interval, next interval and day, without missing heads."""
    day = found.day_level is None or is_met(found.day_level, rules)
    return is_met(found.interval_level, rules) and day and is_calm(found, thresholds)


def has_spare(found: Outcome, rules: Rules, thresholds: Thresholds) -> bool:
    """Return whether nobody who is left would be missed."""
    enough = found.agents is not None and found.required is not None and found.agents >= found.required
    return enough and can_give(found, rules, thresholds)


def coverage(found: Outcome) -> float:
    return ratio(found.agents, found.required) or 0.0


def _rise(before: float | None, after: float | None) -> float:
    return 0.0 if before is None or after is None else after - before
