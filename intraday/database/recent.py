"""Rows of organizations that this process looked up a moment ago, and uses again until a time is over.

A change that this process makes itself drops what it remembers of the organization (`forget`); of a change elsewhere it
learns when the time is over.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeVar

from django.db import transaction

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, for so many seconds, and at most so many: with one more, all are looked up anew."""

    def __init__(self, *, seconds: float, most: int) -> None:
        self.seconds, self.most = seconds, most
        self._lock = Lock()
        self._found: dict[K, tuple[float, str, V]] = {}
        every.append(self)

    def get(self, key: K) -> V | None:
        found = self._found.get(key)
        return None if found is None or found[0] < monotonic() else found[2]

    def keep(self, values: Mapping[K, V], *, organization_id: str) -> None:
        """Remember them, once the caller's transaction has been committed: it may have made what it looked up."""
        if values:
            transaction.on_commit(partial(self._keep, values, organization_id))

    def _keep(self, values: Mapping[K, V], organization_id: str) -> None:
        until = monotonic() + self.seconds
        with self._lock:
            if len(self._found) + len(values) > self.most:
                self._found.clear()
            self._found.update((key, (until, organization_id, value)) for key, value in values.items())

    def forget(self, organization_ids: frozenset[str]) -> None:
        with self._lock:
            for key in [key for key, found in self._found.items() if found[1] in organization_ids]:
                del self._found[key]

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


every: list[Recent[Any, Any]] = []


def forget(organization_ids: Iterable[str]) -> None:
    """Drop what is remembered of these organizations, now and when the caller's change is committed: meanwhile
    somebody may have looked up what was before."""
    changed = frozenset(organization_ids)
    _forget(changed)
    if transaction.get_connection().in_atomic_block:
        transaction.on_commit(partial(_forget, changed))


def _forget(organization_ids: frozenset[str]) -> None:
    for recent in every:
        recent.forget(organization_ids)
