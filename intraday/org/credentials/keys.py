"""The life of API keys: rotation, a second secret with the same rights and an end for the first; and their state."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from intraday.audit import services as audit
from intraday.org.models import ApiKey, Organization
from intraday.org.services import create_api_key

OVERLAP = timedelta(days=7)
"""The time for which a rotated key lives on, unless its administrator chooses another."""


@transaction.atomic
def rotate(key: ApiKey, *, now: datetime, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """Make the successor of a key; return it and its text, which is shown this once.

    Both are in force until the overlap has passed. A key with an expiry gets a successor that lives as long as it was
    to live itself. Raises ValidationError for a key that is not in force or has a successor.
    """
    current = ApiKey.objects.select_for_update().get(pk=key.pk)
    _check_rotatable(current, now)
    successor, secret = create_api_key(
        organization=current.organization,
        name=current.name,
        scopes=current.scopes,
        token_role=current.token_role,
        expires_at=_ending(current, now),
    )
    before = {"expires_at": current.expires_at, "replaced_by": ""}
    current.expires_at = min(filter(None, [current.expires_at, now + overlap]))
    current.replaced_by = successor.prefix
    current.save(update_fields=["expires_at", "replaced_by"])  # moves the access version: open sockets learn their end
    after = {"expires_at": current.expires_at, "replaced_by": successor.prefix}
    audit.record(
        "key.rotated", organization_id=current.organization_id, target=str(current), before=before, after=after
    )
    return successor, secret


def _ending(key: ApiKey, now: datetime) -> datetime | None:
    """Return when a key ends that is made now and lives as long; where the calendar ends before, when the key does."""
    if key.expires_at is None:
        return None
    try:
        return now + (key.expires_at - key.created_at)
    except OverflowError:
        return key.expires_at


def unrevoked(organization: Organization) -> QuerySet[ApiKey]:
    """Return the keys that nobody has revoked, by name; some may have expired."""
    return ApiKey.objects.filter(organization=organization, revoked_at=None).order_by("name", "pk")


def _check_rotatable(key: ApiKey, now: datetime) -> None:
    if key.revoked_at is not None:
        raise ValidationError(f"{key} is revoked: make a new key.")
    if key.replaced_by:
        raise ValidationError(f"{key} was rotated already: rotate its successor, {key.replaced_by}….")
    if key.expires_at is not None and key.expires_at <= now:
        raise ValidationError(f"{key} has expired: make a new key.")


def state(key: ApiKey, *, now: datetime) -> str:
    """Return whether the key is in force, and until when, in words."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    ending = f" until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else ""
    return f"in force{ending}" + (f", replaced by {key.replaced_by}…" if key.replaced_by else "")
