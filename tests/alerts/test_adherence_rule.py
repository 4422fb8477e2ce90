"""A rule on people out of adherence for longer than some minutes, as the machine judges it."""

import dataclasses

import pytest

from alerts.evaluation import figure_providers, run
from tests.alerts.world import Wall, World, at


@pytest.mark.parametrize(("department", "judged"), [("", "organization"), ("dept_456", "department")])
def test_an_agent_out_of_adherence_for_longer_raises_an_alert_until_she_is_back(
    world: World, department: str, judged: str
):
    world.rule(
        source="attendance",
        metric="longest_out_of_adherence_minutes",
        operator=">",
        threshold=15,
        clear_threshold=None,
        for_seconds=0,
        recover_for_seconds=0,
        evaluate_each=judged,
    )
    wall = Wall()
    attendance = figure_providers.FigureProvider(wall.figures)
    providers = dataclasses.replace(world.providers, by_name={"attendance": attendance})
    counts = []
    for minute, longest in ((0, 14.0), (1, 15.0), (2, 16.5), (3, 17.5), (4, 0.0)):
        wall.show(world.scope("", department), at(60 * minute), {"longest_out_of_adherence_minutes": longest})
        run.evaluate(organization_id=world.organization.pk, now=at(60 * minute), providers=providers)
        counts.append([alert.status for alert in world.alerts])
    assert counts == [[], [], ["pending"], ["pending"], ["resolved"]]
    assert "longest time of an agent out of adherence is 17.5 minutes (over 15 minutes)" in world.alert.message


def test_figures_of_before_agent_states_raise_nothing(world: World):
    world.rule(
        source="attendance",
        metric="out_of_adherence_count",
        operator=">=",
        threshold=1,
        evaluate_each="organization",
        clear_threshold=None,
    )
    wall = Wall()
    wall.show(world.scope("", ""), at(0), {"scheduled_count": 10})
    providers = dataclasses.replace(
        world.providers, by_name={"attendance": figure_providers.FigureProvider(wall.figures)}
    )
    run.evaluate(organization_id=world.organization.pk, now=at(0), providers=providers)
    assert world.alerts == []
