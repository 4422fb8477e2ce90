"""Keep the secrets of sign-in encrypted with the present key: those of identity providers and of second factors."""

from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

from intraday.encryption.at_rest import UnreadableError, decrypt, encrypt, is_current
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
    stored = row.sealed_secret
    try:
        row.sealed_secret = _anew(stored)
    except UnreadableError:
        return None
    row.save(update_fields=["sealed_secret"])
    return row.sealed_secret != stored


@transaction.atomic
def _authenticator(pk: int) -> bool | None:
    row = Authenticator.objects.select_for_update().get(pk=pk)
    try:
        data = {name: _anew(value) if name in ENCRYPTED else value for name, value in row.data.items()}
    except UnreadableError:
        return None
    is_changed = data != row.data
    row.data = data
    row.save(update_fields=["data"])
    return bool(is_changed)


def _anew(stored: str) -> str:
    return stored if is_current(stored) else encrypt(decrypt(stored))
