"""Migrate a database of release 0.1.0, read and judge it: prints what was found, JSON (test_stored_release.py)."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs django.setup()
from django.utils import timezone  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from alerts.models import Alert, Silence  # noqa: E402
from attendance.models import AttendanceRecord, Person  # noqa: E402
from backlog.models import Snapshot  # noqa: E402
from intraday import celery, tasks  # noqa: E402
from kpi.models import CurrentKPI, ForecastInterval, IntervalStats  # noqa: E402
from realtime.eventlog import store  # noqa: E402
from realtime.models import Cursor, Stream  # noqa: E402

TOLD = json.loads((Path(__file__).parent / "told.json").read_text())
PATHS = (
    "/api/intraday/backlog/current",
    "/api/intraday/backlog/history",
    "/api/intraday/kpi/current",
    "/api/intraday/kpi/history",
    "/api/intraday/kpi/intervals",
    "/api/intraday/attendance/current",
    "/api/intraday/attendance/history",
    "/api/intraday/feeds",
    "/api/alerts",
    "/api/alerts/rules",
    "/api/alerts/silences",
    "/api/ws/stats",
)


def found() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    before = {"counts": counts(), "alerts": alerts(), "replayed": replayed()}
    api = APIClient(headers={"Host": "localhost"})
    wall = api.get(f"/wall/{TOLD['wall']}").status_code
    api.credentials(HTTP_AUTHORIZATION=f"Api-Key {TOLD['key']}")
    posted = post(api)
    judged = celery.app.tasks[tasks.judge_all.name].apply(["org_123"]).state
    return {
        **before,
        "wall": wall,
        "judged": judged,
        "reads": {path: api.get(path).status_code for path in PATHS},
        "posted": posted,
        "silences": list(Silence.objects.values_list("comment", flat=True)),
        "cursor": list(Cursor.objects.values_list("stream", "seq").get()),
        "heads": dict(Stream.objects.values_list("name", "head")),
        "figures": CurrentKPI.objects.count(),
    }


def counts() -> dict[str, int]:
    return {
        "snapshots": Snapshot.objects.filter(derived=False).count(),
        "intervals": IntervalStats.objects.count(),
        "forecasts": ForecastInterval.objects.count(),
        "people": Person.objects.count(),
        "records": AttendanceRecord.objects.count(),
    }


def alerts() -> dict[str, list[str]]:
    return {str(row.pk): [row.status, row.acknowledged_by] for row in Alert.objects.all()}


def replayed() -> dict[str, int]:
    """Return the newest event of each stream, read from its first one on."""
    newest = {}
    for name in Stream.objects.values_list("name", flat=True):
        page = store.read(name, after=0, max_events=10_000, max_bytes=10_000_000)
        assert page is not None
        newest[name] = page.records[-1].seq
    return newest


def post(api: APIClient) -> list[list[Any]]:
    """Post a snapshot of now, and the half hour before: what release 0.1.0 left is of long ago by now."""
    now = timezone.now()
    ended = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    name = {"department_id": "dept_456", "queue_name": "support"}
    backlog = {"snapshot_time": now.isoformat(), "total_items": 7, "average_wait_time_minutes": 1}
    interval = {
        "interval_start": (ended - timedelta(minutes=30)).isoformat(),
        "interval_minutes": 30,
        "offered": 60,
        "answered": 55,
        "answered_in_target": 40,
        "abandoned": 5,
        "agents": 9,
        "handle_seconds": 13_200,
        "available_seconds": 1_500,
    }
    posts = {"schedulesbacklog": backlog, "intraday/kpi": interval}
    answers = [
        api.post(f"/api/{path}/batch-ingest", {"items": [name | row]}, format="json") for path, row in posts.items()
    ]
    return [[answer.status_code, answer.json()["results"][0]["result"]] for answer in answers]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(found()))
