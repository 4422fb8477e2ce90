"""Rows of any table, made from its fields, so that tests over all tables miss none that is added later."""

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from intraday.org.models import Organization, Scope
from intraday.retention import tables

_numbers = count(1)
Made = dict[type[models.Model], models.Model]


def make(label: str, organization: Organization, made: Made | None = None, **fields: Any) -> Any:
    """Store a row of this table for the organization, with these fields and with whatever it refers to."""
    made = {} if made is None else made
    made.setdefault(Organization, organization)
    return _make(apps.get_model(label), made, fields)


def fill(organization: Organization) -> Made:
    """Store a row in every table whose rows belong to organizations."""
    made: Made = {Organization: organization}
    for model in reversed(tables.dependents_first()):
        _referred(model, made)
    return made


def _make(model: type[models.Model], made: Made, fields: Mapping[str, Any]) -> models.Model:
    values = dict(fields)
    for field in model._meta.concrete_fields:
        if field.name not in values and not isinstance(field, models.AutoField):
            value = _value(field, made)
            if value is not None:
                values[field.name] = value
    row = model(**values)
    row.save(force_insert=True)
    made[model] = row
    return row


def _value(field: Any, made: Made) -> Any:
    """Return a value, None where the default or null does."""
    if isinstance(field, models.ForeignKey):
        return None if field.null else _referred(field.related_model, made)
    if field.name == "organization_id":
        return made[Organization].pk
    if field.unique and isinstance(field, models.CharField):
        return f"x{next(_numbers)}"
    if field.has_default() or field.null or getattr(field, "auto_now_add", False):
        return None
    return _plain(field)


def _referred(model: type[models.Model], made: Made) -> models.Model:
    if model not in made:
        made[model] = _there(model, made) or _make(model, made, {})
    return made[model]


def _there(model: type[models.Model], made: Made) -> models.Model | None:
    """Return a user, or the organization's first queue: there is one scope of each name."""
    if model is User:
        return User.objects.create(username=f"user {next(_numbers)}")
    if model is Scope:
        return Scope.objects.filter(organization=made[Organization].pk).exclude(queue_name="").first()
    return None


def _plain(field: Any) -> Any:
    kinds: dict[type, Any] = {
        models.DateTimeField: timezone.now(),
        models.DateField: date(2026, 1, 31),
        models.UUIDField: uuid4(),
        models.BooleanField: False,
        models.BinaryField: b"[]",
        models.JSONField: [],
        models.GenericIPAddressField: "127.0.0.1",
    }
    for kind, value in kinds.items():
        if isinstance(field, kind):
            return value
    if isinstance(field, (models.CharField, models.TextField)):
        return field.choices[0][0] if field.choices else f"x{next(_numbers)}"[: field.max_length]
    return next(_numbers) % 1000
