"""Scopes with new facts that no figure shows yet."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Min

from intraday.database import many_rows
from intraday.jobs.models import DirtyScope
from intraday.org.models import Scope

AT_ONCE = 1_000


def mark(scopes: Collection[Scope], *, now: datetime) -> None:
    """Mark scopes in the transaction of their facts, so that facts which are rolled back leave no mark."""
    keys = sorted({scope.pk for scope in scopes})
    marks = [DirtyScope(scope_id=pk, marked_at=now, first_marked_at=now) for pk in keys]
    many_rows.upsert(marks, unique=["scope"], update=["marked_at"])


def organizations() -> list[str]:
    """Ids of the organizations that have marked scopes, the one that has waited longest first."""
    rows = DirtyScope.objects.values("scope__organization_id").annotate(since=Min("first_marked_at"))
    return [row["scope__organization_id"] for row in rows.order_by("since", "scope__organization_id")]


@dataclass(frozen=True)
class Marks:
    """Marked scopes of an organization, and when each was marked last."""

    scopes: list[Scope]
    times: dict[int, datetime]


def marked(organization_id: str) -> Marks:
    """The marked scopes of an organization. They stay marked until their judgement has been committed: a run that fails
    is repeated, and nobody who posts meanwhile waits for it."""
    rows = DirtyScope.objects.select_related("scope").filter(scope__organization_id=organization_id)
    found = list(rows.order_by("scope_id"))
    return Marks([row.scope for row in found], {row.scope_id: row.marked_at for row in found})


def departments(organization_id: str) -> set[str]:
    """Return the departments with marked queues."""
    rows = DirtyScope.objects.filter(scope__organization_id=organization_id).exclude(scope__queue_name="")
    return set(rows.order_by().values_list("scope__department_id", flat=True).distinct())


def clear(marks: Marks) -> None:
    """Unmark what was judged. Scopes that were marked again meanwhile stay marked, from then on."""
    pairs = list(marks.times.items())
    for start in range(0, len(pairs), AT_ONCE):
        _delete(pairs[start : start + AT_ONCE])
    again = DirtyScope.objects.filter(scope__in=marks.times)
    if pairs and again.exists():
        again.update(first_marked_at=F("marked_at"))


def _delete(pairs: Collection[tuple[int, datetime]]) -> None:
    rows = ", ".join(["(%s, %s)"] * len(pairs))
    values = [value for pk, time in pairs for value in (pk, connection.ops.adapt_datetimefield_value(time))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM jobs_dirtyscope WHERE (scope_id, marked_at) IN (VALUES {rows})",  # noqa: S608
            values,
        )
