"""Messages as lines of text: time, event, scope and the main figures."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.text import Text

from intraday.api_client.sequence_check import Message

Data = dict[str, Any]
STYLES = {"growing": "yellow", "decreasing": "green", "critical": "bold red", "high": "red", "medium": "yellow"}
LONGEST = 160  # characters of an event that has no line of its own


def format_message(message: Message) -> Text:
    name, data = str(message.get("event", "")), message.get("data")
    data = data if isinstance(data, dict) else {"data": data}
    text = Text.assemble((f"{clock(message, data)}  ", "dim"), (f"{name:<20}", "cyan"), f"  {place(data):<28}  ")
    text.append(figures(name, data), style=_style(data))
    text.append(_origin(message), style="dim")
    return text


def clock(message: Message, data: Data) -> str:
    """Return when the message was logged, in the reader's own zone; now, for one without a time."""
    stamp = message.get("ts") or data.get("timestamp") or data.get("server_time")
    try:
        time = datetime.fromisoformat(str(stamp)).astimezone()
    except ValueError:
        time = datetime.now().astimezone()
    return f"{time:%H:%M:%S}.{time.microsecond // 1000:03}"


def place(data: Data) -> str:
    parts = [data.get(name) for name in ("organization_id", "department_id", "queue_name")]
    return "/".join(str(part) for part in parts if part)


def figures(name: str, data: Data) -> str:
    known = FIGURES.get(name) or FIGURES.get(name.partition(":")[0])
    if known is None or name.endswith((":snapshot", ":resync")):
        return shortened(data)
    return known(data)


def shortened(data: Data) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _backlog(data: Data) -> str:
    return (
        f"total {_n(data, 'total_items')}  wait {_n(data, 'avg_wait_time_minutes')} min  "
        f"over SLA {_n(data, 'items_over_sla')} ({_n(data, 'sla_compliance_percentage')} % in time)  "
        f"+{_n(data, 'items_added_this_interval')} -{_n(data, 'items_completed_this_interval')}  "
        f"{_n(data, 'backlog_trend')}{'  derived' if data.get('derived') else ''}"
    )


def _kpi(data: Data) -> str:
    utilization, gap, risk = (data.get(part) or {} for part in ("utilization", "headcount_gap", "sla_risk"))
    return (
        f"health {_n(data, 'health_score')}  utilization {_n(utilization, 'current_utilization')} %  "
        f"gap {_n(gap, 'gap')}  risk {_n(risk, 'risk_score')} {risk.get('risk_level') or ''}"
    )


def _attendance(data: Data) -> str:
    return (
        f"present {_n(data, 'present_count')} of {_n(data, 'scheduled_count')}  late {_n(data, 'late_count')}  "
        f"absent {_n(data, 'absent_count')}  rate {_n(data, 'attendance_rate')} %"
    )


def _person(data: Data) -> str:
    return f"{data.get('employee_name') or _n(data, 'employee_id')}  {data.get('status') or ''}"


def _alert(data: Data) -> str:
    return f"{_n(data, 'severity')}  {_n(data, 'rule_name')}: {_n(data, 'message')}  ({_n(data, 'status')})"


def _n(data: Data, name: str) -> str:
    value = data.get(name)
    return "-" if value is None else str(value)


def _style(data: Data) -> str:
    return STYLES.get(str(data.get("severity") or data.get("backlog_trend") or ""), "")


def _origin(message: Message) -> str:
    marks = [mark for mark in ("replayed", "redelivered") if message.get(mark)]
    return "  " + " ".join([f"#{message['seq']}", *marks]) if "seq" in message else ""


FIGURES: dict[str, Callable[[Data], str]] = {
    "backlog:update": _backlog,
    "kpi:update": _kpi,
    "attendance:update": _attendance,
    "attendance": _person,
    "alert": _alert,
}
