"""Ask whether the database can be used, and answer within a second whatever hangs.

On a connection and in a thread of its own: neither a full pool, nor a path that swallows packets, nor requests that
wait for a lock delay the answer.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
from django.db import connections

from intraday.connections import database

PATIENCE = 0.8  # seconds
STATE = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"
SILENT = "The database does not answer within a second."
READ_ONLY = "The database is read-only: a standby, or a primary that was demoted."
EXHAUSTED = "All database connections of this process are taken, and requests were refused for want of one."


class ProbeConnection(database.BoundedConnection):
    answer_seconds = 5.0  # then the next question opens another: this server may be frozen while a new one took over


class Probe:
    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        self._connection: ProbeConnection | None = None
        self._asking: Future[str] | None = None
        self._refused = 0

    def trouble(self) -> str:
        """Return what is wrong; '' if nothing is. One question is under way at a time."""
        if self._asking is None or self._asking.done():
            self._asking = self._executor.submit(self._ask)
        try:
            return self._asking.result(PATIENCE) or self._pool_trouble()
        except TimeoutError:
            return SILENT
        except (psycopg.Error, OSError) as error:
            return str(error).strip() or type(error).__name__

    def close(self) -> None:
        """Give up the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _ask(self) -> str:
        if not self._is_read_only():
            return ""
        self.close()
        database.drain_pools()
        return READ_ONLY if self._is_read_only() else ""  # with several hosts the new primary is found

    def _is_read_only(self) -> bool:
        try:
            if self._connection is None or self._connection.closed:
                parameters: dict[str, Any] = connections["default"].get_connection_params()
                self._connection = ProbeConnection.connect(**parameters, autocommit=True)
            [[read_only]] = self._connection.execute(STATE).fetchall()
            return bool(read_only)
        except BaseException:
            self.close()
            raise

    def _pool_trouble(self) -> str:
        """Say so if requests have gone without a connection since the last question, and none is free now."""
        stats = database.pool_stats().get("default", {})
        refused, self._refused = self._refused, stats.get("requests_errors", 0)
        taken = stats.get("requests_waiting", 0) and not stats.get("pool_available", 0)
        return EXHAUSTED if taken and self._refused > refused else ""


probe = Probe()
