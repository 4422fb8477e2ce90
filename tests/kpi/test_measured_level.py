"""The measured service level: decided contacts, and everyone who waits too long by now (DOMAIN 1.3)."""

import pytest

from intraday.org.models import Scope
from kpi import services
from kpi.models import QueueSettings
from tests.backlog.posting import TEN, at, post
from tests.kpi.posting import INGEST, INTERVALS, SUPPORT, clock, compute, interval, post_all

INCIDENT = {"offered": 29, "answered": 8, "answered_in_target": 8, "abandoned": 6, "abandoned_in_target": 3}
"""8 answered, all in target; 6 abandoned, 3 of them early; 15 wait past the target."""


def level(api, minutes=10, **live):
    """Service level and that of the answered, so many minutes into the interval that began at ten."""
    with clock(minutes):
        post(api, interval(minutes=0, as_of=at(minutes), **INCIDENT, **live), INGEST)
        return compute(api, minutes, **SUPPORT)["service"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param("ignore", 30.77, id="8 / (8 + 3 + 15)"),
        pytest.param("negative", 27.59, id="8 / (8 + 6 + 15)"),
        pytest.param("positive", 37.93, id="(8 + 3) / (8 + 6 + 15)"),
    ],
)
def test_everyone_who_waits_past_the_target_is_missed_at_once(api, policy, expected):
    scope = Scope.objects.get(queue_name="support")
    services.save_queue_settings(QueueSettings(scope=scope, abandon_policy=policy), now=TEN)
    found = level(api, waiting_now=20, longest_wait_seconds=200, waiting_past_target=15)
    assert (found["service_level"], found["waiting_past_target"]) == (expected, 15)
    assert found["service_level_answered"] == 100.0  # for reading


@pytest.mark.parametrize(
    ("waiting", "longest", "past_target", "service_level"),
    [
        pytest.param(20, 80, 15, 30.77, id="20 * 60/80"),
        pytest.param(20, 20, 0, 72.73, id="nobody waited longer: 8 / 11"),
        pytest.param(3, 21, 1, 66.67, id="3 * 1/21 = 0.14, at least the one who waited longest"),
        pytest.param(3, 40, 2, 61.54, id="1.5, half up"),
        pytest.param(2, 100_000, 2, 61.54, id="never more than wait"),
    ],
)
def test_where_the_feed_does_not_count_them_arrivals_are_spread_over_the_longest_wait(
    api, waiting, longest, past_target, service_level
):
    found = level(api, waiting_now=waiting, longest_wait_seconds=longest)
    assert (found["waiting_past_target"], found["service_level"]) == (past_target, service_level)


def test_a_feed_that_falls_silent_does_not_improve_the_figure(api):
    before = level(api, waiting_now=20, longest_wait_seconds=200, waiting_past_target=15)
    with clock(29):
        post(api, interval("billing", minutes=0, as_of=at(29)), INGEST)
    with clock(120):
        found = compute(api, 120, **SUPPORT)
    assert (found["quality"], found["state"]["level"]) == ("stale", "stale")
    assert found["service"]["service_level"] == before["service_level"] == 30.77
    assert found["service"]["waiting_now"] is None


def test_those_who_wait_count_once_in_the_day_and_not_in_closed_intervals(api):
    """The half hour before had 100 of 100 answered, 90 in target, and ten who still waited then; they are decided
    since. 98 in target of the day's 100 + 8 + 3 + 15."""
    with clock(0):
        post_all(api, interval(as_of=at(-0.5), waiting_now=10, longest_wait_seconds=300, waiting_past_target=10))
    found = level(api, waiting_now=15, longest_wait_seconds=200, waiting_past_target=15)
    assert found["day_service_level"] == 77.78
    with clock(10):
        rows = {each["start"]: each for each in api.get(INTERVALS, SUPPORT).json()["intervals"]}
    assert rows[at(-30)]["service_level"] == 90.0
    assert rows[at(0)]["service_level"] == 30.77


def test_nobody_to_be_judged_is_no_level(api):
    with clock(10):
        counts = {"offered": 3, "answered": 0, "answered_in_target": 0, "abandoned": 3, "abandoned_in_target": 3}
        post(api, interval(minutes=0, as_of=at(10), **counts), INGEST)
        found = compute(api, 10, **SUPPORT)
    assert found["service"]["service_level"] is None
    assert found["reasons"]["service.service_level"] == "no contacts in this interval"


def test_levels_above_are_sums_of_contacts_with_those_who_wait(api):
    """8 of 26 and 90 of 100: 98 of 126."""
    level(api, waiting_now=20, longest_wait_seconds=200, waiting_past_target=15)
    with clock(10):
        post(api, interval("billing", minutes=0, as_of=at(10)), INGEST)
        found = compute(api, 10)
    assert (found["service"]["service_level"], found["service"]["waiting_past_target"]) == (77.78, 15)
