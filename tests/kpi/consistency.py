"""Checks that the figures of one instant do not contradict each other. They read figures as they are sent."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Sent = Mapping[str, Any]

PERCENT = {
    "utilization": ("current_utilization", "occupancy"),
    "headcount_gap": ("short_percent",),
    "sla_risk": (
        "risk_score",
        "projected_service_level",
        "target_service_level",
        "day_service_level",
        "outlook_risk",
        "day_recovery_probability",
    ),
    "service": ("abandon_rate", "service_level", "day_service_level", "service_level_answered"),
    "health": ("sla", "staffing", "utilization"),
    "deferred": ("risk_score",),
}
WORST_FIRST = ("critical", "at_risk", "stale", "unknown", "ok", "closed")
REASONED = ("utilization", "headcount_gap", "sla_risk", "service")
NOT_NEGATIVE = {
    "headcount_gap": ("required", "scheduled", "available", "shortfall"),
    "sla_risk": ("projected_asa_seconds", "projected_queue_end"),
    "service": ("expected", "forecast", "forecast_so_far", "day_offered", "day_forecast", "waiting_past_target"),
}


def check_figure(sent: Sent) -> None:
    """Check one figure by itself."""
    for path, value in numbers(sent):
        assert math.isfinite(value), path
    for block, names in PERCENT.items():
        for name in names:
            value = sent.get(block, {}).get(name)
            assert value is None or 0 <= value <= 100, (block, name, value)
    for block, names in NOT_NEGATIVE.items():
        for name in names:
            value = sent[block][name]
            assert value is None or value >= 0, (block, name, value)
    check_reasons(sent)
    check_heads(sent)
    check_risk(sent)
    check_state(sent)


def numbers(sent: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(sent, Mapping):
        for name, value in sent.items():
            yield from numbers(value, f"{path}.{name}")
    elif isinstance(sent, list):
        for place, value in enumerate(sent):
            yield from numbers(value, f"{path}[{place}]")
    elif isinstance(sent, float | int):
        yield path, sent


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield each field in which two figures differ, with both values."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted({*one, *other}, key=str):
            yield from differences(one.get(name), other.get(name), f"{path}.{name}")
    elif one != other:
        yield f"{path}: {one!r} | {other!r}"


def check_reasons(sent: Sent) -> None:
    """Every null has a reason, and only nulls have one (and a quality that is suspect)."""
    nulls = {f"{block}.{name}" for block in REASONED for name, value in sent[block].items() if value is None}
    nulls |= {name for name in ("health_score", "as_of", "data_age_seconds") if sent[name] is None}
    nulls |= {"quality"} if sent["quality"] == "suspect" else set()
    assert set(sent.get("reasons", {})) == nulls
    assert all(sent.get("reasons", {}).values())


def check_heads(sent: Sent) -> None:
    gap = sent["headcount_gap"]
    required, available, short, status = (gap[name] for name in ("required", "available", "short_percent", "status"))
    if gap["gap"] is not None:
        assert gap["shortfall"] == max(0, -gap["gap"])
    if status == "balanced" and short is not None:
        assert short == 0
    if short:
        assert status in ("understaffed", "critical_understaffed")
    if short == 0:
        assert status in ("balanced", "overstaffed")
    if required and available == 0:
        assert status == "critical_understaffed", gap


def check_risk(sent: Sent) -> None:
    risk = sent["sla_risk"]
    levels = [("low", 0), ("medium", 45), ("high", 65), ("critical", 85)]
    if risk["risk_score"] is None:
        assert risk["risk_level"] is None
    elif all(abs(risk["risk_score"] - limit) > 0.01 for _, limit in levels):  # rounding
        assert risk["risk_level"] == [name for name, limit in levels if risk["risk_score"] >= limit][-1]


def check_state(sent: Sent) -> None:
    state, quality, score = sent["state"], sent["quality"], sent["health_score"]
    level, reasons = state["level"], state["reasons"]
    if level == "critical":
        assert score is None or score <= 40
    if level == "at_risk":
        assert score is None or score <= 79
    if score is not None and sent["health"]["cap_reason"] is not None:
        assert sent["health"]["cap_reason"] == level
    if quality == "suspect":
        assert score is None
        assert level == "critical"
        assert "volume" in sent
    assert (level == "closed") == ("closed_until" in sent)
    assert [reason["level"] for reason in reasons] == sorted((r["level"] for r in reasons), key=WORST_FIRST.index)
    if level in ("ok", "closed"):
        assert not [reason for reason in reasons if level == "ok"]
    else:
        assert reasons, level
        assert reasons[0]["level"] == level
    broken = [each for each in state["components"].values() if each in ("critical", "at_risk")]
    if broken:
        assert level == min(broken, key=WORST_FIRST.index)
    elif level in ("critical", "at_risk"):
        raise AssertionError(f"{level} without a component that is")


def check_nobody_there(sent: Sent) -> None:
    """Check that a queue without anybody is critical at once, whatever else is known."""
    gap = sent["headcount_gap"]
    if gap["required"] and gap["available"] == 0 and sent["quality"] != "suspect":
        assert sent["state"]["level"] == "critical"
        assert "nobody_there" in [reason["code"] for reason in sent["state"]["reasons"]]
        assert gap["status"] == "critical_understaffed"


def check_heads_above(level: Sent, queues: Sequence[Sent], people: int | None) -> None:
    """People are counted once; the gap is that of the queues, and of the heads by which the level differs."""
    gap = level["headcount_gap"]
    heads = [each["available"] for each in queues if each["available"] is not None]
    if gap["available_source"] == "attendance":
        assert people is not None
        assert gap["available"] <= people, (gap, people)
    if gap["available_source"] == "acd":
        assert gap["available"] >= sum(heads)  # and people in no queue
    if gap["available"] is None:
        assert not heads
    known = [each["gap"] for each in queues if each["gap"] is not None]
    if known and gap["available"] == sum(heads) and gap["available_source"] != "feed":
        assert gap["gap"] == sum(known)


# --- a level and its queues ------------------------------------------------------------------------------------------
SUMS = {
    "headcount_gap": ("required", "scheduled"),
    "service": ("offered", "answered", "abandoned", "waiting_now", "waiting_past_target"),
}
OF_CALLERS = ("offered", "answered", "abandoned")


def check_level(level: Sent, queues: Sequence[tuple[Sent, bool]], people: int | None) -> None:
    """Check a level against its queues, each with whether its work is deferred, and the people that attendance sees."""
    check_heads_above(level, [queue["headcount_gap"] for queue, _ in queues], people)
    callers = [queue for queue, deferred in queues if not deferred]
    later = [queue for queue, deferred in queues if deferred]
    for block, names in SUMS.items():
        for name in names:
            inside = callers if block == "service" else [queue for queue, _ in queues]
            assert level[block][name] == total(inside, block, name), (block, name)
    if later:
        deferred = level["deferred"]
        assert deferred["queues"] == len(later)
        for block, name in (("service", "offered"), ("service", "answered")):
            assert deferred[name] == total(later, block, name), name
        for name in ("required", "available"):
            assert deferred[name] == total(later, "headcount_gap", name), name
        risks = [each["sla_risk"]["risk_score"] for each in later if each["sla_risk"]["risk_score"] is not None]
        assert deferred["risk_score"] == max(risks, default=None)
    else:
        assert "deferred" not in level
    check_rounded_sums(level, callers)
    check_state_above(level, [queue["state"] for queue, _ in queues])
    for name in ("risk_score", "outlook_risk"):
        risks = [queue["sla_risk"][name] for queue, _ in queues if queue["sla_risk"][name] is not None]
        assert level["sla_risk"][name] == max(risks, default=None), name


def check_rounded_sums(level: Sent, callers: Sequence[Sent]) -> None:
    for name in ("forecast", "forecast_so_far", "expected", "day_offered", "day_forecast"):
        said, found = level["service"][name], total(callers, "service", name)
        if said is None or found is None:
            assert said is found, name
        else:
            assert abs(said - found) <= 0.01 * len(callers), name


def total(queues: Sequence[Sent], block: str, name: str) -> Any:
    values = [queue[block][name] for queue in queues if queue[block][name] is not None]
    return sum(values) if values else None


def check_state_above(level: Sent, states: Sequence[Sent]) -> None:
    state = level["state"]
    found = [each["level"] for each in states]
    assert sum(state["queues"].values()) == len(states)
    assert state["queues"] == {name: found.count(name) for name in WORST_FIRST}
    own = ["critical"] if "volume" in level else []
    assert state["level"] == min([*found, *own], key=WORST_FIRST.index, default="unknown")
    assert (state["level"] == "closed") == (set(found) == {"closed"}), (state, found)
