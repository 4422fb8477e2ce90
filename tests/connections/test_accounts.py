"""Passwords with every sign that needs encoding, asked for by real servers, also over a Unix socket."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.connections.users import REDIS_USERS, ask_database
from tests.faults.sentinel import PASSWORD, Guarded
from tests.services import Postgres

ENCODED = quote(PASSWORD, safe="")


class OnSocket(Guarded):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def _command(self, directory: Path) -> list[str]:
        return [*super()._command(directory), "--unixsocket", str(self.path)]


@pytest.fixture(scope="module")
def valkey() -> Iterator[OnSocket]:
    with tempfile.TemporaryDirectory(prefix="s") as directory, OnSocket(Path(directory) / "valkey.sock") as valkey:
        yield valkey


@pytest.mark.parametrize("user", REDIS_USERS)
def test_each_user_of_redis_signs_in(valkey: OnSocket, user: str):
    ask = REDIS_USERS[user]
    assert ask(f"redis://:{ENCODED}@127.0.0.1:{valkey.port}/1")
    assert ask(f"redis://default:{ENCODED}@127.0.0.1:{valkey.port}/1")
    assert ask(f"unix://:{ENCODED}@{valkey.path}?db=2")
    with pytest.raises(Exception, match=r"(?i)auth|pass"):
        ask(f"redis://127.0.0.1:{valkey.port}/1")
    with pytest.raises(Exception, match=r"(?i)auth|pass"):
        ask(f"unix://:wrong@{valkey.path}")


class Strict(Postgres):
    """Asks everybody but its superuser for a password."""

    def _prepare(self, directory: Path) -> None:
        super()._prepare(directory)
        rules = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (directory / "data/pg_hba.conf").write_text(rules)


def test_the_database_is_signed_in_to():
    with Strict() as postgres:
        with psycopg.connect(postgres.url, autocommit=True) as database:
            database.execute(f"CREATE ROLE \"an@n:\" LOGIN PASSWORD '{PASSWORD}'")
        assert ask_database(f"postgresql://an%40n%3A:{ENCODED}@127.0.0.1:{postgres.port}/postgres") == "an@n:"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask_database(f"postgresql://an%40n%3A:wrong@127.0.0.1:{postgres.port}/postgres")
