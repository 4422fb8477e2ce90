"""The jobs that beat starts: services in the order of causes, and never the same work twice at once."""

import pytest

from alerts.models import Round
from intraday import tasks
from intraday.celery import app
from intraday.jobs.leases import lease
from intraday.org.models import Queue
from tests.alerts.world import World


@pytest.fixture
def waiting(world: World) -> World:
    """An alert of long ago that is snoozed until long ago."""
    world.rule()
    world.judge(95, 0)
    world.snooze(world.alert, 60)
    return world


def test_attending_is_done_by_one_at_a_time(waiting: World):
    with lease("attend", "org_123"):
        tasks.run_timers("org_123")
    assert waiting.alert.suppressed is True
    tasks.run_timers("org_123")
    assert waiting.alert.suppressed is False


def test_the_sweeper_closes_what_is_gone(waiting: World):
    Queue.objects.filter(name="support").delete()
    tasks.resolve_unreachable("org_123")
    assert waiting.alert.resolution == "orphaned"


def test_everything_is_judged_after_the_figures(waiting: World):
    with lease("judge_all", "org_123"):
        tasks.judge_all("org_123")
    before = Round.objects.get().judged_at
    tasks.judge_all("org_123")
    after = Round.objects.get().judged_at
    assert before is not None
    assert after is not None
    assert after > before


def test_beat_starts_only_what_there_is():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
