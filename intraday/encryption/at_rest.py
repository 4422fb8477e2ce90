"""Encrypt secrets that are stored, with a key derived from SECRET_KEY; former keys still decrypt.

Only secrets that have to be read again are encrypted, such as those that sign webhooks. What is only compared, such as
API keys, is hashed.
"""

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"intraday.encryption.1"  # another number when the format changes


class UnreadableError(Exception):
    """The stored value was encrypted with a SECRET_KEY that is neither the present one nor a fallback."""

    def __init__(self) -> None:
        super().__init__("cannot be read, because SECRET_KEY has changed")


def encrypt(text: str) -> str:
    """Return the text encrypted with the present key; an empty one stays empty."""
    return _present().encrypt(text.encode()).decode() if text else ""


def decrypt(sealed: str) -> str:
    """Return the text. Raises UnreadableError."""
    if not sealed:
        return ""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    try:
        return MultiFernet([_fernet(key) for key in keys]).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise UnreadableError from None


def is_current(sealed: str) -> bool:
    """Return whether it needs no fallback."""
    try:
        return not sealed or bool(_present().decrypt(sealed.encode()))
    except InvalidToken:
        return False


def renewed(sealed: str) -> str:
    """Return it encrypted with the present key; unchanged if it is already. Raises UnreadableError."""
    return sealed if is_current(sealed) else encrypt(decrypt(sealed))


def _present() -> Fernet:
    return _fernet(settings.SECRET_KEY)


@cache
def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(derived))
