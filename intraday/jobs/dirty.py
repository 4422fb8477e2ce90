"""Which scopes have news that no figure shows yet."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from intraday.jobs.models import DirtyScope
from intraday.org.models import Scope


def mark(scopes: Collection[Scope], *, now: datetime) -> None:
    """In the transaction of the facts: a scope whose facts were rolled back is not marked."""
    rows = [DirtyScope(scope_id=pk, marked_at=now) for pk in sorted({scope.pk for scope in scopes})]
    if rows:
        DirtyScope.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["scope"], update_fields=["marked_at"]
        )


def organizations() -> list[str]:
    """Ids of the organizations that have marked scopes."""
    rows = DirtyScope.objects.values_list("scope__organization_id", flat=True).distinct()
    return sorted(rows)


@transaction.atomic
def take(organization_id: str) -> list[Scope]:
    """The marked scopes of an organization, unmarked from now on.

    Committed before the figures are worked out, so that nobody who posts waits for them. If working them out fails,
    the next run over everything makes it good.
    """
    marks = list(
        DirtyScope.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(scope__organization_id=organization_id)
        .order_by("scope_id")
    )
    DirtyScope.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    return list(Scope.objects.filter(pk__in=[mark.pk for mark in marks]))
