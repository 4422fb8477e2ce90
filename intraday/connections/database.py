"""Connections to PostgreSQL that give up a server which does not answer, or is no longer the primary."""

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, Self, TypeVar

import psycopg
import structlog
from django.db import Error, InterfaceError, InternalError, OperationalError, connections
from psycopg.abc import PQGen, Query

from intraday.connections.timestamps import UtcLoader

log = structlog.get_logger(__name__)

RV = TypeVar("RV")

UNREACHABLE = (OperationalError, InterfaceError, InternalError)
"""No row's fault: the database is away, a lock was not to be had, or a transaction that stood still was ended."""
READ_ONLY = "25006"  # this server was demoted, or somebody made it read-only
TIMED_OUT = {"57014", "55P03"}  # statement_timeout, lock_timeout: the connection is well
SESSION_ENDED = {"25P03", "25P04", "57P01", "57P02", "57P03", "57P05"}
INTERVAL = 0.1  # seconds between psycopg's looks at signals
GRACE = 5  # seconds: the server's own timeout comes first, and says more
DRAIN_PAUSE = 1.0  # seconds: many requests fail at once when a server turns read-only
FRESH = 0.5  # seconds for which an answer proves that the server is there


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself, so that the pool replaces it, after an error that no later statement on it could survive."""

    answer_seconds: float | None = None
    _answered = -FRESH

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> Self:
        connection = super().connect(*args, **options)
        connection.adapters.register_loader("timestamptz", UtcLoader)
        return connection

    def wait(self, gen: PQGen[RV], interval: float = INTERVAL, timeout: float | None = None) -> RV:
        own = timeout is None
        begun = time.monotonic()
        try:
            result = super().wait(gen, interval, self.answer_seconds if own else timeout)
        except psycopg.Error as error:
            overdue = own and self.answer_seconds is not None and time.monotonic() - begun >= self.answer_seconds
            if overdue or _is_final(error):
                self.close()
            if error.sqlstate == READ_ONLY:
                drain_pools()
            raise
        self._answered = time.monotonic()
        return result

    def execute(self, query: Query, *args: Any, **options: Any) -> psycopg.Cursor[Any]:
        """Execute a statement. The empty one, by which a pool asks whether the server is there before it gives the
        connection away, is left out where another has just been answered."""
        if query == "" and not self.closed and time.monotonic() - self._answered < FRESH:
            return self.cursor()
        return super().execute(query, *args, **options)


def bounded_by(statement_timeout: int) -> type[BoundedConnection]:
    """Return a class of connections that wait a little longer for an answer than the server may take; 0: for ever."""
    seconds = statement_timeout + GRACE if statement_timeout else None
    return type("BoundedConnection", (BoundedConnection,), {"answer_seconds": seconds})


def _is_final(error: psycopg.Error) -> bool:
    state = error.sqlstate or ""
    return state == READ_ONLY or state in SESSION_ENDED or state.startswith("08")


def sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's code of an error of Django's; '' where the server said nothing."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database could not do it now, so that the same request may do later."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, Error) and sqlstate(error) in {READ_ONLY, *SESSION_ENDED}


def unavailable_message(error: BaseException) -> str:
    """Return the reason for a client, without names of tables and hosts."""
    state = sqlstate(error)
    if state in TIMED_OUT:
        return "The database was too busy to answer in time. Nothing was stored; try again."
    if state == READ_ONLY:
        return "The database takes no changes at the moment. Nothing was stored; try again."
    return "The database does not answer. Nothing was stored; try again."


class _Drain:
    def __init__(self) -> None:
        self._lock = Lock()
        self._at = -DRAIN_PAUSE

    def is_due(self) -> bool:
        """Return True at most once per DRAIN_PAUSE."""
        with self._lock:
            now = time.monotonic()
            due = now - self._at >= DRAIN_PAUSE
            self._at = now if due else self._at
            return due


_drain = _Drain()


def drain_pools() -> None:
    """Replace the connections of every pool: idle ones lead to the same demoted server, and those in use follow."""
    if _drain.is_due():
        log.error("database_read_only", effect="every connection is replaced")
        for pool in _pools().values():
            pool.drain()


def pool_stats() -> dict[str, Mapping[str, int]]:
    """Return psycopg_pool's counts by alias, as they are now; {} without pools, as on SQLite.

    pool_min, pool_max, pool_size, pool_available, requests_waiting are levels; requests_num, requests_queued,
    requests_wait_ms, requests_errors, connections_num, connections_ms, connections_errors, connections_lost count on.
    """
    return {alias: pool.get_stats() for alias, pool in _pools().items()}


def _pools() -> dict[str, Any]:
    found = {alias: getattr(connections[alias], "pool", None) for alias in connections}
    return {alias: pool for alias, pool in found.items() if pool is not None}
