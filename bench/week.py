"""Replay the default rules over the recorded week of a bank's call centre (docs/alerts-on-a-real-week.md).

python -m bench.week PATH               with DATABASE_URL, SECRET_KEY; prints the tables and the bars (bench.week_bars)
python -m bench.week PATH --forecast    the same with a forecast (bench.week_forecast): prints drops in volume

Every five minutes of the log: what it shows then is posted and all figures are worked out, with the log's own time as
the clock. Then each default rule is previewed over the week: the machine that judges live, over the same figures.
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

from alerts.choices import SEVERITIES
from alerts.default_rules import DEFAULT_RULES
from alerts.rule_services import preview_rule
from alerts.rules.catalogue import VOLUME_STATE
from bench import week_bars
from bench.week_forecast import typical
from intraday.api_client.client import PATHS
from intraday.org.models import KeyScope, Organization, Scope
from intraday.org.services import add_queues, create_api_key, create_organization
from intraday.replay.adapters import bank
from intraday.replay.timeline import Target
from kpi.services import compute_all, configure

ZONE = ZoneInfo("Asia/Jerusalem")
QUEUES = ("IN", "NE", "NW", "PE", "PS", "TT")
HOURS = "Mon-Thu 07:00-24:00\nSun 07:00-24:00\nFri 07:00-14:00\nSat 19:30-24:00"
REOPENED = timedelta(minutes=15)
SINCE, UNTIL = datetime(1999, 2, 14, tzinfo=ZONE), datetime(1999, 2, 21, 2, tzinfo=ZONE)


def prepare() -> tuple[Organization, Client]:
    organization = create_organization(id="org_week", name="Bank", time_zone=ZONE.key)
    add_queues(organization, [("bank", queue) for queue in QUEUES])
    for scope in Scope.objects.filter(organization=organization).exclude(queue_name=""):
        settings = {"kind": "realtime", "target_service_level": 80.0, "target_seconds": 20.0}
        configure(scope, {**settings, "opening_hours": HOURS, "interval_minutes": 30}, now=SINCE)
    _, key = create_api_key(organization=organization, name="bank", scopes=[KeyScope.INGEST])
    return organization, Client(headers={"host": "127.0.0.1", "authorization": f"Api-Key {key}"})


def plan(path: Path, organization: Organization, client: Client) -> None:
    """Post a forecast made of the week itself (bench.week_forecast)."""
    asked = {"organization_id": organization.pk, "department_id": "bank"}
    rows = list(typical(list(bank.calls(path, [])), QUEUES, ZONE, asked))
    for begin in range(0, len(rows), 500):
        _post(client, "forecast", rows[begin : begin + 500])


def _post(client: Client, kind: str, rows: list[Any]) -> None:
    answer = client.post(PATHS[kind], {"items": rows}, content_type="application/json")
    assert answer.status_code == 201, answer.content[:500]


def replay(path: Path, organization: Organization, client: Client) -> None:
    feed = bank.read(path, target=Target(organization.pk, "bank"))
    for now, instants in groupby(feed.instants, key=lambda instant: instant.time):
        for instant in instants:
            if instant.kind != "compute" and instant.rows:
                _post(client, instant.kind, instant.rows)
        compute_all(organization_id=organization.pk, now=now)


def published(path: Path) -> dict[str, Counter[str]]:
    """Count by day as the log's own documentation does."""
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


def fired(organization: Organization) -> list[dict[str, Any]]:
    """Return the alerts that the default rules would have raised, in order of time."""
    found = [_alert(rule, each) for rule in DEFAULT_RULES for each in _preview(organization, rule)]
    for alert in found:
        alert["notified"] = alert["metric"] == VOLUME_STATE or not any(_inhibits(other, alert) for other in found)
        alert["reopened"] = any(_precedes(other, alert) for other in found)
    return sorted(found, key=lambda alert: (alert["first"], alert["rule"], alert["place"]))


def _preview(organization: Organization, rule: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = preview_rule(organization=organization, since=SINCE, until=UNTIL, draft=rule)[
        "draft"
    ]["alerts"]
    return found


def _alert(rule: dict[str, Any], would_be: dict[str, Any]) -> dict[str, Any]:
    scope = would_be["scope"]
    return {
        "rule": rule["name"],
        "metric": rule["metric"],
        "severity": rule["severity"],
        "source": rule["source"],
        "place": scope.get("queue_name") or scope.get("department_id") or "organization",
        "first": would_be["from"].astimezone(ZONE),
        "last": (would_be["to"] or UNTIL).astimezone(ZONE),
        "peak": would_be["peak"],
        "count": would_be["count"],
    }


def _inhibits(other: dict[str, Any], alert: dict[str, Any]) -> bool:
    """Return whether the other, of the same scope and source, was open when this one fired, and is graver or earlier
    (alerts.evaluation.inhibition)."""
    if other is alert or (other["place"], other["source"]) != (alert["place"], alert["source"]):
        return False
    return other["first"] <= alert["first"] < other["last"] and _precedence(other) < _precedence(alert)


def _precedence(alert: dict[str, Any]) -> tuple[int, datetime, str]:
    return -SEVERITIES.index(alert["severity"]), alert["first"], alert["rule"]


def _precedes(other: dict[str, Any], alert: dict[str, Any]) -> bool:
    same = (other["place"], other["rule"]) == (alert["place"], alert["rule"])
    return same and timedelta() <= alert["first"] - other["last"] <= REOPENED and other is not alert


# --- the page --------------------------------------------------------------------------------------------------------
def page(alerts: list[dict[str, Any]], days: dict[str, dict[str, int]]) -> str:
    """Render the page: for each day the published figures of the log's documentation, then the alerts that fired."""
    parts = [_summary(alerts, days)]
    for day, figures in sorted(days.items()):
        today = [alert for alert in alerts if is_of(alert, day)]
        parts.append(f"## {datetime.fromisoformat(day):%A, %d %B %Y}\n\n{_day(figures)}")
        parts.append(_table(today) if today else "No alert.")
    return "\n\n".join(parts)


def is_of(alert: dict[str, Any], day: str) -> bool:
    return f"{alert['first']:%Y-%m-%d}" == day


def _summary(alerts: list[dict[str, Any]], days: dict[str, dict[str, int]]) -> str:
    head = ["day", "offered", "abandoned", "answered in 20 s", "alerts", "of these notified", "notified, by queue"]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for day, figures in sorted(days.items()):
        today = [alert for alert in alerts if is_of(alert, day)]
        of_queue = Counter(alert["place"] for alert in today if alert["notified"])
        notified = ", ".join(f"{queue} {count}" for queue, count in of_queue.most_common())
        share = f"{figures['in_target'] / figures['offered']:.0%}"
        cells = [
            day,
            figures["offered"],
            figures.get("abandoned", 0),
            share,
            len(today),
            sum(of_queue.values()),
            notified,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _day(figures: dict[str, int]) -> str:
    wait = figures["wait"] / figures["answered"]
    return (
        f"Published: {figures['offered']:,} offered, {figures['answered']:,} answered, "
        f"{figures.get('abandoned', 0):,} abandoned, {figures['in_target']:,} answered within 20 s, ASA {wait:.1f} s."
    )


def _table(alerts: list[dict[str, Any]], *, day: str = "") -> str:
    head = ["rule", "queue", "first", "last", "peak", "count", "notified"]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for alert in alerts:
        last = (
            f"{alert['last']:%H:%M}"
            if alert["last"].date() == alert["first"].date()
            else f"{alert['last']:%d %b %H:%M}"
        )
        notified = "yes" if alert["notified"] else "listed only"
        peak = alert["peak"] if isinstance(alert["peak"], str) else f"{alert['peak']:g}"
        cells = [alert["rule"], alert["place"], f"{alert['first']:{day}%H:%M}", last, peak, alert["count"], notified]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def outages(alerts: list[dict[str, Any]]) -> str:
    """Drops in volume, in order of time."""
    return _table([alert for alert in alerts if alert["metric"] == VOLUME_STATE], day="%a ")


def main(path: Path, *options: str) -> None:
    organization, client = prepare()
    if "--forecast" in options:
        plan(path, organization, client)
    replay(path, organization, client)
    alerts = fired(organization)
    days = {day: dict(figures) for day, figures in published(path).items()}
    print(outages(alerts) if "--forecast" in options else page(alerts, days))
    print("\n" + week_bars.lines(organization, alerts, QUEUES, ZONE, len(days)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
