"""A Valkey with a replica, watched by a sentinel, all of them with passwords that need encoding in a URL."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import redis

from tests.services import Valkey, wait_until

PASSWORD = "p@:/?#%"
SENTINEL_PASSWORD = "s@:/?#%"
CONFIG = f"""
sentinel monitor mymaster 127.0.0.1 {{port}} 1
sentinel auth-pass mymaster "{PASSWORD}"
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 1000
requirepass "{SENTINEL_PASSWORD}"
"""


class Guarded(Valkey):
    """A Valkey with a password; a replica of `primary` if there is one."""

    password: ClassVar[str] = PASSWORD

    def __init__(self, primary: Valkey | None = None) -> None:
        super().__init__()
        self._primary = primary

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    def _command(self, directory: Path) -> list[str]:
        own = ["--requirepass", self.password, "--masterauth", self.password, "--repl-diskless-sync-delay", "0"]
        follow = [] if self._primary is None else ["--replicaof", "127.0.0.1", str(self._primary.port)]
        return [*super()._command(directory), *own, *follow]

    def role(self) -> str:
        with redis.Redis.from_url(self.url) as client:
            return str(client.role()[0].decode())

    def is_followed(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            replicas = client.info("replication")
            return replicas["connected_slaves"] == 1 and replicas["slave0"]["state"] == "online"


class Sentinel(Guarded):
    password: ClassVar[str] = SENTINEL_PASSWORD

    def __init__(self, watched: Guarded) -> None:
        super().__init__()
        self._watched = watched

    def _prepare(self, directory: Path) -> None:
        (directory / "sentinel.conf").write_text(CONFIG.format(port=self._watched.port))

    def _command(self, directory: Path) -> list[str]:
        server, *_ = super()._command(directory)
        return [server, str(directory / "sentinel.conf"), "--sentinel", "--port", str(self.port), "--bind", "127.0.0.1"]

    def primary_port(self) -> int:
        """Return the port of the primary if it is well."""
        with redis.Redis(port=self.port, password=self.password) as client:
            state = client.sentinel_masters()["mymaster"]
        return int(state["port"]) if state["flags"] == "master" else 0

    def knows_replica(self) -> bool:
        with redis.Redis(port=self.port, password=self.password) as client:
            return len(client.sentinel_slaves("mymaster")) == 1


@contextlib.contextmanager
def watched_pair() -> Iterator[tuple[Guarded, Guarded, Sentinel]]:
    """A primary, its replica and their sentinel, ready for a failover."""
    with Guarded() as primary, Guarded(primary) as replica, Sentinel(primary) as sentinel:
        assert wait_until(primary.is_followed)
        assert wait_until(sentinel.knows_replica)
        yield primary, replica, sentinel
