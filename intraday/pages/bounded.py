"""Ask the database or the broker for metrics and wait for a bounded time: a scrape must not hang with what hangs."""

from collections.abc import Callable, Iterable
from threading import Lock, Thread

from prometheus_client.core import Metric

Ask = Callable[[], Iterable[Metric]]


class UnansweredError(Exception):
    """No answer came in time, or the previous request has none yet."""


class BoundedSource:
    """Asks in a thread of its own, one question at a time: what hangs for an hour occupies one thread, and no more."""

    def __init__(self, name: str, ask: Ask, *, seconds: float) -> None:
        self.name = name
        self._ask, self._seconds = ask, seconds
        self._lock = Lock()
        self._thread: Thread | None = None

    def metrics(self) -> list[Metric]:
        """Raises UnansweredError, or what asking raised."""
        found: list[Metric] = []
        errors: list[Exception] = []

        def ask() -> None:
            try:
                found.extend(self._ask())
            except Exception as error:
                errors.append(error)

        thread = Thread(target=ask, name=f"metrics-{self.name}", daemon=True)  # a process that ends waits for none
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise UnansweredError("an earlier question has no answer yet")
            self._thread = thread
            thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            raise UnansweredError(f"no answer within {self._seconds:g} s")
        if errors:
            raise errors[0]
        return found
