"""Errors that end a connection, and errors that do not; the counts of the pools."""

import os
import time

import psycopg
import pytest
from psycopg import errors

from intraday.connections.database import BoundedConnection, bounded_by, pool_stats


class Impatient(BoundedConnection):
    answer_seconds = 0.5


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        (["SELECT pg_sleep(60)"], errors.OperationalError),  # no answer in time
        (["SET default_transaction_read_only = on", "CREATE TABLE no (id int)"], errors.ReadOnlySqlTransaction),
        (["SELECT pg_terminate_backend(pg_backend_pid())"], errors.AdminShutdown),
        (
            ["SET idle_in_transaction_session_timeout = 1", "BEGIN"],
            # the second where the server has closed before it could be asked why
            (errors.IdleInTransactionSessionTimeout, errors.OperationalError),
        ),
    ],
)
def test_a_connection_that_is_of_no_more_use_is_closed(
    statements: list[str], error: type[psycopg.Error] | tuple[type[psycopg.Error], ...]
):
    connection = Impatient.connect(os.environ["DATABASE_URL"], autocommit=True)
    with pytest.raises(error):
        for statement in statements:
            connection.execute(statement)
        while True:  # the server ends an idle transaction a moment later
            time.sleep(0.01)
            connection.execute("SELECT 1")
    assert connection.closed


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        (["SET statement_timeout = 50", "SELECT pg_sleep(60)"], errors.QueryCanceled),
        (["SELECT * FROM no_such_table"], errors.UndefinedTable),
    ],
)
def test_a_connection_that_is_well_stays(statements: list[str], error: type[psycopg.Error]):
    with Impatient.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        with pytest.raises(error):
            for statement in statements:
                connection.execute(statement)
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_process_waits_longer_than_its_server_or_for_ever():
    assert bounded_by(20).answer_seconds == 25
    assert bounded_by(0).answer_seconds is None


def test_the_counts_of_every_pool_are_there_for_metrics(db: None):
    stats = pool_stats()
    assert stats.keys() == {"default", "snapshot"}
    assert stats["default"]["pool_max"] == 10
    assert stats["default"]["pool_size"] >= 1
