"""The answers of `/api/intraday/feeds`, and the feed loop of the docs against the real server."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest
import time_machine
from rest_framework.test import APIClient

from intraday.feed_health import services
from intraday.feed_health.models import Feed, FeedMinute
from intraday.org.models import Organization
from tests.conftest import client_of, key_of
from tests.live import ROOT, LiveServer

POST, BATCH = "/api/schedulesbacklog/ingest", "/api/schedulesbacklog/batch-ingest"

SOURCE = ("org_123", "key test", "backlog")
NOTED = services.Noted(services.Delivery("backlog", accepted=1, rejected=0), datetime(2026, 1, 31, 10, tzinfo=UTC))


def row(minutes_ago: float = 1, **fields: object) -> dict[str, object]:
    moment = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {
        "queue_name": "support",
        "snapshot_time": moment.isoformat(),
        "total_items": 3,
        "average_wait_time_minutes": 1,
        **fields,
    }


def feeds(api: APIClient) -> list[dict]:
    """The feeds, once the deliveries so far are stored, as they are within a second."""
    services.store()
    return api.get("/api/intraday/feeds").json()["feeds"]


def test_a_feed_appears_with_its_first_row(api: APIClient):
    assert feeds(api) == []
    api.post(POST, row(), format="json")
    (feed,) = feeds(api)
    assert (feed["source"], feed["kind"], feed["accepted_last_hour"], feed["stale"]) == (
        "key test",
        "backlog",
        1,
        False,
    )
    assert feed["last_error"] is None
    assert feed["cadence_seconds"] is None


def test_the_cadence_is_learned_from_the_data_and_not_from_the_requests(api: APIClient):
    for minutes_ago in (40, 25, 25, 25, 10):
        api.post(POST, row(minutes_ago), format="json")
    (feed,) = feeds(api)
    assert feed["cadence_seconds"] == pytest.approx(900, rel=0.01)


def test_deliveries_that_wait_for_the_database_are_bounded_and_the_newest_are_kept(api: APIClient):
    for _ in range(services.MOST_WAITING + 1):
        services.deliveries.note(SOURCE, NOTED)
    api.post(BATCH, {"items": [{"x" * 5_000: 1}]}, format="json")
    (waiting,) = services.deliveries.take().values()
    assert len(waiting) == services.MOST_WAITING
    assert waiting[-1].delivery.rejected == 1
    assert len(waiting[-1].delivery.error) <= services.MOST_ERROR


def test_a_few_rows_within_seconds_are_no_cadence(api: APIClient):
    for seconds_ago in (60, 58.5, 57):
        api.post(POST, row(seconds_ago / 60), format="json")
    (feed,) = feeds(api)
    assert feed["cadence_seconds"] == 20
    Feed.objects.update(last_received_at=datetime.now(UTC) - timedelta(seconds=30))
    assert not feeds(api)[0]["stale"]


def test_refused_rows_are_counted_and_the_last_one_is_quoted(api: APIClient):
    api.post(BATCH, {"items": [row(), row(total_items=-1), row(snapshot_time="soon")]}, format="json")
    (feed,) = feeds(api)
    assert (feed["accepted_last_hour"], feed["rejected_last_hour"]) == (1, 2)
    assert feed["last_error"].startswith("row 1: total_items:")


def test_a_body_that_is_no_batch_is_one_refusal(api: APIClient):
    api.post(BATCH, {"rows": []}, format="json")
    (feed,) = feeds(api)
    assert (feed["accepted_last_hour"], feed["rejected_last_hour"]) == (0, 1)
    assert feed["last_error"] == "items: A list of rows is required."


def test_a_dry_run_is_not_a_delivery(api: APIClient):
    api.post(BATCH + "?dry_run=true", {"items": [row()]}, format="json")
    assert feeds(api) == []


def test_a_feed_that_fell_silent_is_stale_and_comes_first(api: APIClient, organization: Organization):
    client_of(organization).post(POST, row(), format="json")
    Feed.objects.create(
        organization=organization,
        source="key asleep",
        kind="backlog",
        last_received_at=datetime.now(UTC) - timedelta(minutes=10),
        cadence_seconds=60,
    )
    assert [(feed["source"], feed["stale"]) for feed in feeds(api)] == [("key asleep", True), ("key test", False)]


def test_feeds_of_another_tenant_are_not_shown(api: APIClient, stranger: Organization):
    client_of(stranger).post(POST, row(), format="json")
    assert feeds(api) == []
    assert api.get("/api/intraday/feeds?organization_id=org_999").status_code == 404


def test_a_key_that_may_only_post_may_not_read_feeds(organization: Organization):
    assert client_of(organization, "ingest").get("/api/intraday/feeds").status_code == 403


def test_minutes_are_forgotten_after_two_hours(api: APIClient):
    api.post(POST, row(), format="json")
    services.store()
    FeedMinute.objects.update(minute=datetime.now(UTC) - timedelta(hours=3))
    assert services.forget_minutes(now=datetime.now(UTC)) == 1
    assert feeds(api)[0]["accepted_last_hour"] == 0


# --- times that are off by whole half hours --------------------------------------------------------------------------
START = datetime(2026, 1, 31, 9, 0, 20, tzinfo=UTC)


def deliver(api: APIClient, step: float, behind: float, count: int = 8, jitter: tuple[float, ...] = (0,)) -> list[str]:
    """Post snapshots every `step` minutes whose times are so many minutes behind; the warning of each answer."""
    told = []
    for number in range(count):
        now = START + timedelta(minutes=step * number)
        late = behind + jitter[number % len(jitter)]
        with time_machine.travel(now, tick=False):
            body = row(snapshot_time=(now - timedelta(minutes=late)).isoformat())
            told.append(" ".join(api.post(POST, body, format="json").json().get("warnings", [])))
            services.store()
    return told


@pytest.mark.parametrize(
    ("step", "behind", "minutes"),
    [(1, 60, 60), (1, 62, 60), (5, 60.5, 60), (5, 120, 120), (1, 330, 330), (1, 30, 30), (15, 61, 60), (30, 63, 60)],
)
def test_a_feed_whose_data_is_steadily_behind_by_half_hours_is_told_so(
    api: APIClient, step: float, behind: float, minutes: int
):
    *_, last = deliver(api, step, behind)
    assert last == f"data is {minutes} min behind: is the zone right?"
    with time_machine.travel(START + timedelta(minutes=7 * step), tick=False):
        (feed,) = feeds(api)
    assert (feed["behind_minutes"], feed["warning"]) == (minutes, last)


@pytest.mark.parametrize(
    ("step", "behind", "jitter"),
    [
        (1, 0, (0,)),  # in time
        (1, 3, (0,)),
        (30, 2, (0,)),  # half-hourly, after the interval
        (30, 31, (0,)),  # half-hourly, an interval late
        (60, 60, (0,)),  # hourly, an interval late
        (15, 16, (0,)),
        (1, 45, (0,)),  # late, but not by half hours
        (1, 70, (0,)),
        (1, 60, (0, 20, 40)),  # late by ever other amounts
        (10, 60, (0, 9)),
        (1, 60, (0, 0, 0, -20)),  # three times only
        (1, 60 * 24 * 365, (0,)),  # a replay of long ago
    ],
)
def test_a_feed_that_is_late_in_any_other_way_is_not_suspected(
    api: APIClient, step: float, behind: float, jitter: tuple[float, ...]
):
    assert set(deliver(api, step, behind, jitter=jitter)) == {""}
    with time_machine.travel(START + timedelta(minutes=7 * step), tick=False):
        assert feeds(api)[0]["warning"] is None


def test_a_feed_that_catches_up_passes_an_hour_without_being_suspected(api: APIClient):
    """History posted minute by minute: within a second each, its data come nearer to now."""
    told = []
    for number in range(120):
        now = START + timedelta(seconds=number)
        with time_machine.travel(now, tick=False):
            body = row(snapshot_time=(START - timedelta(minutes=120 - number)).isoformat())
            told += api.post(POST, body, format="json").json().get("warnings", [])
            services.store()
    assert told == []


def test_a_feed_that_is_mended_is_told_no_more(api: APIClient):
    assert deliver(api, 1, 60)[-1]
    with time_machine.travel(START + timedelta(minutes=9), tick=False):
        body = row(snapshot_time=(START + timedelta(minutes=9)).isoformat())
        assert "warnings" not in api.post(POST, body, format="json").json()
        assert feeds(api)[0]["behind_minutes"] is None


def test_data_from_the_future_is_refused_with_the_same_question(api: APIClient):
    with time_machine.travel(START, tick=False):
        answer = api.post(POST, row(snapshot_time=(START + timedelta(minutes=60)).isoformat()), format="json").json()
        minute = api.post(POST, row(snapshot_time=(START + timedelta(minutes=2)).isoformat()), format="json").json()
    assert answer["errors"]["snapshot_time"] == ["More than 60 s in the future. It is 60 min ahead: is the zone right?"]
    assert minute["errors"]["snapshot_time"] == ["More than 60 s in the future."]


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_the_feed_loop_of_the_docs_delivers(server: LiveServer, organization: Organization):
    key = key_of(organization)
    environment = {"INTRADAY_URL": server.http, "INTRADAY_API_KEY": key, "FEED_SECONDS": "0.1"}
    loop = subprocess.Popen([sys.executable, ROOT / "docs/examples/feed_loop.py"], env=environment)
    try:
        headers = {"Authorization": f"Api-Key {key}"}
        for _ in range(200):
            answer = httpx.get(f"{server.http}/api/intraday/feeds", headers=headers).json()["feeds"]
            if answer and answer[0]["accepted_last_hour"] >= 2:
                break
            assert loop.poll() is None
        assert answer[0]["accepted_last_hour"] >= 2
    finally:
        loop.terminate()
        loop.wait(10)
