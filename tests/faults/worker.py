"""The production worker, with one task more: it publishes, as jobs do."""

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
