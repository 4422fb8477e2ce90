"""The production worker, with two tasks more: one publishes, as jobs do, one hangs."""

import time

from django.db import transaction

from intraday.celery import app


@app.task(name="tests.publish")
def publish_from_worker(number: int) -> None:
    from intraday.org.models import Scope
    from realtime.publish import publish
    from tests.realtime.notes import Note

    scope = Scope.objects.get(organization_id="org_123", queue_name="support")
    with transaction.atomic():
        publish("custom", [(scope, lambda: Note(number=number))])


@app.task(name="tests.hang")
def hang() -> None:
    time.sleep(3600)
