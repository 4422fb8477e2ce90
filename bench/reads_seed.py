"""A week of backlog in quarters of an hour, a month of KPI figures by the minute, and 2,500 queues to fill.

python -m bench.reads_seed HISTORY_QUEUES SNAPSHOT_QUEUES DAYS        with DATABASE_URL, SECRET_KEY; prints {what: key}
python -m bench.reads_seed preview DAYS                   prints {"seconds": of the preview, "figures": of the past}
"""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402  needs django.setup()

from alerts.rule_services import preview_rule  # noqa: E402
from bench.scopes import HISTORY, PREVIEW, SNAPSHOT, queues  # noqa: E402
from intraday.org.models import KeyScope, Organization  # noqa: E402
from intraday.org.services import add_queues, create_api_key, create_organization  # noqa: E402
from kpi.models import KPISnapshot  # noqa: E402

NOW = datetime(2026, 1, 31, tzinfo=UTC)
WEEK_OF_QUARTERS = 7 * 24 * 4
RULE = {"source": "kpi", "metric": "health_score", "operator": "<", "threshold": 40, "severity": "high", "name": "low"}
BACKLOG = """
    INSERT INTO backlog_snapshot
    (id, scope_id, time, received_at, derived, total_items, average_wait_minutes, added, completed, flow_source, trend,
     quality)
    SELECT gen_random_uuid(), scope.id, at, at, false, 20 + n %% 50, 2.5, n %% 7, n %% 5, 'explicit', 'stable', 'ok'
    FROM org_scope AS scope, generate_series(1, %s) AS n, LATERAL (SELECT %s - n * interval '15 minutes') AS t(at)
    WHERE scope.organization_id = %s AND scope.queue_name <> ''
"""
KPI = """
    INSERT INTO kpi_kpisnapshot (id, scope_id, time, saved_at, expires_at, figure)
    SELECT gen_random_uuid(), scope.id, at, at, at + interval '60 days',
        convert_to('{"state":{},"health_score":' || (30 + n %% 60) || '}', 'UTF8')
    FROM org_scope AS scope, generate_series(1, %s) AS n, LATERAL (SELECT %s - n * interval '1 minute') AS t(at)
    WHERE scope.organization_id = %s AND scope.queue_name <> ''
"""


@transaction.atomic
def organization(name: str, size: int) -> str:
    made = create_organization(id=name, name=name)
    add_queues(made, queues(size))
    return create_api_key(organization=made, name="bench", scopes=[KeyScope.INGEST, KeyScope.READ])[1]


def main(history: str, snapshot: str, days: str) -> dict[str, str]:
    sizes = {HISTORY: int(history), SNAPSHOT: int(snapshot), PREVIEW: 1}
    keys = {name: organization(name, size) for name, size in sizes.items()}
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG, [WEEK_OF_QUARTERS, NOW, HISTORY])
        cursor.execute(KPI, [int(days) * 24 * 60, NOW, PREVIEW])
        cursor.execute("ANALYZE")
    return keys


def preview(days: str) -> dict[str, float]:
    """Preview a rule over the figures of one queue."""
    asked = {"since": NOW - timedelta(days=int(days)), "until": NOW, "draft": RULE}
    started = time.perf_counter()
    preview_rule(organization=Organization.objects.get(pk=PREVIEW), **asked)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "figures": KPISnapshot.objects.filter(scope__organization=PREVIEW).count()}


if __name__ == "__main__":
    print(json.dumps(preview(*sys.argv[2:]) if sys.argv[1] == "preview" else main(*sys.argv[1:])))
