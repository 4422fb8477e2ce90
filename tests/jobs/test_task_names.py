"""The names of Celery tasks are a contract: during an upgrade old and new workers take each other's jobs."""

import pytest

from intraday.celery import app

NAMES = [
    "attendance.tasks.purge",
    "intraday.intake.tasks.forget_minutes",
    *(f"intraday.tasks.round_{name}" for name in ("all", "attend", "dirty", "sweep")),
    *(f"intraday.tasks.{name}" for name in ("attend", "judge_all", "judge_dirty", "sweep", "tell")),
    "kpi.tasks.forget",
    "realtime.tasks.purge_log",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_worker_knows_the_task_by_its_first_name(name: str):
    app.loader.import_default_modules()
    assert name in app.tasks


def test_beat_sends_only_tasks_that_workers_of_older_versions_know():
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(NAMES)
