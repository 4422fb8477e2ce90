"""Turns of an organization's posts in this process, and its rests beside others (ADR 23)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic, sleep
from typing import NamedTuple

from django.db import connections

from intraday.connections.fair_semaphore import FairSemaphore
from intraday.org.limits import limit_of
from intraday.org.models import Organization
from intraday.rest.limits.quotas import SLOT_RETRY_SECONDS, LimitReached

LARGE_ROWS = 100
RECENT_SECONDS = 2.0
MOST_REMEMBERED = 1_000
TURN_SECONDS = 20.0
MOST_WAITING = 20  # of one organization: each holds a thread


class Rest(NamedTuple):
    """The rest after work, in lengths of the work, and the longest in seconds."""

    lengths: float
    longest: float


SHORT = Rest(2.0, 1.0)  # a post that waited for a lock took longer than it used
LONG = Rest(4.0, 10.0)  # after large batches, and after deliveries to the organization's sockets


class Turns:
    """The posts of each organization that are worked on in this process; others of it wait, in order.

    Otherwise its posts, which wait for each other's locks, would hold all connections to the database.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._places: dict[str, FairSemaphore] = {}

    def take(self, place: str, capacity: int) -> bool:
        """Wait for a turn; return False where too many wait already, or it takes too long."""
        with self._lock:
            turns = self._places.setdefault(place, FairSemaphore())
        if turns.admitted >= capacity and turns.waiting >= MOST_WAITING:
            return False
        return turns.acquire(capacity, seconds=TURN_SECONDS)

    def waiting(self, place: str) -> int:
        turns = self._places.get(place)
        return 0 if turns is None else turns.waiting

    def is_free(self, place: str, capacity: int) -> bool:
        turns = self._places.get(place)
        return turns is None or turns.admitted + turns.waiting < capacity

    def give_back(self, place: str, capacity: int) -> None:
        self._places[place].release(capacity)


class Rests:
    """The rests that places earn by the time they take, and whether there is anybody to rest for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._active: dict[str, float] = {}  # when each organization last posted
        self._until: dict[str, float] = {}  # by place
        self._working: Counter[str] = Counter()
        self._counted: dict[str, float] = {}  # until when the work of a place is counted

    def note_activity(self, organization: str) -> None:
        with self._lock:
            if len(self._active) >= MOST_REMEMBERED:
                self._active = {each: at for each, at in self._active.items() if self._is_recent(at)}
            self._active[organization] = monotonic()

    @contextmanager
    def work(self, place: str, rest: Rest) -> Iterator[None]:
        """Earn a rest for the length of the block; blocks at the same time count once."""
        self._count(place, +1, rest)
        try:
            yield
        finally:
            self._count(place, -1, rest)

    def _count(self, place: str, change: int, rest: Rest) -> None:
        with self._lock:
            now = monotonic()
            if self._working[place]:
                since = self._counted[place]
                self._lengthen(place, since, (1 + rest.lengths) * (now - since), rest.longest)
            self._working[place] += change
            self._counted[place] = now
            if not self._working[place]:
                del self._working[place], self._counted[place]

    def earn(self, place: str, seconds: float) -> None:
        """Earn a rest for work of this length that has just ended."""
        with self._lock:
            self._lengthen(place, monotonic(), LONG.lengths * seconds, LONG.longest)

    def _lengthen(self, place: str, since: float, seconds: float, longest: float) -> None:
        now = monotonic()
        if len(self._until) >= MOST_REMEMBERED:
            self._until = {each: until for each, until in self._until.items() if until > now}
        self._until[place] = min(max(since, self._until.get(place, 0.0)) + seconds, now + longest)

    def left(self, place: str) -> float:
        """Return the seconds for which a place still has to rest."""
        with self._lock:
            return max(0.0, self._until.get(place, 0.0) - monotonic())

    def has_neighbours(self, organization: str) -> bool:
        """Tell whether other organizations have just posted to this process."""
        with self._lock:
            return any(self._is_recent(at) for each, at in self._active.items() if each != organization)

    @staticmethod
    def _is_recent(at: float) -> bool:
        return monotonic() - at < RECENT_SECONDS


_turns = Turns()
rests = Rests()


@contextmanager
def post_turn(organization: Organization, rows: int) -> Iterator[None]:
    """Hold one of the organization's turns to post; large batches have one for themselves. Raises LimitReached.

    Beside neighbours the next post begins when twice the time that the one before took has passed, four times after a
    large batch and what the organization's sockets got. So others have two thirds of this process, and four fifths,
    however slow the machine. A post now and then waits for nothing.
    """
    is_large = rows >= LARGE_ROWS
    place = _place(organization.pk, is_large=is_large)
    capacity = 1 if is_large else limit_of(organization, "posts")
    if not _turns.is_free(place, capacity):
        _return_connections()
    if not _turns.take(place, capacity):
        message = "Too many posts wait for each other: send one after another, or larger batches."
        raise LimitReached(organization, "posts", message, wait=SLOT_RETRY_SECONDS)
    try:
        rests.note_activity(organization.pk)
        if rests.has_neighbours(organization.pk) and (left := rests.left(place)):
            _return_connections()
            sleep(left)
        with rests.work(place, LONG if is_large else SHORT):
            yield
    finally:
        _turns.give_back(place, capacity)


def note_delivery(organization: str, seconds: float) -> None:
    """Count the time that the organization's sockets took of this process."""
    rests.earn(_place(organization, is_large=True), seconds)


def _place(organization: str, *, is_large: bool) -> str:
    return f"{organization} {'large' if is_large else 'small'}"


def _return_connections() -> None:
    """Let others use the connections of this thread while it waits."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
