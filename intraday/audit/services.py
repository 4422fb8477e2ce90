"""Add to the audit log, and read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import QuerySet
from django.forms.models import model_to_dict

from intraday.audit import origin
from intraday.audit.models import AuditEntry
from intraday.clock.database import clock

Fields = Mapping[str, Any]
SECRETS = frozenset({"secret", "digest", "password", "address", "username", "email"})
"""Fields whose values are never written: the audit log says that they changed. Of names and addresses of accounts, too:
an erasure would not find those that a person no longer has."""
HIDDEN = "(hidden)"


def record(
    action: str,
    *,
    organization_id: str = "",
    target: str = "",
    before: Fields | None = None,
    after: Fields | None = None,
    actor: str = "",
) -> None:
    """Add an entry, in the transaction of the deed: one that was rolled back is not in the audit log.

    Of `before` and `after` the fields that differ are kept. The actor is the caller of the request, unless given.
    """
    caller, address, request_id = origin.current()
    changed = _changed(before, after)
    if before is not None and after is not None and not changed:
        return
    AuditEntry(
        at=clock.now(),
        organization_id=organization_id,
        actor=(actor or caller)[:150],
        action=action,
        target=target[:200],
        before=_spelled(before, changed),
        after=_spelled(after, changed),
        address=address[:45],
        request_id=request_id[:64],
    ).save()


def fields_of(row: models.Model) -> dict[str, Any]:
    """Return the fields of a row as the audit log compares them."""
    return model_to_dict(row) | {row._meta.pk.name: row.pk}


def stored(row: models.Model) -> dict[str, Any] | None:
    """Return the fields of a row as the database has them; None if it is new."""
    found = None if row._state.adding else type(row)._default_manager.filter(pk=row.pk).first()
    return None if found is None else fields_of(found)


def _changed(before: Fields | None, after: Fields | None) -> set[str]:
    old, new = before or {}, after or {}
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _spelled(fields: Fields | None, changed: set[str]) -> dict[str, Any] | None:
    if fields is None:
        return None
    return {name: HIDDEN if name in SECRETS else _plain(fields.get(name)) for name in sorted(changed)}


def _plain(value: Any) -> Any:
    """Return what JSON can hold: instants as text, rows by their names."""
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float | bool | dict):
        return value
    return DjangoJSONEncoder().encode(value).strip('"')


def entries(
    organization_id: str, *, since: datetime | None, until: datetime | None, action: str, actor: str
) -> QuerySet[AuditEntry]:
    """Return the entries of an organization, newest first."""
    rows: QuerySet[AuditEntry] = AuditEntry.objects.filter(organization_id=organization_id).order_by("-id")
    asked = {"at__gte": since, "at__lt": until, "action__startswith": action, "actor": actor}
    return rows.filter(**{name: value for name, value in asked.items() if value})
