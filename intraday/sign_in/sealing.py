"""Secrets that must be read again, such as those of second factors, encrypted in the database by SECRET_KEY.

Another SECRET_KEY opens them as long as SECRET_KEY_FALLBACKS names the one that sealed them.
"""

from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

_SALT = "intraday.sign_in.sealing"


class UnreadableSecretError(Exception):
    """A sealed secret was sealed by a SECRET_KEY that is not known any more."""

    def __init__(self) -> None:
        super().__init__("A secret was sealed by another SECRET_KEY: name that one in SECRET_KEY_FALLBACKS.")


def sealed(text: str) -> str:
    return _box().encrypt(text.encode()).decode()


def opened(token: str) -> str:
    """Return the text. Raises UnreadableSecretError."""
    try:
        return _box().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecretError from error


def _box() -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(secret: Any) -> Fernet:
    key = salted_hmac(_SALT, "1", secret=secret, algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
