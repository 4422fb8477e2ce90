"""The main reads of the large tables, as PostgreSQL plans and runs them over many rows.

python -m bench.plans ROWS        with DATABASE_URL, SECRET_KEY; prints {"rows": {table: rows}, "plans": {read: plan}}
bench.query_plans makes a row and docs/query-plans.md of them.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import connection, connections, transaction  # noqa: E402  needs django.setup()
from django.test.utils import CaptureQueriesContext  # noqa: E402

import alerts.selectors  # noqa: E402
import backlog.selectors  # noqa: E402
import kpi.selectors  # noqa: E402
from alerts.evaluation.changes import Actor  # noqa: E402
from alerts.evaluation.open_alerts import lock_open  # noqa: E402
from alerts.rule_services import create_rule  # noqa: E402
from alerts.story import selectors as story  # noqa: E402
from bench.plans_fill import TABLES, fill_tables  # noqa: E402
from intraday.audit.services import entries  # noqa: E402
from intraday.org.models import Organization, Scope  # noqa: E402
from intraday.org.scoped import TimePage  # noqa: E402
from intraday.org.services import add_queues, create_organization  # noqa: E402
from kpi.loading.load_inputs import measured_between  # noqa: E402
from realtime.eventlog import store  # noqa: E402

NEWEST = datetime(2026, 1, 31, tzinfo=UTC)
PAGE, DAY, PREVIEW = 200, timedelta(days=1), timedelta(days=31)
EVERYTHING = {"since": None, "until": None, "action": "", "actor": ""}


@dataclass(frozen=True)
class Place:
    """A queue in the middle of the rows."""

    organization: Organization
    queue: Scope
    stream: str
    head: int

    @property
    def day(self) -> TimePage:
        return TimePage(PAGE, NEWEST - DAY, NEWEST)


def _page_of_alerts(place: Place) -> object:
    return alerts.selectors.alerts(place.organization.pk, within=None, filters={}, after=None, limit=PAGE)


def _preview_figures(place: Place) -> object:
    scopes = [place.queue.pk]
    since = NEWEST - PREVIEW
    return list(backlog.selectors.past_figures(place.organization.pk, since=since, until=NEWEST, scopes=scopes))


def _day_of_queue(place: Place) -> object:
    return measured_between(place.organization, [place.queue.pk], NEWEST - DAY, NEWEST)


def _story(place: Place) -> story.Question:
    day = (NEWEST - DAY).date()
    return story.question(place.queue, day, within=None, names=False, now=NEWEST)


READS: dict[str, Callable[[Place], object]] = {
    "backlog history: a page of a queue's day": lambda at: backlog.selectors.history(at.queue, at.day, names=False),
    "backlog of a preview: a queue's 31 days": _preview_figures,
    "KPI history: a page of a queue's day": lambda at: kpi.selectors.history(at.queue, at.day, names=False),
    "measured intervals: a queue's day": _day_of_queue,
    "event log: what a client missed": lambda at: store.read(
        at.stream, after=at.head - PAGE, max_events=1_000, max_bytes=1 << 20
    ),
    "event log: backwards from the head": lambda at: store.read_back(
        at.stream, upto=None, max_events=PAGE, max_bytes=1 << 20
    ),
    "alerts: the newest page": _page_of_alerts,
    "alerts: all open ones, as a run locks them": lambda at: list(lock_open(at.organization.pk)),
    "story: a page of a queue's day": lambda at: story.page(_story(at), after=None, limit=PAGE),
    "audit: the newest page": lambda at: list(entries(at.organization.pk, **EVERYTHING)[:PAGE]),
}


def fill(rows: int) -> Place:
    """Fill each large table with that many rows (alerts and audit with a tenth), over at least 100 queues."""
    organization = create_organization(id="org_plans", name="Plans")
    add_queues(organization, [(f"dept_{i % 10}", f"queue_{i}") for i in range(max(100, rows // 10_000))])
    said = {"source": "kpi", "metric": "health_score", "operator": "<", "threshold": 40, "severity": "high"}
    rule = create_rule(organization=organization, fields={**said, "name": "rule"}, actor=Actor("bench"), now=NEWEST)
    queues = Scope.objects.filter(organization=organization).exclude(queue_name="").order_by("pk")
    head = fill_tables(organization.pk, str(rule.pk), queues.count(), rows, NEWEST)
    queue = queues[queues.count() // 2]
    return Place(organization, queue, f"custom:org:{organization.pk}-50", head)


def plans(place: Place) -> dict[str, list[str]]:
    """Return for each read the plans of its statements, as EXPLAIN (ANALYZE) prints them."""
    found = {}
    for what, read in READS.items():
        statements: list[str] = []
        for alias in ("default", "snapshot"):
            connections[alias].ensure_connection()
        snapshots = CaptureQueriesContext(connections["snapshot"])
        with CaptureQueriesContext(connection) as own, snapshots, transaction.atomic():
            read(place)
        for query in {id(each): each for captured in (own, snapshots) for each in captured}.values():
            if any(table in query["sql"] for table in TABLES) and query["sql"] not in statements:
                statements.append(query["sql"])
        assert statements, f"{what} reads no large table"
        found[what] = ["\n".join(_explained(statement)) for statement in statements]
    return found


def _explained(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY ON) " + statement.replace("%", "%%")
        )
        return [line for (line,) in cursor.fetchall()]


def main(rows: str) -> None:
    place = fill(int(rows))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(json.dumps({"rows": TABLES, "plans": plans(place)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
