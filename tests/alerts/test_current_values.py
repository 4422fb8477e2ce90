"""An open alert shows what is so now: its value, its message, and since when."""

import pytest

from alerts.models import Notification
from tests.alerts.world import World, at, names
from tests.heard import Hear

STREAM = "alerts:org:org_123"


def test_the_message_follows_the_value(world: World, api):
    world.rule()
    world.judge(95, 0)
    world.judge(99.5, 60)
    said = "support: occupancy is 99.5 % (over 90 %)"
    [listed] = api.get("/api/alerts", {"status": "pending"}).json()["items"]
    assert (world.alert.message, listed["message"], listed["current_value"]) == (said, said, 99.5)


def test_while_it_recovers_the_value_stays_current(world: World):
    world.rule(recover_for_seconds=600)
    world.judge(95, 0)
    world.judge(70, 60)
    world.judge(65, 120)
    alert = world.alert
    assert (alert.current_value, alert.peak_value, alert.occurrence_count, alert.last_seen_at) == (65, 95, 1, at(0))


def test_a_moving_value_is_published_once_a_minute_and_notified_to_nobody(world: World, heard: Hear):
    """Judged every 5 s and attended to every 15 s for 10 minutes: one event a minute, and none for a value that
    stands still in the last five."""
    world.rule()
    world.judge(95, 0)
    with heard(STREAM) as events:
        for seconds in range(5, 601, 5):
            world.judge(91 + seconds % 9 if seconds <= 300 else 95, seconds)
            if seconds % 15 == 0:
                world.run_timers(seconds)
    assert names(events) == ["alert:updated"] * 6
    assert {event["data"]["version"] for event in events} == {1}
    assert events[-1]["data"]["current_value"] == 95
    assert list(Notification.objects.values_list("transition", flat=True)) == ["triggered"]


def test_any_event_carries_what_moved_so_nothing_is_published_twice(world: World, heard: Hear):
    world.rule()
    world.judge(95, 0)
    world.judge(97, 60)
    with heard(STREAM) as events:
        world.acknowledge(world.alert)
        world.run_timers(600)
    assert names(events) == ["alert:acknowledged"]
    assert events[0]["data"]["message"] == "support: occupancy is 97 % (over 90 %)"


def test_a_silenced_alert_stays_current_on_the_screen(world: World, heard: Hear):
    world.rule()
    world.judge(95, 0)
    world.snooze(world.alert, 3600)
    world.judge(97, 90)
    with heard(STREAM) as events:
        world.run_timers(90)
    assert (names(events), events[0]["data"]["current_value"]) == (["alert:updated"], 97)


@pytest.mark.parametrize(
    ("hold", "judged", "since"),
    [
        (0, [(0, 95)], 0),
        (120, [(0, 95), (60, 95), (120, 95)], 0),
        (120, [(0, 95), (60, 70), (90, 95), (210, 95)], 90),
        (120, [(0, 95), (60, None), (600, 95), (720, 95)], 600),  # without figures the clock stood
    ],
)
def test_since_when_it_breaches_is_notified(world: World, hold: int, judged: list, since: float):
    world.rule(for_seconds=hold)
    for seconds, value in judged:
        world.judge(value, seconds)
    assert world.alert.breaching_since == at(since)


def test_a_condition_that_comes_back_breaches_since_then(world: World):
    world.rule(auto_resolve=False, recover_for_seconds=0)
    world.judge(95, 0)
    world.judge(70, 60)
    world.judge(95, 120)
    assert (world.alert.breaching_since, world.alert.triggered_at) == (at(120), at(0))


def test_a_stale_version_of_an_event_is_not_made_by_a_refresh(world: World):
    """A refresh is no transition: who acts with the version that was read before is not refused."""
    world.rule()
    world.judge(95, 0)
    world.judge(97, 60)
    world.run_timers(60)
    assert world.acknowledge(world.alert, expected_version=1).status == "acknowledged"
