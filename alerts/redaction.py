"""Redact alerts, rules and silences for callers who may not see colleagues: leave out people and their words."""

from collections.abc import Mapping
from typing import Any

from alerts.choices import SYSTEM
from alerts.events import PEOPLE
from alerts.rules import messages
from alerts.rules.catalogue import find
from intraday.org.models import Role

SOMEBODY = "a recipient"  # a channel or a person: names tell neither
TELLING = ("taken over", "escalated")  # reasons that go on with a name

Item = dict[str, Any]


def alert(item: Mapping[str, Any]) -> Item:
    """Redact an alert; its audit and its deliveries, too, where it comes with them."""
    shown = {name: value for name, value in item.items() if name not in PEOPLE or value == SYSTEM}
    if "audit" in shown:
        shown["audit"] = [audit_line(each) for each in shown["audit"]]
        shown["deliveries"] = [each | {"to": each["to"] and SOMEBODY, "detail": None} for each in shown["deliveries"]]
    return shown


def audit_line(line: Mapping[str, Any]) -> Item:
    reason = next((each for each in TELLING if line["reason"].startswith(each)), line["reason"])
    return {**line, "actor": _actor(line), "reason": reason, "note": None}


def _actor(line: Mapping[str, Any]) -> str | None:
    return SYSTEM if line["actor"] == SYSTEM else None


def rule(item: Mapping[str, Any]) -> Item:
    steps = [each | {"to": each["to"] if each["to"] in Role.values else SOMEBODY} for each in item["escalation"]]
    shown = {**item, "escalation": steps}
    shown["in_words"] = messages.describe_rule(shown, find(item["source"], item["metric"]))
    if "history" in shown:
        shown["history"] = [_change(each) for each in shown["history"]]
    return shown


def _change(change: Mapping[str, Any]) -> Item:
    edits = {name: values for name, values in change["changes"].items() if name != "escalation"}
    return {**change, "actor": _actor(change), "changes": edits}


def silence(item: Mapping[str, Any]) -> Item:
    return {**item, "created_by": None, "comment": None}
