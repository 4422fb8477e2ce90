"""Delete rows in bounded batches, each in a short transaction of its own, so that nothing waits for long.

A run that stops half way (no time left, a killed worker) leaves whole batches: the next run goes on.
"""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

ROWS = 1_000
SECONDS = 60.0  # for one kind of rows in one run


def rounds(seconds: float | None = SECONDS) -> Iterator[None]:
    """Yield until the time is over; at least once."""
    end = None if seconds is None else monotonic() + seconds
    yield
    while end is None or monotonic() < end:
        yield


def delete(
    rows: QuerySet[Any],
    *,
    lock: QuerySet[Any] | None = None,
    seconds: float | None = SECONDS,
    prepare: Callable[[], None] | None = None,
) -> int:
    """Delete these rows with everything that refers to them; return how many. Locked rows are left to the next run.

    `lock`: the row that the writers of these rows lock first. Each batch takes its turn on it.
    `prepare` is called first in the transaction of each batch.
    """
    deleted = 0
    for _ in rounds(seconds):
        found = _delete_batch(rows, lock, prepare)
        deleted += found
        if not found:
            break
    return deleted


@transaction.atomic
def _delete_batch(rows: QuerySet[Any], lock: QuerySet[Any] | None, prepare: Callable[[], None] | None) -> int:
    if prepare is not None:
        prepare()
    if lock is not None:
        lock.select_for_update(of=("self",)).first()
    batch = rows.order_by().select_for_update(skip_locked=True, of=("self",)).only("pk")
    keys = [row.pk for row in batch[:ROWS]]
    if keys:
        rows.model._base_manager.filter(pk__in=keys).delete()
    return len(keys)
