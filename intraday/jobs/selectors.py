"""Read how far the jobs have come: what has waited longest, and how many tasks wait."""

from datetime import datetime
from typing import Any, NamedTuple

from celery import current_app
from django.conf import settings
from django.db.models import Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from kombu.connection import Connection

from intraday.jobs import queues
from intraday.jobs.models import DirtyScope, Lease
from intraday.org.models import Organization

FULL_JUDGEMENT = "judge_all"
BROKER_SECONDS = 1.0


class Oldest(NamedTuple):
    organization_id: str
    since: datetime


def oldest_mark() -> Oldest | None:
    """Return the organization whose new facts have waited longest to be judged; None where nothing waits."""
    rows = DirtyScope.objects.values_list("scope__organization_id").annotate(since=Min("first_marked_at"))
    row = rows.order_by("since").first()
    return None if row is None else Oldest(*row)


def oldest_full_judgement() -> Oldest | None:
    """Return the organization whose last full judgement is longest ago (one that was never judged: since it was made);
    None without organizations."""
    rows = _judged().order_by("judged_at").values_list("pk", "judged_at")
    row = rows.first()
    return None if row is None else Oldest(*row)


def full_judgements() -> dict[str, datetime]:
    """Return when each organization was last judged in full, or was made."""
    return dict(_judged().values_list("pk", "judged_at"))


def _judged() -> QuerySet[Any]:
    turns = Lease.objects.filter(job=FULL_JUDGEMENT, organization_id=OuterRef("pk"))
    return Organization.objects.annotate(judged_at=Coalesce(Subquery(turns.values("done_at")[:1]), "created_at"))


def queue_lengths() -> dict[str, int]:
    """Return how many tasks wait in each queue of the broker. Raises kombu.exceptions.OperationalError."""
    quickly = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    options = current_app.conf.broker_transport_options | (quickly if settings.REDIS_URL else {})
    with Connection(settings.CELERY_BROKER_URL, transport_options=options) as broker:  # type: ignore[no-untyped-call]
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
        channel = broker.default_channel
        return {name: channel.queue_declare(queue=name).message_count for name in queues.NAMES}
