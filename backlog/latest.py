"""Make, lock and save the row of each scope with its newest snapshot."""

from collections.abc import Collection

from django.db.models import prefetch_related_objects

from backlog.models import CurrentBacklog, Snapshot
from intraday.database import many_rows, single_row
from intraday.org.models import Scope


def ensure(scopes: Collection[Scope]) -> None:
    """Make the current rows that are missing. Call it for all scopes of a commit before any is locked: an insert waits
    for another insert of the same row, and two that wait while they hold locks may wait for each other."""
    wanted = {scope.pk for scope in scopes}
    missing = wanted.difference(CurrentBacklog.objects.filter(scope__in=wanted).values_list("scope_id", flat=True))
    if missing:
        new = [CurrentBacklog(scope_id=pk) for pk in sorted(missing)]
        CurrentBacklog.objects.bulk_create(new, ignore_conflicts=True)


def lock(scopes: Collection[Scope], *, wait: bool = True) -> dict[Scope, CurrentBacklog]:
    """Lock the current rows of these scopes, which `ensure` made, until commit.

    All writers lock in one order: queues in a first call, then everything above them in one later call, where an
    organization, having no department, comes first. Raises OperationalError for a locked row where it may not `wait`.
    """
    if not scopes:
        return {}
    by_id = {scope.pk: scope for scope in scopes}
    found = CurrentBacklog.objects.select_for_update(of=("self",), nowait=not wait).filter(scope__in=by_id)
    return {by_id[row.pk]: row for row in found.order_by("scope__department_id", "scope_id")}


def lock_or_make(scopes: Collection[Scope]) -> dict[Scope, CurrentBacklog]:
    """Lock the rows, making those that are missing. A single one is looked for by locking it: if it is not there,
    nothing is locked yet."""
    found = _lock_one(*scopes) if len(scopes) == 1 else {}
    if len(found) < len(scopes):
        ensure(scopes)
        found = lock(scopes)
    return found


def _lock_one(scope: Scope) -> dict[Scope, CurrentBacklog]:
    row = single_row.lock(CurrentBacklog, scope.pk)
    return {} if row is None else {scope: row}


def lock_levels(scopes: Collection[Scope]) -> dict[Scope, CurrentBacklog]:
    """Lock rows above queues: an organization before its departments, also where these are only made now."""
    whole = [scope for scope in scopes if not scope.department_id]
    departments = [scope for scope in scopes if scope.department_id]
    return {**lock_or_make(whole), **lock_or_make(departments)}


def lock_departments(scopes: Collection[Scope]) -> dict[Scope, CurrentBacklog]:
    """Lock these departments under the lock of their organization. Raises OperationalError where somebody else has
    one: a process of an older release, which locks the organization last, may wait for us with it."""
    ensure(scopes)
    return lock(scopes, wait=False)


def rolled_up_to(organization_id: str) -> int:
    """Return the head of the stream that the levels of this organization follow; 0 before their first figure."""
    found = CurrentBacklog.objects.filter(scope__organization=organization_id, scope__department_id="")
    return found.values_list("rolled_up_to", flat=True).first() or 0


def load_snapshots(current: Collection[CurrentBacklog]) -> None:
    """Read the snapshots of locked rows. Not joined when they are locked: PostgreSQL reads a row again that it had to
    wait for, but not what is joined to it."""
    prefetch_related_objects(list(current), "snapshot")


def save(snapshots: Collection[Snapshot], current: Collection[CurrentBacklog]) -> None:
    """Insert or correct these snapshots, and save the current rows."""
    many_rows.upsert(list(snapshots), unique=["scope", "time"], update=_SNAPSHOT_FIELDS)
    many_rows.upsert(list(current), unique=["scope"], update=_CURRENT_FIELDS)


_SNAPSHOT_FIELDS = [field.name for field in Snapshot._meta.fields if field.name not in ("id", "scope", "time")]
_CURRENT_FIELDS = [field.name for field in CurrentBacklog._meta.fields if field.name != "scope"]
