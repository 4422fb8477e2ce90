"""Check the fields of a rule, the same for REST, the admin and the default rules. Pure: values in, errors out."""

import math
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alerts.choices import LEVELS, SEVERITIES, SOURCES, NoDataMode
from alerts.rules import catalogue, weekly_windows
from alerts.rules.catalogue import Metric
from alerts.rules.lifecycle import TIMERS_END
from alerts.rules.machine import OPERATORS
from intraday.values.names import is_printable

Fields = Mapping[str, Any]
Errors = dict[str, list[str]]

DEFAULTS: dict[str, Any] = {
    "alert_type": "",
    "clear_threshold": None,
    "evaluate_each": "queue",
    "department_id": "",
    "queue_name": "",
    "for_seconds": 0,
    "recover_for_seconds": 120,
    "cooldown_seconds": None,
    "no_data_mode": NoDataMode.KEEP_LAST.value,
    "no_data_for_seconds": 300,
    "auto_resolve": True,
    "escalation": (),
    "ack_timeout_seconds": None,
    "repeat_seconds": None,
    "active_hours": (),
    "time_zone": "",
    "runbook": "",
    "enabled": True,
}
REQUIRED = ("name", "source", "metric", "operator", "threshold", "severity")
FIELDS = (*REQUIRED, *DEFAULTS)

CONDITION_FIELDS = frozenset(
    {
        "source",
        "metric",
        "operator",
        "threshold",
        "clear_threshold",
        "evaluate_each",
        "department_id",
        "queue_name",
        "for_seconds",
        "recover_for_seconds",
        "no_data_mode",
        "no_data_for_seconds",
        "active_hours",
        "time_zone",
    }
)
"""An edit of one of these starts the evaluation of the rule anew (E12)."""

COOLDOWN_SECONDS = 300
LONGEST_SECONDS = 7 * 24 * 3600
LONGEST_TIMER_SECONDS = int(TIMERS_END.total_seconds())
MAX_STEPS = 10


def with_defaults(fields: Fields) -> dict[str, Any]:
    """Return all fields of a rule, those left out with their defaults."""
    whole = {**DEFAULTS, **fields}
    if whole["cooldown_seconds"] is None:
        whole["cooldown_seconds"] = 0 if whole.get("severity") == "critical" else COOLDOWN_SECONDS
    whole["alert_type"] = whole["alert_type"] or str(whole.get("metric", "")).rpartition(".")[2]
    whole["active_hours"], whole["escalation"] = list(whole["active_hours"]), list(whole["escalation"])
    return whole


def errors(fields: Fields) -> Errors:
    """Return the errors of a complete rule, by field; empty if it is valid."""
    found: Errors = {}
    for name, check in _CHECKS.items():
        if said := check(fields):
            found[name] = [said]
    if not found.keys() & {"source", "metric", "operator"}:
        found |= _of_metric(catalogue.find(fields["source"], fields["metric"]), fields)
    return found


def _choice(name: str, choices: Sequence[str]) -> Callable[[Fields], str]:
    return lambda fields: "" if fields.get(name) in choices else f"One of {', '.join(choices)}."


def _text(name: str, longest: int, *, needed: bool = False) -> Callable[[Fields], str]:
    def check(fields: Fields) -> str:
        value = fields.get(name, "")
        if not isinstance(value, str) or len(value) > longest or not (is_printable(value) and value == value.strip()):
            return f"Expected one line of at most {longest} characters, without blanks at the ends."
        return "Needed." if needed and not value else ""

    return check


def _seconds(name: str, least: int, most: int, *, optional: bool = False) -> Callable[[Fields], str]:
    def check(fields: Fields) -> str:
        value = fields[name]
        if value is None and optional:
            return ""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if whole and least <= value <= most else f"Whole seconds, {least} to {most}."

    return check


def _flag(name: str) -> Callable[[Fields], str]:
    return lambda fields: "" if isinstance(fields[name], bool) else "Expected true or false."


def _metric(fields: Fields) -> str:
    if fields.get("source") not in SOURCES:
        return ""
    try:
        catalogue.find(fields["source"], str(fields.get("metric", "")))
    except catalogue.UnknownMetricError as error:
        return str(error)
    return ""


def _active_hours(fields: Fields) -> str:
    try:
        weekly_windows.parse(fields["active_hours"])
    except ValueError as error:
        return str(error)
    return ""


def _time_zone(fields: Fields) -> str:
    name = fields["time_zone"]
    return (
        ""
        if not name or name in zoneinfo.available_timezones()
        else "This is not the name of a time zone. Expected one such as Europe/Berlin."
    )


def _place(fields: Fields) -> str:
    if fields["queue_name"] and fields["evaluate_each"] != "queue":
        return "A queue's name goes with evaluate_each: queue."
    return ""


def _department(fields: Fields) -> str:
    if fields["department_id"] and fields["evaluate_each"] == "organization":
        return "A department goes with evaluate_each: department or queue."
    return _text("department_id", 64)(fields)


def _escalation(fields: Fields) -> str:
    steps = fields["escalation"]
    if len(steps) > MAX_STEPS or not all(isinstance(step, Mapping) for step in steps):
        return f"At most {MAX_STEPS} steps, each with after_seconds and to."
    after = [step.get("after_seconds") for step in steps]
    if not all(isinstance(each, int) and 0 < each <= LONGEST_TIMER_SECONDS for each in after):
        return f"after_seconds: whole seconds, 1 to {LONGEST_TIMER_SECONDS}."
    if after != sorted(set(after)):
        return "Each step comes later than the one before."
    if not all(isinstance(step.get("to"), str) and 1 <= len(step["to"].strip()) <= 128 for step in steps):
        return "Each step says to whom, in at most 128 characters."
    severities = {step.get("raise_severity") or "low" for step in steps}
    return "" if severities <= set(SEVERITIES) else f"raise_severity: one of {', '.join(SEVERITIES)}."


_CHECKS: dict[str, Callable[[Fields], str]] = {
    "name": _text("name", 128, needed=True),
    "alert_type": _text("alert_type", 64, needed=True),
    "source": _choice("source", SOURCES),
    "metric": _metric,
    "operator": _choice("operator", tuple(OPERATORS)),
    "severity": _choice("severity", SEVERITIES),
    "evaluate_each": _choice("evaluate_each", LEVELS),
    "department_id": _department,
    "queue_name": lambda fields: _place(fields) or _text("queue_name", 128)(fields),
    "for_seconds": _seconds("for_seconds", 0, LONGEST_SECONDS),
    "recover_for_seconds": _seconds("recover_for_seconds", 0, LONGEST_SECONDS),
    "cooldown_seconds": _seconds("cooldown_seconds", 0, LONGEST_SECONDS),
    "no_data_mode": _choice("no_data_mode", tuple(NoDataMode)),
    "no_data_for_seconds": _seconds("no_data_for_seconds", 0, LONGEST_SECONDS),
    "auto_resolve": _flag("auto_resolve"),
    "escalation": _escalation,
    "ack_timeout_seconds": _seconds("ack_timeout_seconds", 60, LONGEST_TIMER_SECONDS, optional=True),
    "repeat_seconds": _seconds("repeat_seconds", 60, LONGEST_TIMER_SECONDS, optional=True),
    "active_hours": _active_hours,
    "time_zone": _time_zone,
    "runbook": _text("runbook", 200),
    "enabled": _flag("enabled"),
}


def _of_metric(metric: Metric, fields: Fields) -> Errors:
    found: Errors = {}
    if fields["evaluate_each"] in LEVELS and fields["evaluate_each"] not in metric.levels:
        found["evaluate_each"] = [f"There is {metric.label} for {' and '.join(metric.levels)} only."]
    check = _of_words if metric.values else _of_numbers
    return found | {name: [said] for name, said in check(metric, fields).items()}


def _of_words(metric: Metric, fields: Fields) -> dict[str, str]:
    found = {}
    if fields["operator"] not in ("==", "!="):
        found["operator"] = f"{metric.label.capitalize()} is a word: compare it with == or !=."
    if fields.get("threshold") not in metric.values:
        found["threshold"] = f"One of {', '.join(metric.values)}."
    if fields["clear_threshold"] is not None:
        found["clear_threshold"] = "A word has no other side: leave it out."
    return found


def _of_numbers(metric: Metric, fields: Fields) -> dict[str, str]:
    found = {}
    threshold, clear, operator = fields.get("threshold"), fields["clear_threshold"], fields["operator"]
    if said := _number(metric, threshold):
        found["threshold"] = said
    if clear is None:
        return found
    if said := _number(metric, clear):
        found["clear_threshold"] = said
    elif operator in ("==", "!="):
        found["clear_threshold"] = f"{operator} has no other side: leave it out."
    elif not found and not (clear <= threshold if operator.startswith(">") else clear >= threshold):
        side = "at or below" if operator.startswith(">") else "at or above"
        found["clear_threshold"] = f"Healthy is {side} the threshold, {threshold}."
    return found


def _number(metric: Metric, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e12:
        return "Expected a finite number."
    if metric.is_percent and not 0 <= value <= 100:
        return "Expected a percentage from 0 to 100."
    return ""
