import os
import signal
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from statistics import median
from threading import Event, Thread, Timer

import pytest
from django.core.management import CommandError, call_command

from intraday.feeds import simulate
from intraday.feeds.instants import Row
from intraday.feeds.world import PROFILES, World
from tests.feeds.fake_api import FakeApi, Reply, serve

START = datetime(2026, 1, 5, 10, tzinfo=UTC)


def days_of(seed: int, seconds: int, every: int = 2) -> list[list[Row]]:
    world = World(seed, START)
    return [world.at(START + timedelta(seconds=step)) for step in range(0, seconds, every)]


def test_the_same_seed_tells_the_same_story_and_another_a_different_one() -> None:
    assert days_of(7, 120) == days_of(7, 120)
    assert days_of(7, 120) != days_of(8, 120)


@pytest.mark.parametrize("seed", range(5))
def test_every_row_follows_from_the_one_before_it(seed: int) -> None:
    for before, after in pairwise(days_of(seed, 600)):
        for old, new in zip(before, after, strict=True):
            assert new["total_items"] == old["total_items"] + new["items_added"] - new["items_completed"]


@pytest.mark.parametrize("seed", range(5))
def test_the_figures_of_a_row_agree_with_each_other(seed: int) -> None:
    for row in (row for rows in days_of(seed, 600) for row in rows):
        assert 0 <= row["items_over_sla"] + row["sla_at_risk_count"] <= row["total_items"]
        assert 0 <= row["average_wait_time_minutes"] <= row["oldest_item_age_minutes"]
        assert (row["total_items"] == 0) == (row["oldest_item_age_minutes"] == 0)


@pytest.mark.parametrize("seed", range(5))
def test_queues_come_back_from_trouble(seed: int) -> None:
    """Half an hour: all six are in trouble once, none runs away, none stays empty."""
    story = days_of(seed, 1800, every=10)
    for place, profile in enumerate(PROFILES):
        totals = [rows[place]["total_items"] for rows in story]
        assert max(totals) > 2 * profile.usual
        assert max(totals) < 10 * profile.usual
        assert profile.usual / 3 < median(totals) < 3 * profile.usual


def trend(rows: list[Row], every: float) -> str:
    """The documented rule: median of pairwise slopes over seven snapshots against a dead band."""
    totals = [row["total_items"] for row in rows]
    pairs = [(i, j) for i in range(len(rows)) for j in range(i + 1, len(rows))]
    change = median((totals[j] - totals[i]) / ((j - i) * every) for i, j in pairs) * every * (len(rows) - 1)
    flow = sum(row["items_added"] + row["items_completed"] for row in rows)
    band = max(3.0, 0.05 * median(totals), 2 * flow**0.5)
    return "growing" if change > band else "decreasing" if change < -band else "stable"


@pytest.mark.parametrize("seed", range(5))
def test_a_viewer_sees_growth_within_a_minute_and_recovery_within_ten(seed: int) -> None:
    support = [rows[0] for rows in days_of(seed, 600)]
    seen = {number * 2: trend(support[number - 6 : number + 1], 2) for number in range(6, len(support))}
    assert "growing" in {label for second, label in seen.items() if second <= 60}
    assert {"growing", "stable", "decreasing"} == set(seen.values())
    assert max(row["items_over_sla"] for row in support) > 10


def test_a_long_pause_is_lived_through_and_a_clock_set_back_is_not() -> None:
    world = World(7, START)
    later = world.at(START + timedelta(hours=8))
    assert all(row["total_items"] < 10 * profile.usual for row, profile in zip(later, PROFILES, strict=True))
    assert world.at(START)[0]["snapshot_time"] == "2026-01-05T18:00:00Z"


def in_background(api: FakeApi, stop: Event, said: list[str]) -> Thread:
    given = {"stop": stop, "seed": 7, "every": 0.02, "say": said.append}
    thread = Thread(target=simulate.run, args=(api.url,), kwargs=given, daemon=True)
    thread.start()
    return thread


def until(condition: object, seconds: float = 10) -> None:
    pause, tries = Event(), int(seconds / 0.02)
    for _ in range(tries):
        if condition():  # type: ignore[operator]
            return
        pause.wait(0.02)
    raise AssertionError("it did not happen in time")


def test_it_posts_until_told_to_stop(api: FakeApi) -> None:
    stop, said = Event(), list[str]()
    thread = in_background(api, stop, said)
    until(lambda: len(api.batches) >= 3)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert {row["queue_name"] for row in api.batches[0]} == {profile.queue for profile in PROFILES}
    assert {row["organization_id"] for batch in api.batches for row in batch} == {"org_123"}
    assert said == []


def test_an_outage_is_said_once_and_no_item_is_lost_or_counted_twice(api: FakeApi) -> None:
    stop, said = Event(), list[str]()
    api.script = [Reply(503, {}, {"Retry-After": "0"})] * 3 + [Reply(0, hang_up=True)]
    thread = in_background(api, stop, said)
    until(lambda: len(api.batches) >= 3)
    stop.set()
    thread.join(5)
    assert len(said) == 2
    for before, after in pairwise(api.batches):
        for old, new in zip(before, after, strict=True):
            assert new["total_items"] == old["total_items"] + new["items_added"] - new["items_completed"]


def test_a_refusal_is_said_once_and_tried_again_later(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "AFTER_REFUSAL", 0.02)
    stop, said = Event(), list[str]()
    api.script = [Reply(404, {"code": "not_found", "message": "no such organization"})] * 3
    thread = in_background(api, stop, said)
    until(lambda: len(api.batches) >= 2)
    stop.set()
    thread.join(5)
    assert said == ["the server refuses simulated rows: HTTP 404 not_found: no such organization"]


def test_nothing_is_posted_before_the_server_is_up() -> None:
    api, stop, said = FakeApi(), Event(), list[str]()
    server = serve(api)
    port = server.server_address[1]
    server.shutdown()
    server.server_close()
    thread = in_background(api, stop, said)
    Event().wait(0.4)
    server = serve(api, port)
    until(lambda: api.batches)
    stop.set()
    thread.join(5)
    server.shutdown()
    server.server_close()
    assert said == []


def test_a_server_that_never_comes_up_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "START_PATIENCE", 0)
    with pytest.raises(CommandError, match="did not come up"):
        call_command("simulate", "--url", "http://127.0.0.1:9", stdout=StringIO(), stderr=StringIO())


def test_the_command_ends_on_a_signal(api: FakeApi) -> None:
    out = StringIO()
    Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    call_command("simulate", "--url", api.url, "--every", "0.05s", "--verbosity", "2", stdout=out)
    assert api.batches
    assert "(6 taken)" in out.getvalue()
