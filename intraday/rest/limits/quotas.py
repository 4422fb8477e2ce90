"""Limit the use of an organization a minute, and its computes at once (ADR 23).

A process reserves portions of a limit in the cache and serves from them, so that a single request asks the cache about
once in a hundred, and all processes together never pass the limit. Where there is no cache that others see, each
process grants its share: the limit divided by the number of server processes.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock
from time import monotonic, sleep

from django.conf import settings
from django.db import connections
from rest_framework import exceptions, status

from intraday.clock.database import clock
from intraday.org.limits import limit_of, refusals, setting_of
from intraday.org.models import Organization
from intraday.rest.limits.shared_counter import shared_counter

WINDOW_SECONDS = 60
PORTIONS = 100  # of a limit: a process may hold one that others would use
SLOT_SECONDS = 120  # after which a compute whose process died counts no more; none may take as long
SLOT_RETRY_SECONDS = 2
LARGE_ROWS = 100
RESTS = 4.0  # of the length of a large batch: until the next one of the organization begins
LONGEST_REST_SECONDS = 10.0
RECENT_SECONDS = 2.0
MOST_REMEMBERED = 1_000
TURN_SECONDS = 20.0
MOST_WAITING = 20  # of one organization: each holds a thread


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
@dataclass
class Window:
    """One limit of one organization in one minute, in this process."""

    lock: Lock = field(default_factory=Lock)
    reserved: int = 0
    used: int = 0
    is_exhausted: bool = False

    def take(self, amount: int, limit: int, name: str) -> bool:
        with self.lock:
            missing = self.used + amount - self.reserved
            if missing > 0 and not self.is_exhausted:
                self._reserve(max(missing, limit // PORTIONS), limit, name)
            if self.used + amount > self.reserved:
                return False
            self.used += amount
            return True

    def _reserve(self, portion: int, limit: int, name: str) -> None:
        total = shared_counter.add(name, portion) if settings.REDIS_URL else None
        if total is None:
            self.reserved = max(self.reserved, processes.share_of(limit))
            return
        granted = min(portion, limit - (total - portion))
        self.is_exhausted = granted < portion
        self.reserved += max(0, granted)


class Windows:
    """The windows of the running minute; those before are forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._found: dict[str, Window] = {}

    def take(self, organization: Organization, name: str, amount: int) -> bool:
        minute = int(clock.now().timestamp()) // WINDOW_SECONDS
        key = f"limit:{name}:{minute}:{organization.pk}"
        with self._lock:
            if minute != self._minute:
                self._minute, self._found = minute, {}
            window = self._found.setdefault(key, Window())
        return window.take(amount, limit_of(organization, name), key)


_windows = Windows()


def spend(organization: Organization, name: str, amount: int) -> None:
    """Count what is used in this minute. Raises LimitReached where that is more than the organization may."""
    if _windows.take(organization, name, amount):
        return
    wait = WINDOW_SECONDS - clock.now().timestamp() % WINDOW_SECONDS
    raise LimitReached(organization, name, _refusal(organization, name, amount), wait=wait)


def _refusal(organization: Organization, name: str, amount: int) -> str:
    what = name.removesuffix("_per_minute")
    if amount > limit_of(organization, name):
        return f"This request alone has {amount:,} {what}, more than a minute may have: send smaller ones."
    return f"Too many {what} in this minute: send less, or ask the operator to raise {setting_of(name)}."


# --- posts, in turn --------------------------------------------------------------------------------------------------
class Turns:
    """The posts of each organization that are worked on in this process; others of it wait.

    Otherwise its posts, which wait for each other's locks, would hold all connections to the database.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._running: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._active: dict[str, float] = {}  # when each organization last posted
        self._rests: dict[str, float] = {}  # until when a place rests after a large batch

    def take(self, place: str, capacity: int) -> bool:
        """Wait for a turn; return False where too many wait already, or it takes too long."""
        with self._changed:
            if self._running[place] >= capacity and self._waiting[place] >= MOST_WAITING:
                return False
            self._waiting[place] += 1
            try:
                if not self._changed.wait_for(lambda: self._running[place] < capacity, TURN_SECONDS):
                    return False
                self._running[place] += 1
                return True
            finally:
                self._forget_one(self._waiting, place)

    def is_free(self, place: str, capacity: int) -> bool:
        with self._changed:
            return self._running[place] + self._waiting[place] < capacity

    def give_back(self, place: str) -> None:
        with self._changed:
            self._forget_one(self._running, place)
            self._changed.notify_all()

    def note_activity(self, organization: str) -> None:
        with self._changed:
            if len(self._active) >= MOST_REMEMBERED:
                self._active = {each: at for each, at in self._active.items() if self._is_recent(at)}
            self._active[organization] = monotonic()

    def rest(self, place: str, seconds: float) -> None:
        with self._changed:
            now = monotonic()
            self._rests = {each: until for each, until in self._rests.items() if until > now} | {place: now + seconds}

    def rest_left(self, place: str) -> float:
        """Return the seconds for which the place still rests after its last large batch."""
        with self._changed:
            return max(0.0, self._rests.get(place, 0.0) - monotonic())

    def has_neighbours(self, organization: str) -> bool:
        """Tell whether other organizations have just posted to this process."""
        with self._changed:
            return any(self._is_recent(at) for each, at in self._active.items() if each != organization)

    @staticmethod
    def _is_recent(at: float) -> bool:
        return monotonic() - at < RECENT_SECONDS

    @staticmethod
    def _forget_one(counts: Counter[str], place: str) -> None:
        counts[place] -= 1
        if not counts[place]:
            del counts[place]


_turns = Turns()


@contextmanager
def post_turn(organization: Organization, rows: int) -> Iterator[None]:
    """Hold one of the organization's turns to post; large batches have one for themselves. Raises LimitReached.

    Beside neighbours a large batch begins no sooner than four times the length of the one before after its end: they
    have four fifths of the time of this process, however slow the machine. A batch now and then waits for nothing.
    """
    is_large = rows >= LARGE_ROWS
    place = f"{organization.pk} {'large' if is_large else 'small'}"
    capacity = 1 if is_large else limit_of(organization, "posts")
    if not _turns.is_free(place, capacity):
        _return_connections()
    if not _turns.take(place, capacity):
        message = "Too many posts wait for each other: send one after another, or larger batches."
        raise LimitReached(organization, "posts", message, wait=SLOT_RETRY_SECONDS)
    _turns.note_activity(organization.pk)
    begun = monotonic()
    try:
        if is_large and (left := _turns.rest_left(place)) and _turns.has_neighbours(organization.pk):
            _return_connections()
            sleep(left)
            begun = monotonic()
        yield
    finally:
        if is_large:
            _turns.rest(place, min(LONGEST_REST_SECONDS, RESTS * (monotonic() - begun)))
        _turns.give_back(place)


def _return_connections() -> None:
    """Let others use the connections of this thread while it waits."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


# --- at once ---------------------------------------------------------------------------------------------------------
class Slots:
    """The computes that run now, by organization: of this process in memory, of all in the cache."""

    def __init__(self) -> None:
        self._lock = Lock()
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
            shared_counter.take(_slot_name(organization, slot), seconds=SLOT_SECONDS) if settings.REDIS_URL else None
        )
        return slot < processes.share_of(limit) if taken is None else taken

    def give_back(self, organization: Organization, slot: int) -> None:
        with self._lock:
            held = self._running[organization.pk]
            held.discard(slot)
            if not held:
                del self._running[organization.pk]
        if settings.REDIS_URL:
            shared_counter.give_back(_slot_name(organization, slot))


def _slot_name(organization: Organization, slot: int) -> str:
    return f"compute:{organization.pk}:{slot}"


_slots = Slots()


@contextmanager
def compute_slot(organization: Organization) -> Iterator[None]:
    """Hold one of the organization's computes (KPI by hand, what-if, preview, export). Raises LimitReached."""
    slot = _slots.take(organization)
    if slot is None:
        message = "As many computes, previews and exports as may run at once are running: try again when one has ended."
        raise LimitReached(organization, "computes", message, wait=SLOT_RETRY_SECONDS)
    try:
        yield
    finally:
        _slots.give_back(organization, slot)
