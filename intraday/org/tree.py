"""Reading the organization tree."""

from typing import Any

from intraday.org.models import Department, Organization


def departments(organization: Organization, *, within: frozenset[str] | None) -> list[dict[str, Any]]:
    """Departments with the names of their queues; only those `within`, if that is limited."""
    rows = Department.objects.filter(organization=organization).prefetch_related("queues")
    if within is not None:
        rows = rows.filter(code__in=within)
    return [{"id": row.code, "name": row.name, "queues": [queue.name for queue in row.queues.all()]} for row in rows]
