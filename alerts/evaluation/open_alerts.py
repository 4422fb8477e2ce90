"""The open alerts of an organization: locked in every run, and read anew only where somebody changed them since."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from alerts.choices import Status
from alerts.evaluation.changes import Changes
from alerts.models import Alert
from intraday.database import row_versions
from intraday.database.row_versions import Version
from intraday.org.scoped import chosen
from intraday.values.remembered import Remembered

REMEMBERED = 50_000
"""Alerts that a process keeps, of some 3 KB each."""
Versioned = tuple[int, Alert]
"""An alert, and the version of its row in which it was read or written."""

_memory: Remembered[dict[UUID, Versioned]] = Remembered(REMEMBERED)


def lock_open(organization_id: str, scopes: Collection[int] | None = None) -> QuerySet[Alert]:
    """Return the open alerts, locked until commit; every caller locks them in the order of their ids."""
    return _open(organization_id, scopes).select_related("scope").select_for_update(of=("self",))


def _open(organization_id: str, scopes: Collection[int] | None) -> QuerySet[Alert]:
    rows = Alert.objects.filter(organization=organization_id).exclude(status=Status.RESOLVED).order_by("id")
    return chosen(rows, scopes)


@dataclass
class OpenAlerts:
    """Open alerts, locked until commit, as they are in the database, with the versions of their rows. `beside` are
    remembered ones of other scopes."""

    organization_id: str
    rows: list[Alert]
    versions: Mapping[UUID, int]
    beside: dict[UUID, Versioned]

    def remember(self, changes: Changes, version: Version) -> None:
        """Keep them for the next run, once the transaction has committed; `version` is that of the rows it wrote. Those
        that a transition changed are read again then."""
        if version is not None:
            kept = (row for row in self.rows if not changes.is_rewritten(row))
            versions = {**self.versions, **dict.fromkeys(changes.seen, version)}
            self.beside.update({row.pk: (versions[row.pk], row) for row in kept})
            keep = partial(_memory.put, self.organization_id, self.beside, size=len(self.beside))
            transaction.on_commit(keep, robust=True)


def lock(organization_id: str, scopes: Collection[int] | None = None) -> OpenAlerts:
    """Lock the open alerts, and read those that this process does not know in the version that is stored."""
    if not row_versions.are_known():
        return OpenAlerts(organization_id, list(lock_open(organization_id, scopes)), {}, {})
    versions = _lock_versions(organization_id, scopes)
    known = _memory.take(organization_id) or {}
    taken = {pk: known.pop(pk) for pk in versions if pk in known}
    found = {pk: alert for pk, (version, alert) in taken.items() if version == versions[pk]}
    found |= {row.pk: row for row in _read(organization_id, versions.keys() - found.keys())}
    beside = known if scopes is not None else {}
    return OpenAlerts(organization_id, [found[pk] for pk in versions], versions, beside)


def _lock_versions(organization_id: str, scopes: Collection[int] | None) -> dict[UUID, int]:
    rows = row_versions.annotated(_open(organization_id, scopes)).select_for_update()
    return dict(rows.values_list("id", "row_version"))


def _read(organization_id: str, keys: Collection[Any]) -> Collection[Alert]:
    return _open(organization_id, None).filter(pk__in=keys).select_related("scope") if keys else ()
