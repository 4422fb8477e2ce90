"""Counting in the cache, for all processes together. A cache that fails is left alone for a while."""

import time

import structlog
from django.core.cache import cache

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 10.0  # a frozen cache costs its timeout at every try
KEPT_SECONDS = 120


class SharedCounter:
    _failed_at: float | None = None  # of the process

    @property
    def is_paused(self) -> bool:
        return self._failed_at is not None and time.monotonic() - self._failed_at < PAUSE_SECONDS

    def add(self, name: str, amount: int = 1) -> int | None:
        """Add to the counter of this name and return its new value; None without a cache."""
        if self.is_paused:
            return None
        try:
            total = amount if cache.add(name, amount, timeout=KEPT_SECONDS) else cache.incr(name, amount)
        except Exception as error:  # whatever the cache's client raises: it must not cost the caller its call
            self._note_failure(error)
            return None
        self._note_success()
        return int(total)

    def take(self, name: str, holder: str, *, seconds: int) -> bool | None:
        """Take a name that nobody else holds, for so long at most; None without a cache."""
        if self.is_paused:
            return None
        try:
            taken = cache.add(name, holder, timeout=seconds)
        except Exception as error:  # as above
            self._note_failure(error)
            return None
        self._note_success()
        return bool(taken)

    def renew(self, name: str, holder: str, *, seconds: int) -> None:
        """Hold a name for so long again, also if its time was over meanwhile and nobody took it."""
        try:
            if not cache.add(name, holder, timeout=seconds) and cache.get(name) == holder:
                cache.touch(name, timeout=seconds)
        except Exception as error:  # as above; without it the name comes free when its time is over
            self._note_failure(error)

    def give_back(self, name: str, holder: str) -> None:
        """Give back a name, unless its time was over and another holder has it."""
        try:
            if cache.get(name) == holder:
                cache.delete(name)
        except Exception as error:  # as above; the name comes free when its time is over
            self._note_failure(error)

    def _note_failure(self, error: Exception) -> None:
        if self._failed_at is None:
            log.error("cache_unreachable", error=f"{type(error).__name__}: {error}", effect="each process counts alone")
        self._failed_at = time.monotonic()

    def _note_success(self) -> None:
        if self._failed_at is not None:
            log.info("cache_reachable")
        self._failed_at = None


shared_counter = SharedCounter()
