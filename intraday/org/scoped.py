"""Queries that all channels share: over rows that have a scope and a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Max, Model, QuerySet
from django.db.models.functions import Floor

from intraday.database.keys import Among
from intraday.database.unix_seconds import UnixSeconds
from intraday.org.models import Scope

M = TypeVar("M", bound=Model)
Figure = tuple[Scope, datetime, dict[str, Any]]
"""A scope, the instant of its figure, and the figure with the fields of its event, without names of people."""


def chosen(rows: QuerySet[M], scopes: Collection[int] | None) -> QuerySet[M]:
    """Return the rows of these scopes, by primary key; None means all."""
    return rows if scopes is None else rows.filter(scope__in=Among(scopes))


def past(
    rows: QuerySet[M], organization_id: str, since: datetime, until: datetime, scopes: Collection[int] | None
) -> QuerySet[M]:
    """Return the rows of an organization with since <= time < until, in order of time."""
    found = rows.select_related("scope").filter(scope__organization=organization_id, time__gte=since, time__lt=until)
    return chosen(found, scopes).order_by("time", "scope")


def inside(rows: QuerySet[M], scope: Scope, path: str = "scope__") -> QuerySet[M]:
    """Return the rows of a scope and of the scopes inside it; `path` leads to their scope."""
    names = {"department_id": scope.department_id, "queue_name": scope.queue_name}
    return rows.filter(**{f"{path}{name}": value for name, value in names.items() if value})


def place(scope: Scope) -> dict[str, Any]:
    """Return the fields by which an answer names a scope inside its organization, null for what it is above."""
    return {"department_id": scope.department_id or None, "queue_name": scope.queue_name or None}


def frame(scope: Scope) -> dict[str, Any]:
    """Return the fields by which an answer says what it is of."""
    return {
        "organization_id": scope.organization_id,
        **place(scope),
        "time_zone": scope.organization.time_zone,
    }


def apart(scope: Scope, figures: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    """Return the figure of the scope itself, null where it has none yet, and those of the scopes inside it."""
    within = [figure for pk, figure in figures.items() if pk != scope.pk]
    return {"current": figures.get(scope.pk), "within": within}


def organizations(rows: QuerySet[Any]) -> set[str]:
    """Return the organizations that have any of these rows."""
    return set(rows.order_by().values_list("scope__organization_id", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class TimePage:
    """A page of rows of one scope with since <= time < until, oldest first, from the cursor `after` on. With `step`
    only the last row of every so many seconds."""

    limit: int
    since: datetime | None = None
    until: datetime | None = None
    after: datetime | None = None
    step: int | None = None

    def take(self, rows: QuerySet[M]) -> tuple[list[M], datetime | None]:
        """Return the rows of this page, and the cursor of the next one if there is one."""
        bounds = {"time__gte": self.since, "time__lt": self.until, "time__gt": self.after}
        rows = rows.filter(**{name: time for name, time in bounds.items() if time is not None})
        if self.step is not None:
            rows = rows.filter(time__in=_last_times(rows, self.step))
        page = list(rows.order_by("time")[: self.limit + 1])
        more = len(page) > self.limit
        return page[: self.limit], page[self.limit - 1].time if more else None  # type: ignore[attr-defined]


def _last_times(rows: QuerySet[M], step: int) -> QuerySet[Any]:
    """Return the time of the last row of every so many seconds, counted from 1970."""
    stretches = rows.order_by().annotate(stretch=Floor(UnixSeconds("time") / step)).values("stretch")
    last_times: QuerySet[Any] = stretches.annotate(last=Max("time")).values("last")
    return last_times
