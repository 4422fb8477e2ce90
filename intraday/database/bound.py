"""Statements whose values go to PostgreSQL beside the text, bytes as they are.

Django writes values into the text, bytes as two hexadecimal digits each. Of figures and events, which are megabytes
in a run, writing and reading these digits took twice as long as storing what they say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


@contextmanager
def bound_values() -> Iterator[Any]:
    """Open a cursor of the default connection that does so. PostgreSQL only."""
    connection.ensure_connection()
    raw = connection.connection
    before, raw.cursor_factory = raw.cursor_factory, psycopg.Cursor
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        raw.cursor_factory = before
