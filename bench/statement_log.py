"""The statements that PostgreSQL ran during a block, of all its clients, from its own log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def logged(url: str, statements: list[str]) -> Iterator[None]:
    """Collect them in `statements`, by the end of the block."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row
        [log] = Path(row[0]).parent.glob("*log*")
        start = log.stat().st_size
        _log_statements(connection, "all")
        try:
            yield
        finally:
            _log_statements(connection, "none")
            lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
            statements += [line for line in lines if "LOG:  execute" in line or "LOG:  statement" in line]


def _log_statements(connection: psycopg.Connection, which: str) -> None:
    connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
    connection.execute("SELECT pg_reload_conf()")
