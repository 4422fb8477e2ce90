"""Certificates are verified by every user of a URL: the right authority connects, all else is refused."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.connections.users import REDIS_USERS, ask_database
from tests.faults.authority import Authority
from tests.faults.tls_proxy import TlsProxy


@dataclass
class Ports:
    """Ports of servers with a certificate for 127.0.0.1, and with one for another host."""

    right: int
    other_host: int


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    directory = tmp_path_factory.mktemp("tls")
    return Authority(directory, "ours"), Authority(directory, "theirs")


def port_of(variable: str) -> int:
    port = urlsplit(os.environ[variable]).port
    assert port is not None
    return port


@pytest.fixture(scope="module")
def postgres(authorities: tuple[Authority, Authority]) -> Iterator[Ports]:
    yield from behind(authorities[0], port_of("DATABASE_URL"), postgres=True)


@pytest.fixture(scope="module")
def valkey(authorities: tuple[Authority, Authority]) -> Iterator[Ports]:
    yield from behind(authorities[0], port_of("REDIS_URL"))


def behind(authority: Authority, port: int, *, postgres: bool = False) -> Iterator[Ports]:
    right, other = authority.certificate("127.0.0.1"), authority.certificate("other.example")
    with TlsProxy(port, right, postgres=postgres) as a, TlsProxy(port, other, postgres=postgres) as b:
        yield Ports(a.port, b.port)


def database(port: int, mode: str, authority: Path | str = "") -> str:
    root = f"&sslrootcert={authority}" if authority else ""
    return f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode={mode}{root}"


def test_the_database_is_verified(postgres: Ports, authorities: tuple[Authority, Authority]):
    ours, theirs = (authority.file for authority in authorities)
    assert ask_database(database(postgres.right, "verify-full", ours)) == "postgres"
    assert ask_database(database(postgres.other_host, "verify-ca", ours)) == "postgres"
    for url, reason in {
        database(postgres.right, "verify-full", theirs): "certificate verify failed",
        database(postgres.right, "verify-full", "system"): "certificate verify failed",
        database(postgres.other_host, "verify-full", ours): "does not match host name",
        database(port_of("DATABASE_URL"), "verify-full", ours): "server does not support SSL",
    }.items():
        with pytest.raises(Exception, match=reason):
            ask_database(url)


def test_plaintext_is_refused_where_the_server_wants_tls(postgres: Ports):
    with pytest.raises(Exception, match="closed the connection"):
        ask_database(database(postgres.right, "disable"))


REFUSED = {
    "another authority": "rediss://127.0.0.1:{right}/0?ssl_ca_certs={theirs}",
    "an unknown authority": "rediss://127.0.0.1:{right}/0",
    "another host": "rediss://127.0.0.1:{other_host}/0?ssl_ca_certs={ours}",
    "a server without TLS": "rediss://127.0.0.1:{plain}/0?ssl_ca_certs={ours}",
    "plaintext to a server with TLS": "redis://127.0.0.1:{right}/0",
}


@pytest.mark.parametrize("user", REDIS_USERS)
def test_redis_is_verified_by_each_user(valkey: Ports, authorities: tuple[Authority, Authority], user: str):
    ours, theirs = (authority.file for authority in authorities)
    ask = REDIS_USERS[user]
    assert ask(f"rediss://127.0.0.1:{valkey.right}/0?ssl_ca_certs={ours}")
    assert ask(f"rediss://127.0.0.1:{valkey.other_host}/0?ssl_ca_certs={ours}&ssl_check_hostname=false")
    assert ask(f"rediss://127.0.0.1:{valkey.other_host}/0?ssl_cert_reqs=none")
    places = {"right": valkey.right, "other_host": valkey.other_host, "plain": port_of("REDIS_URL")}
    for case, url in REFUSED.items():
        with pytest.raises(Exception, match=r"(?i)connect|ssl|timeout|closed|reading"):
            ask(url.format(**places, ours=ours, theirs=theirs))
            pytest.fail(f"{user} connected to {case}")
