"""The driver of simulated days: what it collects is what was judged."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.models import Alert
from kpi.models import ForecastInterval, IntervalStats
from tests.alerts.scenario import JUDGED_AFTER, Story, centre, play
from tests.kpi.queue_simulation import Plan

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_hopeless_queue_raises_a_critical_alert_beside_a_quiet_one() -> None:
    """10 erlangs with 6 agents: 14 are required, so it is 57 % short from the first minute on, for ten minutes by the
    default rules. 20 agents are plenty."""
    organization = centre()
    story = play(organization, {"short": Plan(BEGIN, hours=0.6, agents=6), "calm": Plan(BEGIN, hours=0.6, agents=20)})
    [first, *_] = story.opened(place="short", severity="critical", notified=True)

    assert 3 <= first.opened <= 13
    assert first.resolved is None
    assert first.open_at(30)
    assert not first.open_at(first.opened - 1)
    assert story.opened(place="calm", severity="critical") == []
    assert story.resolved_between(0, 36) == []
    assert len(story.raised) == Alert.objects.count()


def test_each_minute_is_posted_judged_and_noted() -> None:
    organization = centre()
    story = play(organization, {"support": Plan(BEGIN, hours=0.6)})

    assert {place: len(found) for place, found in story.figures.items()} == {
        "organization": 36,
        "dept_456": 36,
        "support": 36,
    }
    stamps = [datetime.fromisoformat(figure["timestamp"]) for figure in story.figures["support"]]
    assert stamps == [BEGIN + timedelta(minutes=number) + JUDGED_AFTER for number in range(1, 37)]
    assert IntervalStats.objects.count() == ForecastInterval.objects.count() == 2


def test_levels_are_counted_by_minute_and_by_spell() -> None:
    levels = ["ok", "critical", "critical", "ok", "critical", None]
    story = Story(figures={"support": [{"state": level and {"level": level}} for level in levels]})

    assert story.share("support", "critical") == 0.5
    assert story.share("support", "critical", since=3) == pytest.approx(1 / 3)
    assert story.spells("support", "critical") == 2
