"""Keep the secrets of sign-in encrypted with the present key: those of identity providers and of second factors."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Model

from intraday.encryption.at_rest import UnreadableError, renewed
from intraday.sign_in.models import IdentityProvider

ENCRYPTED = ("secret", "seed")
"""Keys of an authenticator's data: the secret of an app, the seed of recovery codes."""


def encrypt_all() -> tuple[int, list[str]]:
    """Encrypt every secret with the present key; return how many rows changed, and the names of unreadable ones."""
    changed, unreadable = 0, list[str]()
    for name, is_done in _rows():
        if is_done is None:
            unreadable.append(name)
        elif is_done:
            changed += 1
    return changed, unreadable


def _rows() -> Iterator[tuple[str, bool | None]]:
    """Yield the name of each row, and whether it was encrypted anew; None if it cannot be read."""
    for provider_id in list(IdentityProvider.objects.values_list("pk", flat=True)):
        yield f"identity provider {provider_id}", _provider(provider_id)
    for pk, name in list(Authenticator.objects.values_list("pk", "user__username")):
        yield f"second factor of {name}", _authenticator(pk)


@transaction.atomic
def _provider(provider_id: str) -> bool | None:
    row = IdentityProvider.objects.select_for_update().get(pk=provider_id)
    try:
        secret = renewed(row.sealed_secret)
    except UnreadableError:
        return None
    return _store(row, "sealed_secret", secret)


@transaction.atomic
def _authenticator(pk: int) -> bool | None:
    row = Authenticator.objects.select_for_update().get(pk=pk)
    try:
        data = {name: renewed(value) if name in ENCRYPTED else value for name, value in row.data.items()}
    except UnreadableError:
        return None
    return _store(row, "data", data)


def _store(row: Model, name: str, value: Any) -> bool:
    """Store a changed value; return whether it has changed."""
    if getattr(row, name) == value:
        return False
    setattr(row, name, value)
    row.save(update_fields=[name])
    return True
