"""Delete an organization with everything that belongs to it: access first, then facts in batches, itself at the end."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

import structlog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from intraday.audit import maintenance
from intraday.database import batches
from intraday.jobs.leases import lease
from intraday.jobs.models import Lease
from intraday.org.credentials import walls
from intraday.org.models import ApiKey, Membership, Organization, WallBoard
from intraday.org.services import access_changed, revoke_keys
from intraday.retention import tables
from intraday.retention.tables import Table

log = structlog.get_logger(__name__)

JOBS = ("judge_dirty", "judge_all", "attend", "sweep")
"""The leases of the jobs of an organization (intraday.tasks). Held meanwhile: they would write what is deleted."""
LEASE_SECONDS = 24 * 3600.0
ATTEMPTS = 5
"""A request that began before its key was revoked may write once more; what it wrote goes at the next attempt."""
Counts = dict[str, int]
"""Rows by table."""


def count(organization: Organization) -> Counts:
    """Return what a deletion would delete."""
    found = {tables.label(model): tables.rows_of(model, organization.pk).count() for model in _tables()}
    found["admin.LogEntry"] = _log_entries(organization).count()
    return {name: rows for name, rows in sorted(found.items()) if rows}


def without_other_organization(organization: Organization) -> list[str]:
    """Return the names of accounts that are members of this organization alone: they stay, and see nothing then."""
    members = User.objects.filter(memberships__organization=organization)
    return list(
        members.exclude(memberships__organization__in=Organization.objects.exclude(pk=organization.pk))
        .order_by("username")
        .values_list("username", flat=True)
    )


def delete(organization: Organization, *, now: datetime) -> Counts:
    """Delete it, and return the deleted rows by table. It can be repeated if it was interrupted."""
    end_access(organization, now=now)
    found: Counts = {"admin.LogEntry": batches.delete(_log_entries(organization), seconds=None)}
    with _jobs_held(organization.pk):
        for attempt in range(1, ATTEMPTS + 1):
            _delete_rows(organization.pk, found)
            if _delete_itself(organization.pk, last=attempt == ATTEMPTS):
                break
    Lease.objects.filter(organization_id=organization.pk).delete()
    log.info("organization_deleted", organization=organization.pk, rows=sum(found.values()))
    return {name: rows for name, rows in sorted(found.items()) if rows} | {tables.label(Organization): 1}


@transaction.atomic
def end_access(organization: Organization, *, now: datetime) -> None:
    """Revoke keys and links and remove the members; their sockets close within seconds."""
    revoke_keys(ApiKey.objects.filter(organization=organization), now=now)
    walls.revoke(WallBoard.objects.filter(organization=organization), now=now)
    Membership.objects.filter(organization=organization).delete()
    access_changed([organization.pk])


def _delete_rows(organization_id: str, found: Counts) -> None:
    for model in _tables():
        if model in (Organization, Lease):
            continue
        rows = batches.delete(tables.rows_of(model, organization_id), seconds=None, prepare=maintenance.permit)
        found[tables.label(model)] = found.get(tables.label(model), 0) + rows


def _delete_itself(organization_id: str, *, last: bool) -> bool:
    try:
        with transaction.atomic():
            Organization.objects.filter(pk=organization_id).delete()
    except IntegrityError:
        if last:
            raise
        return False
    return True


def _tables() -> list[Table]:
    return tables.dependents_first()


@contextmanager
def _jobs_held(organization_id: str) -> Iterator[None]:
    with ExitStack() as held:
        for job in JOBS:
            held.enter_context(lease(job, organization_id, seconds=LEASE_SECONDS))
        yield


# --- what the admin's log says of it ---------------------------------------------------------------------------------
def _log_entries(organization: Organization) -> QuerySet[LogEntry]:
    """Select the entries about its rows, and those about rows that are gone but were called after it."""
    ours = ContentType.objects.get_for_models(*_tables())
    name = rf"(^|[^A-Za-z0-9_.-]){re.escape(organization.pk)}($|[^A-Za-z0-9_.-])"
    about = Q(content_type__in=ours.values(), object_repr__regex=name)
    for model, content_type in ours.items():
        known = set(LogEntry.objects.filter(content_type=content_type).values_list("object_id", flat=True))
        if known:
            about |= Q(content_type=content_type, object_id__in=_belonging(model, organization.pk, known))
    return LogEntry.objects.filter(about)


def _belonging(model: Table, organization_id: str, ids: set[str | None]) -> list[str]:
    keys = [key for each in ids if (key := _key(model, each)) is not None]
    return [str(pk) for pk in tables.rows_of(model, organization_id).filter(pk__in=keys).values_list("pk", flat=True)]


def _key(model: Table, text: str | None) -> object:
    try:
        return model._meta.pk.to_python(text)
    except ValidationError:
        return None
