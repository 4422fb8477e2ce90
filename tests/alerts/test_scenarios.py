"""Whole simulated days against the default rules: outages and shortage are noticed, right staffing is left alone."""

from datetime import UTC, datetime

import pytest

from tests.alerts.scenario import JUDGED_AFTER, centre, play
from tests.kpi.queue_simulation import Plan

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
POSTING = 1.0 + JUDGED_AFTER.total_seconds() / 60  # minutes from one posting to the next, and to its judgement


@pytest.mark.parametrize("error", [-0.08, 0.08])
def test_an_outage_is_told_after_twelve_expected_contacts_and_resolves_nothing(error: float) -> None:
    """2.3 and 1.5 contacts a minute are forecast: 12 of them take 5.2 and 8 minutes."""
    broken = {"many": (69.0, 10, 45), "some": (45.0, 7, 150)}  # forecast, agents, first minute of the outage
    plans = {
        queue: Plan(BEGIN, 4.5, forecast, agents, forecast_error=error, outage=(begin, begin + 90), seed=11)
        for queue, (forecast, agents, begin) in broken.items()
    }
    plans["sound"] = Plan(BEGIN, 4.5, 100.0, 14, forecast_error=error, seed=12)
    story = play(centre(), plans)

    for queue, (forecast, _, begin) in broken.items():
        [found, *others] = story.opened(place=queue, alert_type="volume_low")
        assert found.severity == "high"
        assert found.told
        assert begin < found.opened <= begin + 12 / (forecast / 30) + POSTING
        assert others == []
        assert found.resolved is not None
        assert found.resolved >= begin + 90
        assert story.resolved_between(begin, begin + 90, place=queue) == []
        during = story.figures[queue][begin + 12 : begin + 89]
        assert {figure["quality"] for figure in during} == {"suspect"}
        assert {figure["health_score"] for figure in during} == {None}
        assert {figure["state"]["level"] for figure in during} == {"critical"}
    assert story.opened(place="sound", alert_type="volume_low") == []
    assert "suspect" not in {figure["quality"] for figure in story.figures["sound"]}


def test_ten_hours_of_right_and_of_short_staffing() -> None:
    """10 erlangs: 14 agents answer 88.8 % in time, 13 would answer 79.6 %; 11 are 21 % short."""
    right, short = [f"right {seed}" for seed in range(3)], [f"short {seed}" for seed in range(2)]
    plans = {queue: Plan(BEGIN, agents=14, seed=seed) for seed, queue in enumerate(right)}
    plans |= {queue: Plan(BEGIN, agents=11, seed=100 + seed) for seed, queue in enumerate(short)}
    story = play(centre(), plans)

    for queue in right:
        assert len(story.opened(place=queue, severity="critical")) <= 3, story.opened(place=queue)
        assert story.share(queue, "critical") < 0.1
    for queue in short:
        assert story.share(queue, "critical", since=15) > 0.5
        assert len(story.opened(place=queue, severity="critical", told=True)) == 1, story.opened(place=queue)
        assert story.opened(place=queue, severity="critical")[-1].resolved is None
