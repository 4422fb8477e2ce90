"""Limit calls a minute per credential, counted in the cache. Without a cache nobody is refused."""

import hashlib
import time

import structlog
from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from intraday.clock.database import clock
from intraday.rest.authentication import Caller

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
PAUSE_SECONDS = 10.0  # a cache that failed is left alone for so long: a frozen one costs its timeout at every try


class PerCredential(BaseThrottle):
    """Counts whole minutes: DRF's own throttle keeps, and rewrites at each call, the time of every call."""

    _cache_failed_at: float | None = None  # of the process

    def allow_request(self, request: Request, view: object) -> bool:
        caller = request.auth
        if not isinstance(caller, Caller):
            return True
        limit = settings.CALLS_PER_MINUTE_PERSON if caller.is_person else settings.CALLS_PER_MINUTE_KEY
        return self._count(caller.credential) <= int(limit)

    def wait(self) -> float:
        return WINDOW_SECONDS - clock.now().timestamp() % WINDOW_SECONDS

    def _count(self, credential: str) -> int:
        """Return the number of calls in this minute, this one included; 0 without a cache."""
        cls, now = type(self), time.monotonic()
        if cls._cache_failed_at is not None and now - cls._cache_failed_at < PAUSE_SECONDS:
            return 0
        name = (
            f"calls:{int(clock.now().timestamp()) // WINDOW_SECONDS}:{hashlib.sha256(credential.encode()).hexdigest()}"
        )
        try:
            count = 1 if cache.add(name, 1, timeout=2 * WINDOW_SECONDS) else cache.incr(name)
        except Exception as error:  # whatever the cache's client raises: it must not cost the caller its call
            if cls._cache_failed_at is None:
                log.error("cache_unreachable", error=f"{type(error).__name__}: {error}", effect="calls are not counted")
            cls._cache_failed_at = now
            return 0
        if cls._cache_failed_at is not None:
            log.info("cache_reachable")
        cls._cache_failed_at = None
        return count
