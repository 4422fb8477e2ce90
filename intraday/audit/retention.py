"""Purge the audit log after its time, and the addresses of erased persons in it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from intraday.audit import maintenance
from intraday.audit.models import AuditEntry
from intraday.database import batches


def purge(*, now: datetime) -> int:
    """Delete entries older than KEEP_ACCESS; return how many."""
    return batches.delete(AuditEntry.objects.filter(at__lt=now - settings.KEEP_ACCESS), prepare=maintenance.permit)


@transaction.atomic
def forget_account(name: str, pseudonym: str) -> None:
    """Rewrite what the installation's own log, which belongs to no organization, says of an erased account."""
    maintenance.permit()
    rows = AuditEntry._base_manager.filter(organization_id="")
    rows.filter(actor=name).update(actor=pseudonym, address="")
    rows.filter(target=name).update(target=pseudonym)


@transaction.atomic
def forget_addresses(organization_id: str, actor: str) -> int:
    """Empty the addresses from which an erased person acted; the entries stay. Return how many changed."""
    maintenance.permit()
    rows = AuditEntry._base_manager.filter(organization_id=organization_id, actor__startswith=actor)
    return rows.exclude(address="").update(address="")
