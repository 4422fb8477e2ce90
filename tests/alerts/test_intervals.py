"""The service level of closed intervals: two in a row, posted by a feed, judged as they are stored."""

import pytest

from alerts.evaluation import figure_providers
from alerts.rule_services import preview_rule
from alerts.services import evaluate
from kpi.models import QueueSettings
from tests.alerts.intervals import RULE, measured
from tests.alerts.world import World, at
from tests.kpi.posting import post_all


def shortfalls(seconds: float) -> dict[str, float]:
    found = figure_providers.interval_figures("org_123", now=at(seconds))
    return {scope.queue_name: figure["service"]["closed_shortfall_points"] for scope, _, figure in found}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(-60, 60), (-30, 70)], 10),  # 20 and 10 points short: both are 10 short at least
        ([(-60, 90), (-30, 60)], -10),  # the first met its target
        ([(-90, 60), (-30, 60)], None),  # there is one in between that nobody knows
        ([(-30, 60)], None),
    ],
)
def test_of_two_closed_intervals_the_better_counts(world: World, api, rows: list, expected: float | None):
    post_all(api, *(measured(minutes, in_target) for minutes, in_target in rows))
    assert shortfalls(0).get("support") == expected


def test_the_running_interval_and_one_that_was_cut_off_do_not_count(world: World, api):
    post_all(api, measured(-60, 60), measured(-30, 60, until=10))
    assert shortfalls(600) == {}
    post_all(api, measured(-30, 60), measured(0, 0, until=10))
    assert shortfalls(600) == {"support": 20}


def test_deferred_queues_have_no_such_level(world: World, api):
    QueueSettings.objects.create(scope=world.scope(), kind="deferred")
    post_all(api, measured(-60, 60), measured(-30, 60))
    assert shortfalls(0) == {}


def test_one_bad_interval_raises_nothing_and_the_second_does(world: World, api):
    world.rule(**RULE)
    post_all(api, measured(-60, 90), measured(-30, 60))
    evaluate(organization_id="org_123", now=at(0))
    assert world.alerts == []
    post_all(api, measured(0, 60))
    evaluate(organization_id="org_123", now=at(1_805))
    evaluate(organization_id="org_123", now=at(1_865))
    assert (world.statuses(), world.alert.current_value) == (["pending"], 20)
    post_all(api, measured(30, 85))
    evaluate(organization_id="org_123", now=at(3_605))
    assert world.statuses() == ["resolved"]


def test_it_can_be_previewed(world: World, api):
    post_all(api, measured(-90, 60), measured(-60, 60), measured(-30, 90))
    answer = preview_rule(
        organization=world.organization,
        since=at(-3 * 3600),
        until=at(60),
        draft={"source": "kpi", "operator": ">", "severity": "high", **RULE},
    )
    [alert] = answer["draft"]["alerts"]
    assert (alert["from"], alert["to"], alert["peak"]) == (at(-1_800), at(0), 20)
