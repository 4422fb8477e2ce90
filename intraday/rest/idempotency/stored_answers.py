"""Claim a key, store the answer to its request, give both up: each by one conditional statement."""

import base64
import zlib
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import QuerySet
from rest_framework import exceptions, status

from intraday.database import batches
from intraday.encryption.at_rest import UnreadableError, decrypt, encrypt
from intraday.rest.idempotency.models import StoredAnswer

log = structlog.get_logger(__name__)

ABANDONED_AFTER = timedelta(seconds=75)
"""No request takes that long, and no client waits for one: the process that claimed the key has died.

The clients give one attempt up after 60 s, as the proxy does, and all of them after two minutes: one must be left then.
"""


class KeyReused(exceptions.APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key came with another request before: use a new key for a new request."


class KeyInUse(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_key_in_use"
    default_detail = "The first request with this Idempotency-Key is still being worked on: repeat this one later."
    wait = 1  # DRF makes Retry-After of it


def claim(name: str, request: str, *, now: datetime) -> StoredAnswer:
    """Return the row of a key: with an answer, or claimed for the caller, who is to work and to keep the answer.

    Raises KeyReused, KeyInUse.
    """
    row, is_new = StoredAnswer.objects.get_or_create(name=name, defaults={"request": request, "claimed_at": now})
    if row.request != request:
        raise KeyReused
    if not is_new and row.status is None:
        _take_over(row, now)
    return row


def _take_over(row: StoredAnswer, now: datetime) -> None:
    if row.claimed_at > now - ABANDONED_AFTER or not _claimed(row).update(claimed_at=now):
        raise KeyInUse
    row.claimed_at = now


def _claimed(row: StoredAnswer) -> QuerySet[StoredAnswer]:
    """Select the row as long as the claim is the caller's."""
    return StoredAnswer.objects.filter(pk=row.pk, status=None, claimed_at=row.claimed_at)


def keep(row: StoredAnswer, code: int, body: bytes) -> None:
    """Store the answer. Raises KeyInUse where another process has taken the claim over."""
    if not _claimed(row).update(status=code, sealed_body=_sealed(body)):
        raise KeyInUse


def release(row: StoredAnswer) -> None:
    """Give the claim up, after a request that changed nothing: the next one with this key is worked on."""
    try:
        _claimed(row).delete()
    except DatabaseError as error:  # the claim counts as abandoned soon; the caller's error is the one to answer
        log.warning("idempotency_key_held", error=str(error).strip())


def body_of(row: StoredAnswer) -> bytes:
    """Return the stored body. Raises KeyReused where it cannot be read any more."""
    try:
        return zlib.decompress(base64.b85decode(decrypt(row.sealed_body)))
    except UnreadableError as error:
        raise KeyReused(f"The answer stored for this Idempotency-Key {error}: use a new key.") from None


def _sealed(body: bytes) -> str:
    return encrypt(base64.b85encode(zlib.compress(body)).decode())


def purge(*, now: datetime) -> int:
    """Delete answers that are older than KEEP_ANSWERS."""
    return batches.delete(StoredAnswer.objects.filter(claimed_at__lt=now - settings.KEEP_ANSWERS))
