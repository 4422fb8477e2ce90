"""Make, lock and save the row of each scope with its newest snapshot."""

from collections.abc import Collection

from django.db.models import prefetch_related_objects

from backlog.models import CurrentBacklog, Snapshot
from intraday.org.models import Scope


def ensure(scopes: Collection[Scope]) -> None:
    """Make the current rows that are missing. Call it for all scopes of a commit before any is locked: an insert waits
    for another insert of the same row, and two that wait while they hold locks may wait for each other."""
    wanted = {scope.pk for scope in scopes}
    missing = wanted.difference(CurrentBacklog.objects.filter(scope__in=wanted).values_list("scope_id", flat=True))
    if missing:
        rows = [CurrentBacklog(scope_id=pk) for pk in sorted(missing)]
        CurrentBacklog.objects.bulk_create(rows, ignore_conflicts=True)


def lock(scopes: Collection[Scope], *, with_snapshot: bool = False) -> dict[Scope, CurrentBacklog]:
    """Lock the current rows of these scopes, which `ensure` made, until commit.

    All writers lock in one order: queues in a first call, then everything above them in one later call, where an
    organization, having no department, comes last.
    """
    if not scopes:
        return {}
    by_id = {scope.pk: scope for scope in scopes}
    rows = CurrentBacklog.objects.select_for_update(of=("self",)).filter(scope__in=by_id)
    found = list(rows.order_by("-scope__department_id", "scope_id"))
    if with_snapshot:
        # Not joined above: PostgreSQL reads a row again that it had to wait for, but not what is joined to it.
        prefetch_related_objects(found, "snapshot")
    return {by_id[row.pk]: row for row in found}


def save(snapshots: Collection[Snapshot], rows: Collection[CurrentBacklog]) -> None:
    """Insert or correct these snapshots, and save the rows."""
    if snapshots:
        Snapshot.objects.bulk_create(
            snapshots, update_conflicts=True, unique_fields=["scope", "time"], update_fields=_SNAPSHOT_FIELDS
        )
    if not rows:
        return
    CurrentBacklog.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["scope"], update_fields=_CURRENT_FIELDS
    )


_SNAPSHOT_FIELDS = [field.name for field in Snapshot._meta.fields if field.name not in ("id", "scope", "time")]
_CURRENT_FIELDS = [field.name for field in CurrentBacklog._meta.fields if field.name != "scope"]
