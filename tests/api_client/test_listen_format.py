from typing import Any

import pytest

from intraday.api_client.listen_format import LONGEST, format_message

BACKLOG = {
    "organization_id": "org_123",
    "department_id": "dept_456",
    "queue_name": "support",
    "timestamp": "2026-01-05T10:00:00Z",
    "total_items": 42,
    "avg_wait_time_minutes": 3.5,
    "items_over_sla": 5,
    "sla_compliance_percentage": 88.1,
    "backlog_trend": "growing",
    "items_added_this_interval": 9,
    "items_completed_this_interval": 4,
}


@pytest.mark.parametrize(
    ("event", "data", "words"),
    [
        ("backlog:update", BACKLOG, "total 42  wait 3.5 min  over SLA 5 (88.1 % in time)  +9 -4  growing"),
        ("backlog:update", {"total_items": 60, "derived": True}, "total 60  wait - min"),
        (
            "kpi:update",
            {
                "health_score": 71,
                "utilization": {"current_utilization": 80.5},
                "headcount_gap": {"gap": -2},
                "sla_risk": {"risk_score": 40, "risk_level": "low"},
            },
            "health 71  utilization 80.5 %  gap -2  risk 40 low",
        ),
        ("kpi:update", {"health_score": None, "utilization": None}, "health -  utilization - %"),
        ("attendance:update", {"present_count": 7, "scheduled_count": 9, "attendance_rate": 77.8}, "present 7 of 9"),
        ("attendance:checkin", {"employee_name": "Ann", "status": "late"}, "Ann  late"),
        ("alert:triggered", {"severity": "high", "rule_name": "R", "message": "m", "status": "pending"}, "high  R: m"),
        ("backlog:snapshot", {"scopes": []}, '{"scopes":[]}'),
        ("acme:thing", {"a": "[bold]"}, '{"a":"[bold]"}'),
    ],
)
def test_a_line_shows_the_figures_that_matter(event: str, data: dict[str, Any], words: str) -> None:
    assert words in format_message({"event": event, "data": data}).plain


def test_a_line_says_when_where_and_which() -> None:
    message = {"event": "backlog:update", "data": BACKLOG, "ts": "2026-01-05T10:00:00.250Z", "seq": 9, "replayed": True}
    shown = format_message(message).plain
    assert ":00.250  backlog:update" in shown
    assert "org_123/dept_456/support" in shown
    assert shown.endswith("#9 replayed")


def test_a_long_message_is_cut_and_an_odd_one_is_still_shown() -> None:
    assert len(format_message({"event": "acme:thing", "data": {"a": "x" * 999}}).plain) < LONGEST + 80
    assert "[1,2]" in format_message({"event": "batch", "data": [1, 2]}).plain
    assert format_message({}).plain
