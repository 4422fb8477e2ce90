"""Describe rules and alerts in sentences. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alerts.rules.catalogue import Metric
from alerts.rules.machine import Value

COMPARED = {">": "over", ">=": "at least", "<": "under", "<=": "at most", "==": "", "!=": "not"}
SINGULAR = {"people": "person"}


def format_span(seconds: float) -> str:
    """Format as 45 s, 10 min, 90 min, 2 h or 3 d: in the largest unit that divides the span."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(instant: datetime, now: datetime) -> str:
    """Format the time since the instant roughly: 20 s ago, 5 min ago, 3 h ago, 2 d ago."""
    seconds = max(timedelta(), now - instant).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def format_value(value: Value | None, unit: str) -> str:
    """Format as 95.3 %, 1 person, 12 minutes or critical understaffed."""
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return value.replace("_", " ")
    if unit.startswith("percent"):
        return f"{_number(value)} %{unit.removeprefix('percent')}"
    return f"{_number(value)} {_counted(unit, value)}".strip()


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _counted(noun: str, count: float) -> str:
    """Put the noun into the singular for a count of one: 'items waiting' becomes 'item waiting'."""
    plural, _, rest = noun.partition(" ")
    if abs(count) != 1 or not plural:
        return noun
    return " ".join(filter(None, [SINGULAR.get(plural, plural.removesuffix("s")), rest]))


def _is_count(metric: Metric) -> bool:
    """Return whether the label names the things counted, as in 'people late': such a figure needs no unit."""
    return bool(metric.unit) and metric.unit in metric.label.split()


def bound(operator: str, threshold: Value, unit: str) -> str:
    compared = "exactly" if operator == "==" and not isinstance(threshold, str) else COMPARED[operator]
    return f"{compared} {format_value(threshold, unit)}".strip()


def describe_condition(metric: Metric, operator: str, threshold: Value, for_seconds: int) -> str:
    """Describe as 'occupancy is over 92 % for 10 min' or 'no-shows are at least 1'."""
    held = f" for {format_span(for_seconds)}" if for_seconds else ""
    verb = "are" if _is_count(metric) else "is"
    return f"{metric.label} {verb} {_bound(metric, operator, threshold)}{held}"


def _bound(metric: Metric, operator: str, threshold: Value) -> str:
    return bound(operator, threshold, "" if _is_count(metric) else metric.unit)


def fired(place: str, metric: Metric, operator: str, threshold: Value, for_seconds: int, value: Value | None) -> str:
    """Describe as 'support: occupancy is 95.3 % (over 92 % for 10 min)' or 'dept_789: 1 no-show (at least 1)'."""
    held = f" for {format_span(for_seconds)}" if for_seconds else ""
    limits = f" ({_bound(metric, operator, threshold)}{held})" if not metric.values else held
    said = (
        format_value(value, metric.label)
        if _is_count(metric)
        else f"{metric.label} is {format_value(value, metric.unit)}"
    )
    return f"{place}: {said}{limits}"


def no_data(place: str, metric: Metric, seconds: int) -> str:
    return f"{place}: no value of {metric.label} for {format_span(seconds)}"


def describe_rule(fields: Mapping[str, Any], metric: Metric) -> str:
    """Describe a rule in sentences."""
    parts = [f"For {_where(fields)}: when {_condition(fields, metric)}, raise a {fields['severity']} alert."]
    if fields["auto_resolve"]:
        recover = fields["recover_for_seconds"]
        when = f"after {format_span(recover)}" if recover else "as soon as it is"
        parts.append(f"It is over {when}{_healthy(fields, metric)}.")
    else:
        parts.append("It stays open until somebody resolves it.")
    parts += [_step(step) for step in fields["escalation"]]
    return " ".join(parts)


def _step(step: Mapping[str, Any]) -> str:
    graver = f" and raise it to {step['raise_severity']}" if step.get("raise_severity") else ""
    return f"After {format_span(step['after_seconds'])} unattended, tell {step['to']}{graver}."


def _condition(fields: Mapping[str, Any], metric: Metric) -> str:
    return describe_condition(metric, fields["operator"], fields["threshold"], fields["for_seconds"])


def _where(fields: Mapping[str, Any]) -> str:
    department, queue = fields["department_id"], fields["queue_name"]
    inside = f" in {department}" if department else ""
    if fields["evaluate_each"] == "organization":
        return "the organization as a whole"
    if fields["evaluate_each"] == "department":
        return department or "each department"
    return f"{queue or 'each queue'}{inside}"


def _healthy(fields: Mapping[str, Any], metric: Metric) -> str:
    clear = fields["clear_threshold"]
    if clear is None:
        return " within bounds"
    side = {">": "at most", ">=": "under", "<": "at least", "<=": "over"}[fields["operator"]]
    return f" {side} {format_value(clear, '' if _is_count(metric) else metric.unit)}"
