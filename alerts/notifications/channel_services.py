"""Make and change channels and routes."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from alerts.notifications import kinds, payloads, recipients
from alerts.notifications.models import Channel, Delivery, Outcome, Route
from intraday.audit import services as audit
from intraday.encryption.at_rest import UnreadableError, encrypt
from intraday.org.models import Role, Scope

OVERLAP = timedelta(days=7)
"""The time for which messages are signed with a former secret too, unless a person chooses another."""


@transaction.atomic
def save_channel(channel: Channel) -> str | None:
    """Save a channel and return its secret, if this made one. Raises ValidationError, by field."""
    check_channel(channel)
    stored = None if channel._state.adding else Channel.objects.get(pk=channel.pk)
    before = None if stored is None else _described(stored)
    made = None
    if channel.kind in kinds.signed() and not channel.has_secret:
        made = channel.secret = payloads.new_secret(secrets.token_bytes(32))
    channel.save()
    _record("saved", channel, before, _described(channel))
    return made


@transaction.atomic
def remove_channel(channel: Channel, *, now: datetime) -> None:
    """Remove a channel: waiting deliveries are dropped, earlier ones stay in the history of their alerts."""
    waiting = Delivery.objects.filter(channel=channel, settled_at=None)
    waiting.update(outcome=Outcome.CANCELLED, detail="channel removed", settled_at=now)
    _record("removed", channel, _described(channel), None)
    channel.delete()


@transaction.atomic
def renew_secret(channel: Channel, *, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """Renew and return the secret; messages are signed with it from now on, and with the former one for the overlap.

    A former secret that cannot be read has no overlap; one that was in its overlap already ends.
    """
    current = Channel.objects.select_for_update().get(pk=channel.pk)
    former, before = _readable(current, "secret") if overlap else None, _described(current)
    current.sealed_former_secret = encrypt(former or "")
    current.former_until = now + overlap if former else None
    made = current.secret = payloads.new_secret(secrets.token_bytes(32))
    current.save(update_fields=["plain_secret", "sealed_secret", "sealed_former_secret", "former_until"])
    _record("renewed", current, before, _described(current))
    return made


def _described(channel: Channel) -> dict[str, Any]:
    """Return a channel as the audit log compares it, which hides the values of secrets."""
    hidden = {name: _readable(channel, name) for name in ("address", "secret")}
    return audit.fields_of(channel) | hidden | {"former_until": channel.former_until}


def _readable(channel: Channel, name: str) -> str | None:
    try:
        return str(getattr(channel, name))
    except UnreadableError:
        return None


def check_channel(channel: Channel) -> None:
    """Raises ValidationError, by field."""
    errors: dict[str, Any] = {}
    if channel.name in Role.values:
        errors["name"] = "This is the name of a role: choose another one."
    kind = kinds.KINDS.get(channel.kind)
    if kind is not None and kind.needs_secret and not channel.has_secret:
        errors["secret"] = f"{kind.label} needs {kind.secret}."
    try:
        address = channel.address
        validate_email(address) if kind is None else _check_url(address)
    except UnreadableError as error:
        errors["address"] = f"The address {error}: enter it again."
    except ValidationError as error:
        errors["address"] = error.messages
    if errors:
        raise ValidationError(errors)


def enter(channel: Channel, *, address: str, secret: str) -> None:
    """Take what a person entered; what is left empty stays as it is. Raises ValidationError, by field."""
    kind = kinds.KINDS.get(channel.kind)
    if address or (kind is not None and channel._state.adding):
        channel.address = address or (kind.address if kind else "")
    if secret and (kind is None or not kind.secret):
        raise ValidationError({"secret": "Channels of this kind take no secret: leave it empty."})
    if secret:
        channel.secret = secret


def _check_url(address: str) -> None:
    try:
        url, _ = httpx.URL(address), urlsplit(address)  # each refuses what the other takes; pages and kinds use both
    except (httpx.InvalidURL, ValueError):
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
