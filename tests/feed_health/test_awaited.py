"""Silence of feeds: feeds that report by the clock, while a queue that they feed is open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from alerts.models import Alert
from alerts.services import evaluate
from intraday.feed_health import selectors, services
from intraday.feed_health.models import Feed
from intraday.org.models import Organization, Scope
from kpi import selectors as kpi_selectors
from kpi.models import QueueSettings
from tests.conftest import client_of

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
HOURS = "Mon-Fri 08:00-18:00"


def clock(hours: float, days: int = 0) -> datetime:
    return MONDAY + timedelta(days=days, hours=hours)


@pytest.fixture
def house(organization: Organization) -> Organization:
    organization.time_zone = "UTC"
    organization.save()
    call_command("rules", "install", organization="org_123")
    return organization


def opening(queue: str, hours: str) -> None:
    scope = Scope.objects.get(organization="org_123", queue_name=queue)
    QueueSettings.objects.update_or_create(scope=scope, defaults={"opening_hours": hours})


def feed(house: Organization, kind: str, last: datetime, *queues: str, cadence: float | None = 60, **fields: Any):
    fed = {f"dept_456\t{queue}": last.date().isoformat() for queue in queues}
    return Feed.objects.create(
        organization=house,
        source=fields.get("source", "key acd"),
        kind=kind,
        last_received_at=last,
        cadence_seconds=cadence,
        queues=fed,
    )


def is_stale(now: datetime) -> list[bool]:
    found = selectors.feeds("org_123", now=now, opened=kpi_selectors.opened)
    return [each["stale"] for each in found]


def open_alerts(now: datetime) -> int:
    evaluate(organization_id="org_123", now=now)
    alerts = Alert.objects.filter(rule__alert_type="feed_stale").exclude(status="resolved")
    return alerts.count()


# Kind, its cadence in seconds, how long it has been silent in minutes, whether that is a fault.
@pytest.mark.parametrize(
    ("kind", "cadence", "silent", "stale"),
    [
        ("kpi", 60, 5, False),
        ("kpi", 60, 5.1, True),  # three cadences are 3 min: five at least
        ("kpi", 900, 45, False),
        ("kpi", 900, 45.1, True),
        ("backlog", 300, 15, False),
        ("backlog", 300, 15.1, True),
        ("backlog", None, 45, False),
        ("backlog", None, 45.1, True),
        ("attendance", 60, 600, False),  # check-ins come when people come
        ("shifts", 604_800, 20_000, False),  # posted once a week
        ("forecast", 86_400, 6_000, False),
    ],
)
def test_which_silence_is_a_fault(house: Organization, kind: str, cadence: float | None, silent: float, stale: bool):
    opening("support", HOURS)
    now = clock(14)
    feed(house, kind, now - timedelta(minutes=silent), "support", cadence=cadence)
    if kind in ("kpi", "backlog"):
        assert is_stale(now) == [stale]
        assert open_alerts(now) == int(stale)
    else:
        assert (is_stale(now), open_alerts(now)) == ([False], 0)
        [found] = selectors.feeds("org_123", now=now, opened=kpi_selectors.opened)
        assert (found["cadence_seconds"], found["awaited_since"]) == (None, None)


def test_at_closing_time_and_over_night_nothing_is_said(house: Organization):
    opening("support", HOURS)
    feed(house, "kpi", clock(18), "support")
    for hour in (18, 18.2, 20, 23.9, 26, 32, 32.05):
        assert (is_stale(clock(hour)), open_alerts(clock(hour))) == ([False], 0)


def test_in_the_morning_it_is_awaited_since_the_opening(house: Organization):
    opening("support", HOURS)
    feed(house, "kpi", clock(18), "support")
    assert is_stale(clock(8 + 5 / 60, days=1)) == [False]
    assert is_stale(clock(8 + 6 / 60, days=1)) == [True]
    assert open_alerts(clock(8 + 6 / 60, days=1)) == 1


def test_over_a_weekend_nothing_is_said_and_what_was_open_ends(house: Organization):
    for queue in ("support", "billing", "sales"):
        opening(queue, HOURS)
    feed(house, "kpi", clock(17, days=4), "support")
    assert open_alerts(clock(17.5, days=4)) == 1
    assert open_alerts(clock(18.1, days=4)) == 0
    assert Alert.objects.get().resolution == "closed"
    assert open_alerts(clock(12, days=5)) == 0


def test_where_another_queue_is_open_the_closed_feed_ends_as_closed_too(house: Organization):
    opening("support", HOURS)
    feed(house, "kpi", clock(17), "support")
    assert open_alerts(clock(17.5)) == 1
    assert open_alerts(clock(18.1)) == 0
    assert Alert.objects.get().resolution == "closed"


def test_each_feed_is_awaited_by_its_own_queues(house: Organization):
    opening("support", HOURS)
    feed(house, "kpi", clock(18), "support", source="key office")
    feed(house, "kpi", clock(18), "billing", source="key night")
    found = selectors.feeds("org_123", now=clock(20), opened=kpi_selectors.opened)
    assert {each["source"]: each["stale"] for each in found} == {"key office": False, "key night": True}


def test_a_queue_that_it_fed_long_ago_is_not_its_queue(house: Organization):
    opening("support", HOURS)
    row = feed(house, "kpi", clock(18), "support")
    row.queues["dept_456\tbilling"] = clock(18, days=-30).date().isoformat()
    row.save()
    assert is_stale(clock(20)) == [False]


def test_a_feed_that_names_no_queue_is_awaited_while_any_is_open(house: Organization):
    for queue in ("support", "billing", "sales"):
        opening(queue, HOURS)
    feed(house, "backlog", clock(12))
    assert (is_stale(clock(14)), is_stale(clock(20))) == ([True], [False])


def test_posting_tells_which_queues_a_feed_feeds(house: Organization):
    now = datetime.now(UTC)
    snapshot = {"queue_name": "support", "snapshot_time": now.isoformat(), "total_items": 3}
    client_of(house).post("/api/schedulesbacklog/ingest", {**snapshot, "average_wait_time_minutes": 1}, format="json")
    client_of(house).post(
        "/api/schedulesbacklog/batch-ingest",
        {"items": [{**snapshot, "queue_name": "billing", "average_wait_time_minutes": 1}]},
        format="json",
    )
    services.store()
    fed = set(Feed.objects.get().queues)
    assert {key.split("\t")[1] for key in fed} == {"support", "billing"}


def test_the_endpoint_says_since_when_a_report_is_awaited(house: Organization, api):
    last = datetime.now(UTC) - timedelta(hours=2)
    feed(house, "kpi", last, "support")
    [found] = api.get("/api/intraday/feeds").json()["feeds"]
    assert found["stale"] is True
    assert datetime.fromisoformat(found["awaited_since"]) == last
