"""Make dump.sql.gz and told.json anew: a database that release 0.1.0 filled, for tests/commands/test_stored_release.py.

    git archive b335233 | tar -x -C OLD        release 0.1.0 in a folder of its own
    make -C OLD runtime                        with the packages that it needs
    .venv/bin/python tests/commands/release_0_1/make.py OLD

It starts a PostgreSQL, runs itself inside the old code on it (`inside`), and dumps what that stored.
"""

import gzip
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
QUEUES = ("support", "billing", "sales")
PEOPLE = 6
MINUTE = timedelta(minutes=1)
Row = dict[str, Any]


def main(old: Path) -> None:
    sys.path.insert(0, str(ROOT))
    from tests.services import Postgres

    with Postgres() as postgres:
        environment = {"DATABASE_URL": postgres.url, "SECRET_KEY": "only-for-tests-" + "x" * 40}
        environment |= {"PYTHONPATH": str(old), "DJANGO_SETTINGS_MODULE": "intraday.settings"}
        environment |= {"INTRADAY_VAR": str(old / "var"), "REDIS_URL": "", "INTRADAY_LOG_LEVEL": "ERROR"}
        command = [str(old / ".venv/bin/python"), __file__, "inside"]
        done = subprocess.run(command, cwd=old, env=os.environ | environment, check=True, stdout=subprocess.PIPE)
        (FOLDER / "told.json").write_bytes(done.stdout)
        dump = [postgres.binary("pg_dump"), "--no-owner", "--rows-per-insert=500", f"--dbname={postgres.url}"]
        text = subprocess.run(dump, check=True, stdout=subprocess.PIPE).stdout
        (FOLDER / "dump.sql.gz").write_bytes(gzip.compress(text, 9, mtime=0))


def inside() -> Row:
    """Fill the database through the API and the services of 0.1.0; return what a reader must know of it."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone
    from rest_framework.test import APIClient

    from intraday.org.models import KeyScope
    from intraday.org.services import add_queues, create_api_key, create_organization

    call_command("migrate", verbosity=0)
    now = timezone.now().replace(second=0, microsecond=0)
    organization = create_organization(id="org_123", name="Owner", time_zone="Europe/Berlin")
    add_queues(organization, [("dept_456", queue) for queue in QUEUES])
    _, key = create_api_key(organization=organization, name="feed", scopes=[KeyScope.INGEST, KeyScope.READ])
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    for path, rows in posts(now).items():
        answer = api.post(path, {"items": rows}, format="json", HTTP_HOST="localhost")
        assert answer.status_code == 201, (path, answer.json())
    told = {"key": key, "now": now.isoformat(), "queues": QUEUES, "people": PEOPLE}
    return told | operate(organization, now)


def posts(now: datetime) -> dict[str, list[Row]]:
    """Return four hours of three queues and six people."""
    start = now.replace(minute=now.minute // 30 * 30) - timedelta(hours=4)
    halves = [start + number * 30 * MINUTE for number in range(16)]
    instants = [now - number * 5 * MINUTE for number in range(24, -1, -1)]
    return {
        "/api/intraday/kpi/forecast/batch-ingest": [forecast(queue, half) for half in halves for queue in QUEUES],
        "/api/intraday/kpi/batch-ingest": [interval(queue, half) for half in halves[:8] for queue in QUEUES],
        "/api/schedulesbacklog/batch-ingest": [backlog(queue, instant) for instant in instants for queue in QUEUES],
        "/api/intraday/attendance/shifts/batch-ingest": [shift(number, start) for number in range(PEOPLE)],
        "/api/intraday/attendance/batch-ingest": [came(number, start) for number in range(PEOPLE - 1)],
    }


def forecast(queue: str, start: datetime) -> Row:
    name = {"department_id": "dept_456", "queue_name": queue, "interval_start": start.isoformat()}
    return {**name, "interval_minutes": 30, "offered": 60.0, "aht_seconds": 240, "scheduled_agents": 10}


def interval(queue: str, start: datetime) -> Row:
    counts = {"offered": 60, "answered": 55, "answered_in_target": 40, "abandoned": 5, "agents": 9}
    times = {"handle_seconds": 13_200, "available_seconds": 1_500, "paid_seconds": 16_200, "wait_seconds": 2_000}
    name = {"department_id": "dept_456", "queue_name": queue, "interval_start": start.isoformat()}
    return {**name, "interval_minutes": 30, **counts, **times}


def backlog(queue: str, time: datetime) -> Row:
    row: Row = {"department_id": "dept_456", "queue_name": queue, "snapshot_time": time.isoformat()}
    return {
        **row,
        "total_items": 40,
        "average_wait_time_minutes": 12.5,
        "items_over_sla": 12,
        "oldest_item_age_minutes": 95,
    }


def shift(number: int, start: datetime) -> Row:
    who = {"shift_id": f"shift{number}", "employee_id": f"employee{number}", "department_id": "dept_456"}
    return {**who, "start": start.isoformat(), "end": (start + timedelta(hours=8)).isoformat(), "kind": "work"}


def came(number: int, start: datetime) -> Row:
    time = (start + number * 3 * MINUTE).isoformat()
    who = {"employee_id": f"employee{number}", "department_id": "dept_456"}
    return {**who, "snapshot_time": time, "status": "present", "checked_in_at": time}


def operate(organization: Any, now: datetime) -> Row:
    """Judge, and do what people do: rules, an acknowledgement, a resolution, a silence, a wall, a channel, a cursor."""
    from alerts.editing import create_rule, create_silence
    from alerts.journal import Actor
    from alerts.outgoing.models import Channel, Route
    from django.contrib.auth import get_user_model

    import alerts.services
    import kpi.services
    from alerts.models import Alert
    from alerts.services import Caller
    from intraday.org.credentials import walls
    from intraday.org.models import Membership, Role

    actor = Actor("ada")
    alerts.services.install_rules(organization=organization, now=now)
    low = {"source": "backlog", "metric": "sla_compliance_percentage", "operator": "<", "threshold": 90}
    rule = {"name": "Low at once", "alert_type": "sla_compliance", **low, "severity": "high"}
    create_rule(organization=organization, fields=rule, actor=actor, now=now)
    kpi.services.compute_all(organization_id=organization.pk, now=now)
    alerts.services.evaluate(organization_id=organization.pk, now=now)
    first, second, *_ = Alert.objects.order_by("scope__queue_name")
    caller = Caller(organization_id=organization.pk, actor=actor)
    alerts.services.acknowledge(caller=caller, alert_id=first.pk, now=now, note="on it")
    alerts.services.resolve(caller=caller, alert_id=second.pk, now=now, note="done")
    silence = {"comment": "works on the line", "ends_at": now + timedelta(hours=6), "queue_name": "sales"}
    create_silence(organization=organization, fields={**silence, "department_id": "dept_456"}, actor=actor, now=now)
    _, wall = walls.create(organization=organization, department_id="", name="Hall", created_by="ada")
    user = get_user_model().objects.create_user("ada", "ada@example.org", "unused")
    Membership.objects.create(user=user, organization=organization, role=Role.ADMIN)
    address = "https://example.org/hook"
    Channel.objects.create(organization=organization, name="Hook", kind="webhook", address=address, secret="s" * 32)
    Route.objects.create(organization=organization, to="Hook", minimum_severity="high")
    told = {"wall": wall, "acknowledged": str(first.pk), "resolved": str(second.pk), "alerts": Alert.objects.count()}
    return told | cursor(organization)


def cursor(organization: Any) -> Row:
    from realtime.cursors import Claim, Move, store, take

    from realtime.models import Segment, Stream

    stream = Stream.objects.get(organization=organization, channel="alerts")
    claim = Claim(organization.pk, "ada", "desk", stream.name, "holder")
    held = take([claim])[claim]
    assert held is not None
    store({held.row: Move("holder", stream.epoch, stream.head - 1)})
    heads = {row.name: row.head for row in Stream.objects.all()}
    return {"heads": heads, "cursor": [stream.name, stream.head - 1], "segments": Segment.objects.count()}


if __name__ == "__main__":
    if sys.argv[1] == "inside":
        json.dump(inside(), sys.stdout, default=str, indent=1)
    else:
        main(Path(sys.argv[1]).resolve())
