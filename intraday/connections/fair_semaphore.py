"""A semaphore that admits threads in the order in which they came."""

from collections import deque
from threading import Lock


class FairSemaphore:
    """Admits so many threads at a time. A place that comes free goes to the thread that has waited longest: with
    threading's own, one that has just come may be faster, and of many some wait far longer than the rest."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queue = deque[Lock]()
        self.admitted = 0

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def acquire(self, capacity: int = 1, *, seconds: float) -> bool:
        """Wait for a place; return False where none came free in this time."""
        with self._lock:
            if self.admitted < capacity and not self._queue:
                self.admitted += 1
                return True
            turn = Lock()
            turn.acquire()
            self._queue.append(turn)
        if turn.acquire(timeout=seconds):
            return True
        with self._lock:
            if turn in self._queue:
                self._queue.remove(turn)
                return False
            return True  # it came at the last moment

    def release(self, capacity: int = 1) -> None:
        """Give a place back. `capacity` may have changed since: of fewer places than are taken none comes free."""
        with self._lock:
            self.admitted -= 1
            while self._queue and self.admitted < capacity:
                self.admitted += 1
                self._queue.popleft().release()
