"""Make and change channels and routes."""

import secrets
from datetime import datetime
from typing import Any

import httpx2 as httpx
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from alerts.notifications import recipients
from alerts.notifications.models import Channel, ChannelKind, Delivery, Outcome, Route
from intraday.audit import services as audit
from intraday.org.models import Role, Scope


@transaction.atomic
def save_channel(channel: Channel) -> str | None:
    """Save a channel and return its secret, if this made one. Raises ValidationError, by field."""
    check_channel(channel)
    before = audit.stored(channel)
    made = None
    if channel.kind == ChannelKind.WEBHOOK and not channel.secret:
        made = channel.secret = secrets.token_urlsafe(32)
    channel.save()
    _record("saved", channel, before, audit.fields_of(channel))
    return made


@transaction.atomic
def remove_channel(channel: Channel, *, now: datetime) -> None:
    """Remove a channel: waiting deliveries are dropped, earlier ones stay in the history of their alerts."""
    waiting = Delivery.objects.filter(channel=channel, settled_at=None)
    waiting.update(outcome=Outcome.CANCELLED, detail="channel removed", settled_at=now)
    _record("removed", channel, audit.fields_of(channel), None)
    channel.delete()


@transaction.atomic
def renew_secret(channel: Channel) -> str:
    """Renew and return the secret; messages are signed with it from now on."""
    before = {"secret": channel.secret}
    channel.secret = secrets.token_urlsafe(32)
    channel.save(update_fields=["secret"])
    _record("renewed", channel, before, {"secret": channel.secret})
    return channel.secret


def check_channel(channel: Channel) -> None:
    """Raises ValidationError, by field."""
    errors: dict[str, Any] = {}
    if channel.name in Role.values:
        errors["name"] = "This is the name of a role: choose another one."
    try:
        validate_email(channel.address) if channel.kind == ChannelKind.MAIL else _check_url(channel.address)
    except ValidationError as error:
        errors["address"] = error.messages
    if errors:
        raise ValidationError(errors)


def _check_url(address: str) -> None:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise ValidationError("Expected an address such as https://hooks.example/alerts.") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise ValidationError("Expected an address such as https://hooks.example/alerts, without a user name in it.")


@transaction.atomic
def save_route(route: Route) -> None:
    """Raises ValidationError, by field."""
    check_route(route)
    before = audit.stored(route)
    route.save()
    _record("saved", route, before, audit.fields_of(route))


@transaction.atomic
def remove_route(route: Route) -> None:
    _record("removed", route, audit.fields_of(route), None)
    route.delete()


def _record(action: str, row: Channel | Route, before: audit.Fields | None, after: audit.Fields | None) -> None:
    kind = row._meta.model_name
    audit.record(f"{kind}.{action}", organization_id=row.organization_id, target=str(row), before=before, after=after)


def check_route(route: Route) -> None:
    """Raises ValidationError, by field."""
    errors: dict[str, Any] = {}
    if not any(route.to in names for _, names in recipients.possible_names(route.organization)):
        errors["to"] = "This is neither a role, nor a channel, nor a person of this organization."
    place = {name: getattr(route, name) for name in ("department_id", "queue_name") if getattr(route, name)}
    if place and not Scope.objects.filter(organization=route.organization, **place).exists():
        errors[list(place)[-1]] = "This organization has no scope of that name."
    if errors:
        raise ValidationError(errors)
