"""Limit the use of an organization a minute, and its computes at once (ADR 23).

A process reserves portions of a limit in the cache and serves from them, so that a single request asks the cache about
once in a hundred, and all processes together never pass the limit. Where there is no cache that others see, each
process grants its share: the limit divided by the number of server processes.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings
from rest_framework import exceptions, status

from intraday.clock.database import clock
from intraday.org.limits import limit_of, refusals, setting_of
from intraday.org.models import Organization
from intraday.rest.limits.shared_counter import shared_counter

WINDOW_SECONDS = 60
PORTIONS = 100  # of a limit: a process may hold one that others would use
SLOT_SECONDS = 120  # after which a compute whose process died counts no more
RENEW_SECONDS = 30  # between two renewals of what takes as long
SLOT_RETRY_SECONDS = 2


class LimitReached(exceptions.APIException):
    """429, with the seconds after which it is worth trying again."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "limit_reached"

    def __init__(self, organization: Organization, name: str, message: str, *, wait: float) -> None:
        super().__init__(f"{message} ({name} of this organization: {limit_of(organization, name):,})")
        self.wait = max(1, math.ceil(wait))  # DRF makes Retry-After of it
        refusals.note(organization, name)


class Processes:
    """The number of server processes, as the hub of this one knows it from their reports."""

    count = 1

    def share_of(self, limit: int) -> int:
        return max(1, limit // self.count)


processes = Processes()


# --- a minute --------------------------------------------------------------------------------------------------------
class Counted(NamedTuple):
    """The outcome of a call or of what it brings."""

    allowed: bool
    left: int | None
    """Calls or what they bring, of this minute, as far as this process knows; None without the cache that all share."""


@dataclass
class Window:
    """One limit of one organization or credential in one minute, in this process."""

    lock: Lock = field(default_factory=Lock)
    reserved: int = 0
    used: int = 0
    is_exhausted: bool = False
    total: int | None = None
    """The sum that all processes had reserved when this one did last."""

    def take(self, amount: int, limit: int, name: str, *, fails_open: bool) -> Counted:
        with self.lock:
            missing = self.used + amount - self.reserved
            if missing > 0 and not self.is_exhausted:
                counted = self._reserve(max(missing, limit // PORTIONS), limit, name)
                if not counted and fails_open:
                    return Counted(allowed=True, left=None)
            allowed = self.used + amount <= self.reserved
            self.used += amount * allowed
            left = None if self.total is None else max(0, limit - self.total) + self.reserved - self.used
            return Counted(allowed, left)

    def _reserve(self, portion: int, limit: int, name: str) -> bool:
        """Reserve a portion, or without a cache the share of this process; tell whether all processes are counted."""
        total = shared_counter.add(name, portion) if settings.REDIS_URL else None
        if total is None:
            self.reserved = max(self.reserved, processes.share_of(limit))
            self.total = None if settings.REDIS_URL else limit
            return not settings.REDIS_URL
        self.total = total
        granted = min(portion, limit - (total - portion))
        self.is_exhausted = granted < portion
        self.reserved += max(0, granted)
        return True


class Windows:
    """The windows of the running minute; those before are forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._found: dict[str, Window] = {}

    def take(self, organization: Organization, name: str, amount: int) -> bool:
        return self.count(f"limit:{name}", organization.pk, amount, limit_of(organization, name)).allowed

    def count(self, name: str, whose: str, amount: int, limit: int, *, fails_open: bool = False) -> Counted:
        """Take from what is left of the minute; False where that is less. `fails_open`: without the cache that all
        processes share, nobody is refused."""
        minute = int(clock.now().timestamp()) // WINDOW_SECONDS
        key = f"{name}:{minute}:{whose}"
        with self._lock:
            if minute != self._minute:
                self._minute, self._found = minute, {}
            window = self._found.setdefault(key, Window())
        return window.take(amount, limit, key, fails_open=fails_open)


windows = Windows()


def seconds_to_next_minute() -> float:
    return WINDOW_SECONDS - clock.now().timestamp() % WINDOW_SECONDS


def spend(organization: Organization, name: str, amount: int) -> None:
    """Count what is used in this minute. Raises LimitReached where that is more than the organization may."""
    if windows.take(organization, name, amount):
        return
    wait = seconds_to_next_minute()
    raise LimitReached(organization, name, _refusal(organization, name, amount), wait=wait)


def _refusal(organization: Organization, name: str, amount: int) -> str:
    what = name.removesuffix("_per_minute")
    if amount > limit_of(organization, name):
        return f"This request alone has {amount:,} {what}, more than a minute may have: send smaller ones."
    return f"Too many {what} in this minute: send less, or ask the operator to raise {setting_of(name)}."


# --- at once ---------------------------------------------------------------------------------------------------------
class Slots:
    """The computes that run now, by organization: of this process in memory, of all in the cache."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._holder = uuid4().hex
        self._running: dict[str, set[int]] = {}

    def take(self, organization: Organization) -> int | None:
        """Return the number of a free slot, which is then taken; None if there is none."""
        limit = limit_of(organization, "computes")
        with self._lock:
            held = self._running.setdefault(organization.pk, set())
            free = next((slot for slot in range(limit) if slot not in held and self._is_free(organization, slot)), None)
            if free is not None:
                held.add(free)
            return free

    def _is_free(self, organization: Organization, slot: int) -> bool:
        limit = limit_of(organization, "computes")
        taken = (
            shared_counter.take(_slot_name(organization, slot), self._holder, seconds=SLOT_SECONDS)
            if settings.REDIS_URL
            else None
        )
        return slot < processes.share_of(limit) if taken is None else taken

    def renew(self, organization: Organization, slot: int) -> None:
        if settings.REDIS_URL:
            shared_counter.renew(_slot_name(organization, slot), self._holder, seconds=SLOT_SECONDS)

    def give_back(self, organization: Organization, slot: int) -> None:
        with self._lock:
            held = self._running[organization.pk]
            held.discard(slot)
            if not held:
                del self._running[organization.pk]
        if settings.REDIS_URL:
            shared_counter.give_back(_slot_name(organization, slot), self._holder)


def _slot_name(organization: Organization, slot: int) -> str:
    return f"compute:{organization.pk}:{slot}"


_slots = Slots()


@dataclass
class HeldSlot:
    """A slot that is taken. What takes long renews it between its steps."""

    organization: Organization
    number: int
    _renewed_at: float = field(default_factory=monotonic)

    def renew(self) -> None:
        """Hold it for SLOT_SECONDS from now; called more often, it asks the cache each RENEW_SECONDS."""
        if monotonic() - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = monotonic()
            _slots.renew(self.organization, self.number)


@contextmanager
def compute_slot(organization: Organization) -> Iterator[HeldSlot]:
    """Hold one of the organization's computes (KPI by hand, what-if, preview, export). Raises LimitReached."""
    slot = _slots.take(organization)
    if slot is None:
        message = "As many computes, previews and exports as may run at once are running: try again when one has ended."
        raise LimitReached(organization, "computes", message, wait=SLOT_RETRY_SECONDS)
    try:
        yield HeldSlot(organization, slot)
    finally:
        _slots.give_back(organization, slot)
