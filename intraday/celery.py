"""Periodic jobs. Beat's schedule is this one literal."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")

app = Celery("intraday")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["intraday", "realtime", "intraday.intake", "attendance", "kpi"])
app.conf.update(
    timezone="UTC",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    beat_schedule={
        "round-dirty": {"task": "intraday.tasks.round_dirty", "schedule": 5.0, "options": {"expires": 5}},
        "round-all": {"task": "intraday.tasks.round_all", "schedule": 60.0, "options": {"expires": 60}},
        "forget-kpis": {"task": "kpi.tasks.forget", "schedule": crontab(minute=17), "options": {"expires": 3000}},
        "purge-log": {"task": "realtime.tasks.purge_log", "schedule": crontab(minute=7), "options": {"expires": 3000}},
        "forget-minutes": {
            "task": "intraday.intake.tasks.forget_minutes",
            "schedule": crontab(minute=37),
            "options": {"expires": 3000},
        },
        "refresh-attendance": {
            "task": "attendance.tasks.refresh",
            "schedule": 60.0,
            "options": {"expires": 55},
        },
        "purge-attendance": {
            "task": "attendance.tasks.purge",
            "schedule": crontab(hour=3, minute=17),
            "options": {"expires": 3000},
        },
    },
)
