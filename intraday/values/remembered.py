"""Things that a process keeps of an organization between two runs. Pure."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Keeps at most `most` things in all; the organization that was put in longest ago is forgotten first.

    A run takes what is kept out, and puts it back once it has committed: what a failed run has half changed is
    forgotten, and two runs never share it. A run that takes something checks by a version that it is still true.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    def take(self, organization_id: str) -> T | None:
        with self._lock:
            found = self._kept.pop(organization_id, None)
        return None if found is None else found[0]

    def put(self, organization_id: str, thing: T, *, size: int) -> None:
        """Keep this, which counts as so many."""
        with self._lock:
            self._kept.pop(organization_id, None)
            if size > self._most:
                return
            self._kept[organization_id] = thing, size
            while sum(each for _, each in self._kept.values()) > self._most:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
