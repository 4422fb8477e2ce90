"""The storm on the stage, and the windows that tests look at it through."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, Request, ViewportSize

from tests.browser import storm
from tests.browser.stage import Stage

WINDOW: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
WALL: ViewportSize = {"width": 1920, "height": 1080}
PEOPLE = [
    {
        "employee_id": "e204",
        "employee_name": "Dana Ruiz",
        "department_id": "dept_456",
        "queue_names": ["support"],
        "status": "absent",
        "shift_start": "2026-11-25T08:00:00Z",
        "shift_end": "2026-11-25T16:00:00Z",
        "checked_in_at": None,
        "lost_minutes": 95.0,
        "scheduled_activity": "work",
        "state": None,
        "state_since": None,
        "state_seconds": None,
        "out_of_adherence_since": None,
        "out_of_adherence_minutes": 95.0,
        "adherence_percent": 0.0,
        "conformance_percent": 0.0,
        "reason": None,
    }
]


async def raised(page: Page) -> Stage:
    now = datetime.now(UTC)
    stage = Stage(snapshots=storm.snapshots(now))
    past = [storm.backlog(None, now - timedelta(minutes=ago), total_items=1700 - 2 * ago) for ago in range(300, 0, -10)]
    stage.answers |= {
        "/api/intraday/kpi/intervals": lambda asked: storm.intervals(now, contacts=_contacts(asked, now)),
        "/api/intraday/backlog/history": {"items": past, "next": None},
        "/api/intraday/attendance/people": {"items": PEOPLE},
        "/api/intraday/feeds": {"feeds": []},
    }
    await stage.open_on(page)
    return stage


def _contacts(asked: Request, now: datetime) -> float:
    return 1.12 if now.date().isoformat() in asked.url else 0.97
