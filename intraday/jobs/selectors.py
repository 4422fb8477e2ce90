"""Read how far the jobs have come: what has waited longest, and how many tasks wait."""

from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import Coalesce
from kombu.connection import Connection

from intraday.jobs import queues
from intraday.jobs.models import DirtyScope, Lease
from intraday.org.models import Organization

FULL_JUDGEMENT = "judge_all"
BROKER_SECONDS = 1.0


def oldest_marks() -> dict[str, datetime]:
    """Return since when each organization with new facts has waited."""
    rows = DirtyScope.objects.values_list("scope__organization_id").annotate(since=Min("first_marked_at"))
    return dict(rows.order_by())


def full_judgements() -> dict[str, datetime]:
    """Return when each organization was last judged in full, or was made."""
    turns = Lease.objects.filter(job=FULL_JUDGEMENT, organization_id=OuterRef("pk"))
    judged_at = Coalesce(Subquery(turns.values("done_at")[:1]), "created_at")
    return dict(Organization.objects.annotate(judged_at=judged_at).values_list("pk", "judged_at"))


def queue_lengths() -> dict[str, int]:
    """Return how many tasks wait in each queue of the broker. Raises kombu.exceptions.OperationalError."""
    quickly = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    options = current_app.conf.broker_transport_options | (quickly if settings.REDIS_URL else {})
    how = {"ssl": current_app.conf.broker_use_ssl, "transport_options": options}
    with Connection(settings.CELERY_BROKER_URL, **how) as broker:  # type: ignore[no-untyped-call]
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
        channel = broker.default_channel
        return {name: channel.queue_declare(queue=name).message_count for name in queues.NAMES}
