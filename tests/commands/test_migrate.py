"""Migrations under traffic: what waits for a lock that a process at work holds begins again."""

from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from intraday.management.commands import migrate
from tests.live import test_database

pytestmark = pytest.mark.django_db(transaction=True)
APP, FIRST, NEXT = "jobs", "0002", "0003"


class Ears(StringIO):
    """End the transaction of the other process once the command says that it waits for it."""

    def __init__(self, other: psycopg.Connection[tuple[object, ...]], *, helpful: bool = True) -> None:
        super().__init__()
        self.other, self.helpful = other, helpful

    def write(self, text: str) -> int:
        if self.helpful:
            self.other.rollback()
        return super().write(text)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch):
    """A process at work, which reads a table that a migration alters."""
    monkeypatch.setattr(migrate, "PAUSES", (0.0, 0.0))
    call_command("migrate", APP, FIRST, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        with psycopg.connect(test_database()["DATABASE_URL"]) as other:
            other.execute("SELECT * FROM jobs_lease")
            yield other
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        call_command("migrate", APP, verbosity=0)


def applied() -> bool:
    names = {name for app, name in MigrationRecorder(connection).applied_migrations() if app == APP}
    return any(name.startswith(NEXT) for name in names)


def test_a_migration_that_found_a_lock_begins_again(other: psycopg.Connection[tuple[object, ...]]):
    heard = Ears(other)
    call_command("migrate", APP, verbosity=0, stderr=heard)
    assert heard.getvalue() == "A process at work holds a lock (lock timeout); the migration begins again in 0 s.\n"
    assert applied()


def test_it_gives_up_with_the_reason_where_the_lock_stays(other: psycopg.Connection[tuple[object, ...]]):
    heard = Ears(other, helpful=False)
    with pytest.raises(OperationalError, match="lock timeout"):
        call_command("migrate", APP, verbosity=0, stderr=heard)
    assert len(heard.getvalue().splitlines()) == 2
    assert not applied()
