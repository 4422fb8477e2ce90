"""What the default rules would have said in the recorded week of a bank's call centre (docs/alerts-on-a-real-week.md).

python -m bench.week PATH        with DATABASE_URL, SECRET_KEY; prints the tables

Every five minutes of the log: what it shows then is posted, all figures are worked out, all rules are judged, and what
time brings is attended to, with the log's own time as the clock.
"""

import csv
import gzip
import sys
from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench import kpis as _kpis  # noqa: F401  first: it sets Django up

# ruff: isort: split
from django.test import Client

from alerts import services
from alerts.models import Alert
from intraday.feeds import bank
from intraday.feeds.client import PATHS
from intraday.feeds.instants import Target
from intraday.org.models import KeyScope, Organization, Scope
from intraday.org.services import add_queues, create_api_key, create_organization
from kpi.services import compute_all, configure

ZONE = ZoneInfo("Asia/Jerusalem")
QUEUES = ("IN", "NE", "NW", "PE", "PS", "TT")
HOURS = "Mon-Thu 07:00-24:00\nSun 07:00-24:00\nFri 07:00-14:00\nSat 20:00-24:00"
REOPENED = timedelta(minutes=15)


def prepare() -> tuple[Organization, Client]:
    organization = create_organization(id="org_week", name="Bank", time_zone=ZONE.key)
    add_queues(organization, [("bank", queue) for queue in QUEUES])
    start = datetime(1999, 2, 14, tzinfo=ZONE)
    for scope in Scope.objects.filter(organization=organization).exclude(queue_name=""):
        settings = {"kind": "realtime", "target_service_level": 80.0, "target_seconds": 20.0}
        configure(scope, {**settings, "opening_hours": HOURS, "interval_minutes": 30}, now=start)
    services.install_default_rules(organization=organization, now=start)
    _, key = create_api_key(organization=organization, name="bank", scopes=[KeyScope.INGEST])
    return organization, Client(headers={"host": "127.0.0.1", "authorization": f"Api-Key {key}"})


def replay(path: Path, organization: Organization, client: Client) -> None:
    feed = bank.read(path, target=Target(organization.pk, "bank"))
    for now, instants in groupby(feed.instants, key=lambda instant: instant.time):
        for instant in instants:
            if instant.kind != "compute" and instant.rows:
                body = {"items": instant.rows}
                answer = client.post(PATHS[instant.kind], body, content_type="application/json")
                assert answer.status_code == 201, answer.content[:500]
        compute_all(organization_id=organization.pk, now=now)
        services.evaluate(organization_id=organization.pk, now=now)
        services.attend(organization_id=organization.pk, now=now)


def published(path: Path) -> dict[str, Counter[str]]:
    """By day, as the log's own documentation counts them."""
    days: dict[str, Counter[str]] = {}
    with gzip.open(path, "rt") as log:
        for row in csv.DictReader(log):
            day = days.setdefault(f"19{row['date'][:2]}-{row['date'][2:4]}-{row['date'][4:]}", Counter())
            queued = row["q_start"] != bank.NEVER
            if row["outcome"] == "AGENT":
                day["offered"] += 1
                day["answered"] += 1
                day["in_target"] += int(row["q_time"]) <= 20
                day["wait"] += int(row["q_time"])
            elif row["outcome"] == "HANG" and queued:
                day["offered"] += 1
                day["abandoned"] += 1
    return days


def rows(organization: Organization) -> list[dict[str, Any]]:
    return [
        {
            "rule": alert.rule_name,
            "place": alert.scope.queue_name or alert.scope.department_id or "organization",
            "first": alert.triggered_at.astimezone(ZONE).isoformat(),
            "last": (alert.resolved_at or alert.last_seen_at).astimezone(ZONE).isoformat(),
            "peak": alert.peak_value,
            "count": alert.occurrence_count,
            "resolution": alert.resolution,
            "reopened": is_reopened(alert),
        }
        for alert in Alert.objects.filter(organization=organization)
        .select_related("scope", "previous")
        .order_by("triggered_at", "rule_name", "scope")
    ]


def is_reopened(alert: Alert) -> bool:
    before = alert.previous and alert.previous.resolved_at
    return bool(before and alert.triggered_at - before <= REOPENED)


# --- the page --------------------------------------------------------------------------------------------------------
def page(alerts: list[dict[str, Any]], days: dict[str, dict[str, int]]) -> str:
    """By day: what the log's documentation publishes, then the alerts that fired."""
    parts = [_summary(alerts, days)]
    for day, figures in sorted(days.items()):
        fired = [alert for alert in alerts if alert["first"].startswith(day)]
        parts.append(f"## {datetime.fromisoformat(day):%A, %d %B %Y}\n\n{_day(figures)}")
        parts.append(_table(fired) if fired else "No alert.")
    return "\n\n".join(parts)


def _summary(alerts: list[dict[str, Any]], days: dict[str, dict[str, int]]) -> str:
    lines = ["| day | offered | abandoned | answered in 20 s | alerts | most of a queue |", "| --- " * 6 + "|"]
    for day, figures in sorted(days.items()):
        of_queue = Counter(alert["place"] for alert in alerts if alert["first"].startswith(day) and is_queue(alert))
        most = ", ".join(f"{queue} {count}" for queue, count in of_queue.most_common(1))
        share = figures["in_target"] / figures["answered"]
        fired = sum(alert["first"].startswith(day) for alert in alerts)
        said = [figures["offered"], figures.get("abandoned", 0), f"{share:.0%}", fired, most]
        lines.append("| " + " | ".join(map(str, [day, *said])) + " |")
    return "\n".join(lines)


def is_queue(alert: dict[str, Any]) -> bool:
    return alert["place"] in QUEUES


def _day(figures: dict[str, int]) -> str:
    wait = figures["wait"] / figures["answered"]
    return (
        f"Published: {figures['offered']:,} offered, {figures['answered']:,} answered, "
        f"{figures.get('abandoned', 0):,} abandoned, {figures['in_target']:,} answered within 20 s, ASA {wait:.1f} s."
    )


def _table(alerts: list[dict[str, Any]]) -> str:
    lines = ["| rule | queue | first | last | peak | count | |", "| --- " * 7 + "|"]
    for alert in alerts:
        again = "again within 15 min" if alert["reopened"] else ""
        cells = [
            alert["rule"],
            alert["place"],
            alert["first"][11:16],
            _end(alert),
            alert["peak"],
            alert["count"],
            again,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _end(alert: dict[str, Any]) -> str:
    day, last = alert["first"][:10], alert["last"]
    return last[11:16] if last.startswith(day) else f"{last[5:10]} {last[11:16]}"


def main(path: Path) -> None:
    organization, client = prepare()
    replay(path, organization, client)
    print(page(rows(organization), {day: dict(figures) for day, figures in published(path).items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
