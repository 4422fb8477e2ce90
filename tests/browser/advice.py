"""Suggestions in the shape of the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser import storm


def effect(queue: str, levels: tuple[float, float], day: tuple[float, float]) -> dict[str, Any]:
    return {
        "department_id": "dept_456",
        "queue_name": queue,
        "target_service_level": 80.0,
        "interval_end": storm.spell(datetime.now(UTC) + timedelta(minutes=12)),
        "agents_before": 17,
        "agents_after": 19,
        "service_level_before": levels[0],
        "service_level_after": levels[1],
        "day_end_service_level_before": day[0],
        "day_end_service_level_after": day[1],
        "outlook_risk_before": 90.0,
        "outlook_risk_after": 40.0,
    }


def suggestion(kind: str, agents: int, source: str | None, *effects: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "kind": kind,
        "department_id": "dept_456",
        "queue_name": "support",
        "agents": agents,
        "from_department_id": source and "dept_456",
        "from_queue_name": source,
        "starts_at": storm.spell(now),
        "until": storm.spell(now + timedelta(minutes=42)),
        "effects": list(effects),
        "text": f"Move {agents} agents from {source} to support.",
    }
