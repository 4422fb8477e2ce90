"""Work that a process does shortly after it was asked for: one run serves all who asked meanwhile."""

from collections.abc import Callable
from math import inf
from threading import Condition, Thread
from time import monotonic

import structlog
from django.db import DatabaseError, OperationalError, connections

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.25
DRAIN_SECONDS = 5.0


class BackgroundWork:
    """Calls `work(key)` in a thread of its own, `delay` seconds after the first request for the key.

    A request for a key that waits already adds nothing; one that comes during a run leads to another. Where the
    database fails, the run is repeated. A process that dies forgets what was asked: its callers leave a mark in the
    database, or can do without.
    """

    def __init__(self, name: str, work: Callable[[str], object], *, delay: float) -> None:
        self.name = name
        self.delay = delay
        self.runs = 0
        self._work = work
        self._changed = Condition()
        self._due: dict[str, float] = {}
        self._running = False
        self._draining = 0
        self._failing = False
        self._thread: Thread | None = None
        every.append(self)

    def ask(self, key: str = "") -> None:
        """Have the work done soon. Call it from any thread; it does not wait."""
        with self._changed:
            if key not in self._due:
                self._due[key] = monotonic() + self.delay
                self._start()
                self._changed.notify_all()

    def do(self, key: str = "") -> None:
        """Do the work now, in the caller's thread; soon where the database cannot."""
        try:
            self._work(key)
        except OperationalError:
            self.ask(key)

    def drain(self, seconds: float = DRAIN_SECONDS) -> bool:
        """Do now what waits, and wait for its end; tell whether all was done in this time."""
        with self._changed:
            self._draining += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not self._due and not self._running, seconds)
            finally:
                self._draining -= 1

    def forget(self) -> None:
        """Drop what waits, and wait for the end of what runs."""
        with self._changed:
            self._due.clear()
            self._changed.wait_for(lambda: not self._running, DRAIN_SECONDS)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():  # a fork leaves threads behind
            self._thread = Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            key = self._next()
            try:
                self._work(key)
                self._failing = False
            except DatabaseError as error:
                self._repeat(key, error)
            except Exception:
                log.exception("background_work_failed", work=self.name, key=key)
            finally:
                connections.close_all()  # back to their pool

    def _next(self) -> str:
        """Wait until a key is due, and take it."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
            while True:
                key = min(self._due, key=self._due.__getitem__, default="")
                left = self._due.get(key, inf) - monotonic()
                if self._due and (left <= 0 or self._draining):
                    del self._due[key]
                    self._running, self.runs = True, self.runs + 1
                    return key
                self._changed.wait(left if self._due else None)

    def _repeat(self, key: str, error: DatabaseError) -> None:
        """Try again later, and log the first failure of a row. While the process ends there is no later."""
        if not self._failing:
            log.warning("background_work_not_possible", work=self.name, key=key, error=str(error).strip())
        self._failing = True
        with self._changed:
            if not self._draining:
                self._due.setdefault(key, monotonic() + RETRY_SECONDS)


every: list[BackgroundWork] = []
"""All background work of this process."""


def drain_all() -> None:
    """Do what waits before the process ends."""
    for work in every:
        if not work.drain():
            log.warning("background_work_left", work=work.name)
