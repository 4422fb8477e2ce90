"""Password hashing, a bounded number at once in each process: one Argon2 hash takes 100 MB and several cores.

The gate stands in the hashers, so that every way of checking or setting a password goes through it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

WAITING_PER_HASH = 3
"""The number of sign-ins that wait for each hash under way. More would hold database
connections that others need."""
WAIT_SECONDS = 3.0
RETRY_AFTER_SECONDS = 2


class HashingBusyError(Exception):
    """The process hashes as many passwords as it may, and as many wait."""

    def __init__(self) -> None:
        super().__init__("Too many passwords are being checked at this moment: try again in a few seconds.")


class Gate:
    """Lets `at_once` callers in; as many as `waiting` wait, at most `seconds`. The others are refused at once."""

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._room = threading.BoundedSemaphore(at_once + waiting)
        self._seconds = seconds

    @contextmanager
    def entered(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise HashingBusyError
        try:
            if not self._slots.acquire(timeout=self._seconds):
                raise HashingBusyError
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._room.release()


@cache
def gate() -> Gate:
    """Return the gate of this process."""
    at_once = settings.PASSWORD_HASHES
    return Gate(at_once=at_once, waiting=at_once * WAITING_PER_HASH, seconds=WAIT_SECONDS)


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        with gate().entered():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with gate().entered():
            return bool(super().verify(password, encoded))


class BoundedPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """The hasher of passwords set before Argon2. Its `verify` calls `encode`, which must not enter twice."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with gate().entered():
            return str(super().encode(password, salt, iterations))


class BusyAnswered:
    """Middleware: answer 503 with `Retry-After` where a password was not checked, on every page that checks one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Any) -> HttpResponse | None:
        if not isinstance(error, HashingBusyError):
            return None
        response = render(request, "intraday/busy.html", status=503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
