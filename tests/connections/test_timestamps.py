"""Timestamps of PostgreSQL: the fast way reads what psycopg reads."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DataError, connection
from hypothesis import given
from hypothesis import strategies as st

from intraday.connections.timestamps import UtcLoader

pytestmark = pytest.mark.django_db


def read(sql: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}")
        found: datetime = cursor.fetchone()[0]
    return found


def test_connections_read_timestamps_in_utc():
    assert connection.connection.adapters.get_loader(1184, 0) is UtcLoader
    assert read("'2026-01-31 12:10:00.5+05'::timestamptz") == datetime(2026, 1, 31, 7, 10, 0, 500_000, tzinfo=UTC)
    assert read("now()").tzinfo is UTC


@given(instant=st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read(instant: datetime):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [instant])
        assert cursor.fetchone()[0] == instant


def test_a_session_in_another_time_zone_reads_the_same_instant():
    read("set_config('TimeZone', 'Asia/Kolkata', true)")
    found = read("'2026-01-31 12:10:00+00'::timestamptz")
    assert (found, found.utcoffset()) == (datetime(2026, 1, 31, 12, 10, tzinfo=UTC), timedelta())
    assert found.astimezone(timezone(timedelta(hours=5, minutes=30))).hour == 17


@pytest.mark.parametrize("value", ["infinity", "0044-03-15 BC"])
def test_times_that_python_does_not_know_are_an_error_as_before(value: str):
    with pytest.raises(DataError):
        read(f"'{value}'::timestamptz")
