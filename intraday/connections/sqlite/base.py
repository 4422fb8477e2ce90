"""Connections to SQLite whose writing transactions take turns within the process.

SQLite lets one connection write at a time. Another that wants to write sleeps and tries again, at last every 100 ms,
and the first to try has it: of eight feeds beside the jobs of the same process some waited eight times as long as most.
"""

from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from intraday.connections.fair_semaphore import FairSemaphore

WAIT_SECONDS = 20.0

_writers = FairSemaphore()


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections of other processes (commands beside the running server) still wait in SQLite's own way."""

    _writes = False

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode != "IMMEDIATE":  # type: ignore[attr-defined]
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        if not _writers.acquire(seconds=WAIT_SECONDS):
            raise OperationalError(f"database is locked: other threads have written for {WAIT_SECONDS:.0f} s")
        self._writes = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_writing()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._end_writing()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_writing()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_writing(closed=True)

    def _end_writing(self, *, closed: bool = False) -> None:
        """Let the next thread write, unless the transaction is still open: a commit may fail and be rolled back."""
        connection: Any = self.connection
        if self._writes and (closed or connection is None or not connection.in_transaction):
            self._writes = False
            _writers.release()
