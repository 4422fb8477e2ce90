"""A bad Monday morning in the exact shapes of the protocol: what the page must show of it, one must see at a glance."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alerts.events import AlertTriggered
from attendance.events import AttendanceChanged
from kpi.events import KPIChanged

ORGANIZATION = "org_123"
TARGET = 80.0


@dataclass(frozen=True)
class Queue:
    department: str
    name: str
    service_level: float
    risk: float
    required: int
    available: int
    backlog: int
    over_sla: int
    slope: float
    waiting: int = 0
    ending: float | None = None
    age: float = 4.0
    level: str = "ok"
    fields: dict[str, Any] = field(default_factory=dict)


QUEUES = [
    Queue("dept_456", "support", 41.2, 97.4, 24, 17, 412, 96, 118.0, waiting=19, ending=64, level="critical"),
    Queue("dept_789", "claims", 58.0, 88.1, 14, 11, 265, 41, 36.0, waiting=7, ending=12, level="critical"),
    Queue("dept_456", "billing", 71.5, 66.3, 12, 11, 143, 9, 14.0, waiting=3, level="at_risk"),
    Queue("dept_456", "sales", 84.9, 31.0, 18, 19, 61, 0, -4.0, waiting=1),
    Queue("dept_789", "returns", 91.0, 12.5, 6, 7, 38, 0, 0.0),
    Queue("dept_789", "complaints", 88.4, 22.0, 5, 5, 24, 1, 2.0, age=840, level="stale", fields={"quality": "stale"}),
    Queue("dept_456", "email", 0, 0, 0, 0, 830, 122, -22.0, level="at_risk"),
    Queue("dept_789", "night line", 0, 0, 0, 0, 0, 0, 0.0, level="closed"),
]


def spell(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scope(queue: Queue | None) -> dict[str, str]:
    names = {} if queue is None else {"department_id": queue.department, "queue_name": queue.name}
    return {"organization_id": ORGANIZATION} | names


def _level(risk: float) -> str:
    return next(name for name, least in [("critical", 85), ("high", 65), ("medium", 45), ("low", 0)] if risk >= least)


def _staffing(gap: int, required: int) -> str:
    if abs(gap) <= max(1, required * 0.05):
        return "balanced"
    if gap > 0:
        return "overstaffed"
    return "critical_understaffed" if gap / required <= -0.2 else "understaffed"


Reason = dict[str, Any]


def reason(code: str, value: float | None, limit: float | None, level: str) -> Reason:
    return {"code": code, "value": value, "limit": limit, "level": level}


def state(level: str, now: datetime, *reasons: Reason, **components: str) -> dict[str, Any]:
    """The server's judgement, which has held for 14 minutes."""
    found = {"level": level, "since": spell(now - timedelta(minutes=14)), "reasons": list(reasons)}
    return found | {"components": dict.fromkeys(("service", "staffing", "backlog", "volume")) | components}


def _judged(queue: Queue, now: datetime) -> dict[str, Any]:
    """The state of a queue whose interval goes badly, or whose feed has fallen silent."""
    under, level = TARGET - queue.service_level, queue.level
    if level == "critical":
        short = round(100 * (queue.required - queue.available) / queue.required, 2)
        lost, few = reason("interval_lost", under, 20, level), reason("shortage", short, 20, level)
        return state(level, now, lost, few, service=level, staffing=level, backlog="at_risk")
    if level == "at_risk":
        return state(level, now, reason("outlook_risk", queue.risk, 65, level), service=level, staffing="ok")
    if level == "stale":
        return state(level, now, reason("feed_stale", queue.age, 180, level))
    return state(level, now, service="ok", staffing="ok", backlog="ok")


def kpi(queue: Queue, now: datetime, **fields: Any) -> dict[str, Any]:
    """`kpi:update` of a queue."""
    then = now - timedelta(seconds=queue.age)
    gap = queue.available - queue.required
    start = then.replace(minute=then.minute // 30 * 30, second=0, microsecond=0)
    figure = {
        **scope(queue),
        "snapshot_id": f"kpi-{queue.name}",
        "timestamp": spell(then),
        "utilization": {
            "current_utilization": 86.0,
            "occupancy": 93.5 if queue.risk > 85 else 82.0,
            "target_min": 75.0,
            "target_max": 88.0,
            "status": "critical" if queue.risk > 85 else "ok",
            "productive_seconds": 14_300.0,
            "paid_seconds": 16_600.0,
            "handle_seconds": 13_100.0,
            "ready_seconds": 14_000.0,
            "agents_on_shift": queue.available + 2,
            "window_seconds": 900.0,
        },
        "headcount_gap": {
            "required": queue.required,
            "scheduled": queue.required,
            "available": queue.available,
            "available_source": "acd",
            "gap": gap,
            "shortfall": max(0, -gap),
            "gap_percent": round(100 * gap / queue.required, 2) if queue.required else None,
            "status": _staffing(gap, queue.required) if queue.required else None,
            "method": "erlang_c",
            "interval_start": spell(start),
            "short_percent": max(0.0, round(-100 * gap / queue.required, 2)) if queue.required else None,
        },
        "sla_risk": {
            "risk_score": queue.risk,
            "risk_level": _level(queue.risk),
            "projected_service_level": queue.service_level - 4,
            "target_service_level": TARGET,
            "target_seconds": 20.0,
            "projected_asa_seconds": 96.0,
            "unstable": queue.risk > 95,
            "projected_queue_end": queue.ending,
            "day_service_level": queue.service_level + 8,
            "day_required_rest": 84.0,
            "day_recoverable": True,
            "method": "fluid" if queue.risk > 95 else "erlang_c",
            "outlook_risk": round(queue.risk * 0.9, 1),
            "required_rest": 97.0 if queue.risk > 85 else 74.0,
            "day_recovery_probability": 3.0,
        },
        "health_score": round(max(0.0, 100 - queue.risk), 1),
        "changes": {
            "utilization_change": 1.5,
            "headcount_gap_change": -2.0,
            "sla_risk_change": 11.0,
            "health_score_change": -9.0,
            "baseline_timestamp": spell(then - timedelta(minutes=1)),
        },
        "service": {
            "interval_start": spell(start),
            "offered": 96,
            "forecast": 78.0,
            "volume_variance_percent": 23.1,
            "answered": 71,
            "abandoned": 6,
            "abandon_rate": 6.3,
            "service_level": queue.service_level,
            "day_service_level": queue.service_level + 8,
            "asa_seconds": 74.0,
            "aht_seconds": 312.0,
            "waiting_now": queue.waiting,
            "longest_wait_seconds": 188.0,
            "service_level_answered": 100.0 if queue.level == "critical" else queue.service_level,
            "waiting_past_target": queue.waiting // 2,
            "forecast_so_far": 52.0,
            "expected": 84.0,
            "reforecast_ratio": 1.08,
            "day_offered": 1_130,
            "day_forecast": 918.0,
        },
        "health": {"sla": 100 - queue.risk, "staffing": 40.0, "utilization": 55.0, "cap_reason": None},
        "quality": "ok",
        "as_of": spell(then),
        "computed_at": spell(then),
        "data_age_seconds": queue.age,
        "latest": True,
        "state": _judged(queue, now),
    }
    return _checked(KPIChanged, figure | queue.fields | fields)


LEVELS = ("ok", "at_risk", "critical", "stale", "closed", "unknown")
WORST = {
    "queues": {level: sum(queue.level == level for queue in QUEUES) for level in LEVELS},
    "worst": ["support", "claims"],
}
DEFERRED = {
    "queues": 1,
    "offered": 64,
    "answered": 58,
    "forecast": 70.0,
    "aht_seconds": 540.0,
    "required": 9,
    "available": 8,
    "risk_score": 38.0,
}


def above(figure: dict[str, Any], department: str = "", **service: Any) -> dict[str, Any]:
    """The figure of a department or the organization, of the shape of one of its queues."""
    own = {name: value for name, value in figure.items() if name not in ("department_id", "queue_name")}
    own |= {"department_id": department} if department else {}
    own |= {"snapshot_id": f"kpi-{department or 'all'}", "sla_risk": own["sla_risk"] | {"queues_at_risk": 3}}
    staff = {"required": 79, "available": 70, "scheduled": 84, "gap": -9, "shortfall": 9, "gap_percent": -11.4}
    own |= {"headcount_gap": own["headcount_gap"] | staff | {"status": "understaffed", "short_percent": 11.4}}
    own |= {"state": own["state"] | WORST, "deferred": DEFERRED}
    return _checked(KPIChanged, own | {"health_score": 31.4, "service": own["service"] | service})


def nothing_known(figure: dict[str, Any], reason: str) -> dict[str, Any]:
    """The same figure with a null and its reason wherever the protocol allows one."""
    blocks = {name: dict.fromkeys(figure[name]) for name in ("headcount_gap", "sla_risk", "service", "health")}
    used = {**dict.fromkeys(figure["utilization"]), "target_min": 75.0, "target_max": 88.0}
    known = {
        "health_score": None,
        "quality": "no_data",
        "reasons": dict.fromkeys(("gap", "risk_score", "service_level"), reason),
    }
    return _checked(KPIChanged, figure | blocks | {"utilization": used} | known)


def backlog(queue: Queue | None, now: datetime, **fields: Any) -> dict[str, Any]:
    """`backlog:update`; of all queues together without one."""
    queues = [queue] if queue else QUEUES
    total, over = sum(each.backlog for each in queues), sum(each.over_sla for each in queues)
    slope = sum(each.slope for each in queues)
    figure = {
        **scope(queue),
        "snapshot_id": f"backlog-{queue.name if queue else 'all'}",
        "timestamp": spell(now - timedelta(seconds=queue.age if queue else 4)),
        "total_items": total,
        "avg_wait_time_minutes": 12.5,
        "items_over_sla": over,
        "sla_compliance_percentage": round(100 * (total - over) / total, 2) if total else 100.0,
        "backlog_trend": "growing" if slope > 5 else "decreasing" if slope < -5 else "stable",
        "items_added_this_interval": 40,
        "items_completed_this_interval": 22,
        "items_at_risk": over // 2,
        "oldest_item_age_minutes": 74.0,
        "flow_source": "explicit",
        "interval_seconds": 60.0,
        "added_per_hour": 2400.0,
        "completed_per_hour": 1320.0,
        "slope_per_hour": slope,
        "quality": "ok",
        "derived": queue is None,
    }
    return figure | fields  # backlog.events imports models; a test of that app checks its shape


def attendance(now: datetime, **fields: Any) -> dict[str, Any]:
    """`attendance:update` of the organization: 12 are missing."""
    people = [("e101", "Ana Kovač", "late"), ("e102", "Ben Okafor", "on_time"), ("e103", "Chiara Neri", "on_time")]
    figure = {
        "organization_id": ORGANIZATION,
        "snapshot_id": "attendance-all",
        "timestamp": spell(now - timedelta(seconds=9)),
        "scheduled_count": 86,
        "present_count": 70,
        "absent_count": 12,
        "late_count": 6,
        "attendance_rate": 81.4,
        "recent_checkins": [
            {
                "employee_id": id_,
                "employee_name": name,
                "checked_in_at": spell(now - timedelta(minutes=7 * place + 2)),
                "status": status,
            }
            for place, (id_, name, status) in enumerate(people)
        ],
        "expected_count": 3,
        "no_show_count": 4,
        "left_early_count": 1,
        "on_leave_count": 5,
        "unscheduled_count": 2,
        "lost_minutes": 384.0,
        "by_state": {
            "on_contact": 41,
            "available": 3,
            "after_contact": 9,
            "present": 0,
            "break": 8,
            "lunch": 4,
            "training": 3,
            "meeting": 1,
            "other": 1,
            "offline": 2,
        },
        "out_of_adherence_count": 5,
        "longest_out_of_adherence_minutes": 23.5,
    }
    return _checked(AttendanceChanged, figure | fields)


def alert(number: int, severity: str, queue: Queue, message: str, now: datetime, **fields: Any) -> dict[str, Any]:
    figure = {
        **scope(queue),
        "alert_id": f"alert-{number}",
        "rule_id": f"rule-{number}",
        "rule_name": message.split(":")[0],
        "alert_type": "threshold",
        "severity": severity,
        "source": "kpi",
        "message": message,
        "metric": "gap_percent",
        "unit": "%",
        "current_value": -29.2,
        "threshold_value": -20.0,
        "status": "pending",
        "triggered_at": spell(now - timedelta(minutes=2 * number)),
        "occurrence_count": number,
        "last_seen_at": spell(now),
        "peak_value": -31.0,
        "escalation_level": 0,
        "suppressed": False,
        "group_key": f"{queue.name}:kpi",
        "version": 1,
    }
    return _checked(AlertTriggered, figure | fields)


def alerts(now: datetime) -> list[dict[str, Any]]:
    support, claims, billing, *_, email, _ = QUEUES
    taken = {"status": "acknowledged", "acknowledged_by": "ana", "acknowledged_at": spell(now - timedelta(minutes=6))}
    return [
        alert(1, "critical", support, "Far too few agents: 7 short of 24 on support", now),
        alert(2, "critical", claims, "SLA risk 88 % on claims for 2 evaluations", now, escalation_level=1),
        alert(3, "high", support, "Occupancy 93.5 % on support for 10 minutes", now),
        alert(4, "high", email, "Backlog within SLA 85.3 % on email", now, source="backlog", note="Second shift helps"),
        alert(
            5, "high", claims, "Too few agents: 3 short of 14 on claims", now, **taken, note="Two move over at 10:00"
        ),
        alert(6, "medium", billing, "Backlog of billing grows for 30 minutes", now, source="backlog"),
    ]


def intervals(now: datetime, *, contacts: float = 1.0) -> dict[str, Any]:
    """`GET /api/intraday/kpi/intervals`: half hours, eight hours of them past."""
    first = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) - timedelta(hours=8)
    return {
        "organization_id": ORGANIZATION,
        "department_id": None,
        "queue_name": None,
        "date": first.date().isoformat(),
        "time_zone": "Europe/Berlin",
        "interval_minutes": 30,
        "intervals": [_interval(first + timedelta(minutes=30 * place), place, now, contacts) for place in range(26)],
    }


def _interval(start: datetime, place: int, now: datetime, contacts: float) -> dict[str, Any]:
    end = start + timedelta(minutes=30)
    state = "past" if end <= now else "now" if start <= now else "to_come"
    forecast = round(420 * max(0.08, 1 - ((place - 9) / 14) ** 2))
    required, scheduled = round(forecast / 5.2), round(forecast / 5.4) + 3
    known = state != "to_come"
    return {
        "start": spell(start),
        "end": spell(end),
        "state": state,
        "forecast": forecast,
        "reforecast": None if known else round(forecast * 1.12),
        "offered": round(forecast * contacts * (1 + place % 3 / 12)) if known else None,
        "answered": round(forecast * 0.93) if known else None,
        "abandoned": round(forecast * 0.04) if known else None,
        "required": required,
        "scheduled": scheduled,
        "available": scheduled - place % 4 * 2 if known else None,
        "gap": (scheduled - place % 4 * 2 if known else scheduled) - required,
        "service_level": round(88 - place % 5 * 7.5, 1) if known else None,
        "asa_seconds": 31.0 if known else None,
        "aht_seconds": 305.0 if known else None,
        "occupancy": 87.0 if known else None,
        "suspect": False,
    }


def snapshots(now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the payloads of the socket's snapshots, by channel."""
    morning = (now + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)
    *open_queues, email, night = QUEUES
    closed = nothing_known(kpi(night, now), "the queue is closed") | {"closed_until": spell(morning)}
    late = reason("backlog_compliance", 85.3, 90, "at_risk")
    mail = nothing_known(kpi(email, now), "no forecast posted")
    mail |= {"quality": "ok", "state": state("at_risk", now, late, backlog="at_risk")}
    figures = [*(kpi(queue, now) for queue in open_queues), mail]
    worst = figures[0]
    return {
        "kpi": [above(worst, **_whole(now)), above(worst, "dept_456"), *figures, closed],
        "backlog": [backlog(None, now), *(backlog(queue, now) for queue in [*open_queues, email])],
        "attendance": [attendance(now)],
        "alerts": alerts(now),
    }


def _whole(now: datetime) -> dict[str, Any]:
    """Return the running half hour of all queues together, a little above its forecast."""
    expected = next(each["forecast"] for each in intervals(now)["intervals"] if each["state"] == "now")
    elapsed = (now.minute % 30 + now.second / 60) / 30
    offered = round(1.18 * expected * elapsed)
    return {
        "offered": offered,
        "forecast": float(expected),
        "answered": round(offered * 0.88),
        "abandoned": round(offered * 0.07),
        "service_level": 63.4,
        "day_service_level": 71.8,
    }


def many(count: int) -> list[Queue]:
    """Return that many queues, of which one in ten does badly."""
    return [
        Queue(
            f"dept_{place % 8}",
            f"queue {place:03}",
            90 - place % 10 * 5,
            place % 10 * 10.5,
            20,
            20 - place % 10 // 2,
            50,
            2,
            3.0,
            level="critical" if place % 10 == 9 else "ok",
        )
        for place in range(count)
    ]


def _checked(shape: Any, figure: dict[str, Any]) -> dict[str, Any]:
    """Check a figure against the protocol's own shape."""
    msgspec.convert(figure, shape)
    return figure


def suspect(figure: dict[str, Any], now: datetime, *, inherited: bool = False) -> dict[str, Any]:
    """The figure of a scope where no call has come for ten minutes, and 24 were forecast."""
    drop = reason("volume_implausibly_low", 0, 24, "critical")
    volume = {"since": spell(now - timedelta(minutes=10)), "offered": 0, "forecast": 24.0, "span_minutes": 10}
    judged = state("critical", now, drop, volume="critical", staffing="ok")
    told = {"quality": "suspect", "health_score": None, "state": judged, "volume": volume | {"inherited": inherited}}
    reasons = {"quality": drop["code"], "health_score": "the volume is suspect"}
    service = figure["service"] | {"offered": 0, "service_level": None}
    return _checked(KPIChanged, figure | told | {"reasons": reasons, "service": service})


def staffing(agents: int, service_level: float) -> dict[str, Any]:
    """A case of what-if."""
    figures = {"calls": 120.0, "aht_seconds": 312.0, "interval_minutes": 30, "required": 24, "occupancy": 91.0}
    return {
        **figures,
        "agents": agents,
        "gap": agents - 24,
        "service_level": service_level,
        "asa_seconds": 40.0,
        "risk_score": 60.0,
    }
