"""Identity providers, and the people who come by them."""

import re
from collections.abc import Mapping
from typing import Any

from allauth.socialaccount.models import SocialApp
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from intraday.audit import services as audit
from intraday.org.models import Membership
from intraday.sign_in import groups
from intraday.sign_in.models import IdentityProvider
from intraday.sign_in.provider import Provider

Claims = Mapping[str, Any]
BASE_LENGTH = 100
LONGEST_CLAIM = 1_000


def as_app(row: IdentityProvider) -> SocialApp:
    """Return the row as allauth wants it; it is not stored."""
    settings = {"server_url": row.issuer, "oauth_pkce_enabled": True}
    return SocialApp(
        provider=Provider.id,
        provider_id=row.pk,
        name=row.name,
        client_id=row.client_id,
        secret=row.secret,
        settings=settings,
    )


def offered() -> list[IdentityProvider]:
    """Return those that the sign-in page has a button for."""
    return list(IdentityProvider.objects.filter(is_offered=True))


def groups_in(row: IdentityProvider, claims: Claims) -> list[str]:
    """Return the person's groups. A claim of another shape, or none, is no group."""
    said = claims.get(row.groups_claim)
    found = [said] if isinstance(said, str) else said
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def has_access(user: User) -> bool:
    return user.is_superuser or Membership.objects.filter(user=user).exists()


def name_for(row: IdentityProvider, claims: Claims) -> str:
    """Return a user name that nobody has and nobody can be taken for: `ben@acme`, ended by the provider's id."""
    told = next((claims[key] for key in ("preferred_username", "email", "name") if claims.get(key)), "")
    told = User.normalize_username(str(told)[:LONGEST_CLAIM]).partition("@")[0]
    base = re.sub(r"[^\w.+-]+", "-", told).strip("-")[:BASE_LENGTH]
    names = (f"{base or 'person'}{number}@{row.pk}" for number in ["", *range(2, 1000)])
    return next(name for name in names if not User.objects.filter(username__iexact=name).exists())


def email_in(claims: Claims) -> str:
    """Return the address that the provider has verified, for mails about alerts; people are not found by it."""
    address = claims.get("email")
    if not isinstance(address, str) or claims.get("email_verified") is not True:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


@transaction.atomic
def remove(row: IdentityProvider) -> None:
    """Remove a provider with all that it granted."""
    groups.withdraw_all(row)
    audit.record("identity_provider.removed", organization_id=row.organization_id or "", target=row.pk)
    row.delete()
