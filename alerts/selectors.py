"""Read alerts, rules and silences."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q, QuerySet
from msgspec import structs

from alerts.choices import Status
from alerts.events import AlertChanged
from alerts.models import Alert, Rule, Silence
from alerts.notifications.selectors import deliveries
from alerts.rules import messages
from alerts.rules.catalogue import CATALOGUE, find
from alerts.rules.validation import FIELDS
from intraday.org import scoped
from intraday.org.models import Organization, Scope
from intraday.rest.errors import NotFound
from realtime.protocol.redaction import Redaction, redacted
from realtime.protocol.rooms import RoomFilter

COLUMNS = list(AlertChanged.__struct_fields__)
Cursor = tuple[datetime, UUID]
"""The time and the id of the last alert of a page."""
Page = tuple[list[dict[str, Any]], Cursor | None]


def snapshot(organization_id: str, rooms: RoomFilter, redaction: Redaction) -> Sequence[msgspec.Raw]:
    """Return the open alerts of the scopes that these rooms cover, oldest first (channel_spec.SnapshotItems)."""
    rows = Alert.objects.using("snapshot").select_related("scope").filter(organization=organization_id)
    rows = rows.exclude(status=Status.RESOLVED).order_by("triggered_at", "id")
    return [
        msgspec.Raw(msgspec.json.encode(redacted(AlertChanged.of(row, row.scope), redaction)))
        for row in rooms.narrow(rows)
        if rooms.hears(row.scope.department_id, row.scope.queue_name)
    ]


def organizations_with_open_alerts() -> list[str]:
    rows = Alert.objects.exclude(status=Status.RESOLVED).order_by("organization")
    return list(rows.values_list("organization", flat=True).distinct())


def open_counts(scope: Scope) -> Iterator[tuple[tuple[str, str, str], str, int]]:
    """Yield organization, department and queue, a severity, and the number of open alerts of it, inside a scope."""
    rows = Alert.objects.filter(organization=scope.organization_id).exclude(status=Status.RESOLVED)
    place = ("scope__organization_id", "scope__department_id", "scope__queue_name")
    counted = scoped.inside(rows, scope).order_by().values_list(*place, "severity").annotate(number=Count("pk"))
    for organization, department, queue, severity, number in counted.order_by(*place, "severity"):
        yield (organization, department, queue), severity, number


def as_dict(alert: Alert) -> dict[str, Any]:
    """Return the alert as its events carry it."""
    payload = structs.asdict(AlertChanged.of(alert, alert.scope))
    return {name: value for name, value in payload.items() if value is not msgspec.UNSET}


def _visible(organization_id: str, within: frozenset[str] | None) -> QuerySet[Alert]:
    rows = Alert.objects.select_related("scope").filter(organization=organization_id)
    return rows if within is None else rows.filter(scope__department_id__in=within)


def alerts(
    organization_id: str,
    *,
    within: frozenset[str] | None,
    filters: Mapping[str, Any],
    after: Cursor | None,
    limit: int,
) -> Page:
    """Return a page, newest first, from the cursor on; and the next cursor if there is one. `filters` are lookups."""
    rows = _visible(organization_id, within).filter(**filters).order_by("-triggered_at", "-id")
    if after is not None:
        at, pk = after
        rows = rows.filter(Q(triggered_at__lt=at) | Q(triggered_at=at, id__lt=pk))
    page = list(rows[: limit + 1])
    last = page[limit - 1] if len(page) > limit else None
    return [as_dict(row) for row in page[:limit]], (last.triggered_at, last.pk) if last else None


def alert(organization_id: str, alert_id: UUID, *, within: frozenset[str] | None) -> dict[str, Any]:
    """Return the alert with its audit and its deliveries, oldest line first. Raises NotFound."""
    row = _visible(organization_id, within).filter(pk=alert_id).first()
    if row is None:
        raise NotFound
    return {
        **as_dict(row),
        "audit": [_line(each) for each in row.audit.order_by("id")],
        "deliveries": deliveries(row.pk),
    }


def _line(row: Any) -> dict[str, Any]:
    return {
        "at": row.at,
        "from": row.from_status or None,
        "to": row.to_status,
        "actor": row.actor,
        "reason": row.reason,
        "note": row.note or None,
        "value": row.value,
        "threshold": row.threshold,
        "rule_version": row.rule_version,
        "request_id": row.request_id or None,
    }


# --- rules and silences ----------------------------------------------------------------------------------------------
def rules(organization: Organization) -> list[dict[str, Any]]:
    rows = Rule.objects.filter(organization=organization, deleted_at=None).prefetch_related("escalation")
    return [rule_as_dict(row) for row in rows.order_by("name")]


def rule_as_dict(rule: Rule) -> dict[str, Any]:
    return {
        "rule_id": rule.pk,
        **rule_fields(rule),
        "version": rule.version,
        "in_words": in_words(rule),
        "created_at": rule.created_at,
        "changed_at": rule.changed_at,
    }


def rule_fields(rule: Rule) -> dict[str, Any]:
    """Return the fields of a rule, as it is made and edited."""
    fields = {name: getattr(rule, name) for name in FIELDS if name != "escalation"}
    steps = [
        {"after_seconds": step.after_seconds, "to": step.to, "raise_severity": step.raise_severity}
        for step in rule.escalation.all()
    ]
    return {**fields, "escalation": steps}


def in_words(rule: Rule) -> str:
    """Describe the rule in sentences."""
    return messages.describe_rule(rule_fields(rule), find(rule.source, rule.metric))


def history(rule: Rule) -> list[dict[str, Any]]:
    """Return the changes of a rule with their authors, newest first."""
    names = ("version", "action", "at", "actor", "changes")
    return [{name: getattr(row, name) for name in names} for row in rule.history.order_by("-version")]


def silences(
    organization: Organization, *, within: frozenset[str] | None, place: Mapping[str, str], now: datetime
) -> list[dict[str, Any]]:
    """Return the silences of this place (`department_id`, `queue_name`) that hold or will, the next to end first."""
    rows = Silence.objects.filter(organization=organization, ends_at__gt=now, **place).order_by("ends_at")
    if within is not None:
        rows = rows.filter(department_id__in=within)
    return [silence_as_dict(row) for row in rows]


def silence(organization: Organization, silence_id: UUID, *, within: frozenset[str] | None) -> Silence:
    """Raises NotFound."""
    row = Silence.objects.filter(organization=organization, pk=silence_id).first()
    if row is None or (within is not None and row.department_id not in within):
        raise NotFound
    return row


def silence_as_dict(row: Silence) -> dict[str, Any]:
    return {
        "silence_id": row.pk,
        "rule_id": row.rule_id,
        "source": row.source,
        "severity": row.severity,
        "department_id": row.department_id,
        "queue_name": row.queue_name,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "weekly": row.weekly,
        "comment": row.comment,
        "created_by": row.created_by,
        "created_at": row.created_at,
    }


def catalogue() -> list[dict[str, Any]]:
    """Return every metric that a rule may watch."""
    return [
        {
            "source": metric.source,
            "metric": metric.path,
            "label": metric.label,
            "unit": metric.unit,
            "evaluate_each": list(metric.levels),
            "values": list(metric.values),
        }
        for metric in CATALOGUE.values()
    ]
