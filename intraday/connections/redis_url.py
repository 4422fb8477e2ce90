"""REDIS_URL, read once for its three users: the channel layer, the cache and Celery's broker.

redis://user:password@host:6379/0                                  rediss:// with TLS
unix://user:password@/run/valkey.sock?db=0
redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0  rediss+sentinel:// with TLS
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

import redis
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from intraday.connections import ENCODE, UrlError, layer

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
TLS = {*TLS_FILES, "ssl_cert_reqs", "ssl_check_hostname"}
SENTINEL = {"sentinel_username", "sentinel_password"}
CERT_REQS = {"required": "required", "none": "none", "CERT_REQUIRED": "required", "CERT_NONE": "none"}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

# A path that swallows packets is noticed within ten seconds, on an idle connection too.
KEEPALIVE = {
    getattr(socket, name): value
    for name, value in {"TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}.items()
    if hasattr(socket, name)
}


class Broker(NamedTuple):
    """The broker's settings for Celery: a URL in kombu's spelling, `broker_use_ssl`, and options of the transport."""

    url: str
    tls: dict[str, Any] | None
    options: dict[str, Any]


@dataclass(frozen=True)
class RedisUrl:
    hosts: tuple[tuple[str, int], ...] = ()
    """Hosts of the server, or of the sentinels."""
    path: str = ""
    """Path of a Unix socket."""
    username: str | None = None
    password: str | None = None
    db: int = 0
    tls: dict[str, Any] | None = None
    """Arguments of redis-py's SSLConnection; None: no TLS."""
    master: str = ""
    """The name of the primary that sentinels watch; '' without sentinels."""
    sentinel: dict[str, str] = field(default_factory=dict)
    """Credentials of the sentinels themselves."""

    @property
    def verifies(self) -> bool:
        """Return whether nobody can intercept: no TLS, which promises nothing, or TLS with verified certificates."""
        return self.tls is None or (self.tls["ssl_cert_reqs"] == "required" and self.tls["ssl_check_hostname"])

    def layer_host(self, **waiting: Any) -> dict[str, Any]:
        """Return an entry of `hosts` of channels_redis. `waiting` are timeouts of redis-py."""
        common = self._login | self._network(waiting)
        if self.path:
            return common | {"connection_class": aioredis.UnixDomainSocketConnection, "path": self.path}
        if self.master:
            sentinels = self._sentinel_arguments(waiting, AsyncRetry(NoBackoff(), 0))
            watched = {"master_name": self.master, "sentinels": list(self.hosts), "sentinel_kwargs": sentinels}
            kind: type = layer.WatchedConnection if self.tls is None else layer.WatchedSSLConnection
            return common | watched | (self.tls or {}) | {"connection_class": kind}
        return common | self._place(layer.Connection, layer.SSLConnection)

    def pool(self, **options: Any) -> redis.ConnectionPool:
        """Return a pool of redis-py."""
        common = self._login | self._network(options)
        if self.path:
            return redis.ConnectionPool(redis.UnixDomainSocketConnection, path=self.path, **common)
        if self.master:
            sentinels = self._sentinel_arguments(options, Retry(NoBackoff(), 0))
            manager = Sentinel(self.hosts, sentinel_kwargs=sentinels)  # type: ignore[no-untyped-call]
            return SentinelConnectionPool(self.master, manager, **common, **self._ssl)  # type: ignore[no-untyped-call]
        return redis.ConnectionPool(**common, **self._place(redis.Connection, redis.SSLConnection))

    def broker(self, **waiting: Any) -> Broker:
        """Return what Celery needs. `waiting` are options of kombu's transport."""
        if self.path:
            return Broker(f"redis+socket://{self._account}{self.path}?virtual_host={self.db}", None, waiting)
        scheme = "sentinel" if self.master else "redis" if self.tls is None else "rediss"
        servers = [f"{scheme}://{self._account}{_bracketed(host)}:{port}/{self.db}" for host, port in self.hosts]
        options = self._network(waiting)
        if self.master:
            sentinels = self._sentinel_arguments(waiting, Retry(NoBackoff(), 0))
            options |= {"master_name": self.master, "sentinel_kwargs": sentinels}
        return Broker(";".join(servers), self.tls, options)

    @property
    def _login(self) -> dict[str, Any]:
        return {"username": self.username, "password": self.password, "db": self.db}

    @property
    def _account(self) -> str:
        if not self.username and not self.password:
            return ""
        return f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@"

    @property
    def _ssl(self) -> dict[str, Any]:
        return {} if self.tls is None else {"ssl": True, **self.tls}

    def _place(self, plain: type, encrypted: type) -> dict[str, Any]:
        [(host, port)] = self.hosts
        kind = plain if self.tls is None else encrypted
        return {"host": host, "port": port, "connection_class": kind, **(self.tls or {})}

    def _network(self, options: Mapping[str, Any]) -> dict[str, Any]:
        if self.path:
            return {name: value for name, value in options.items() if name != "socket_connect_timeout"}
        return {**options, "socket_keepalive": True, "socket_keepalive_options": KEEPALIVE}

    def _sentinel_arguments(self, options: Mapping[str, Any], retry: object) -> dict[str, Any]:
        """Return arguments for the clients of the sentinels. The next sentinel is asked rather than the same again."""
        waiting = {name: value for name, value in options.items() if name.startswith("socket_")}
        return {**self._network(waiting), **self.sentinel, **self._ssl, "retry": retry}


def read(url: str) -> RedisUrl:
    """Read a URL of one of the SCHEMES. Raises UrlError."""
    scheme, separator, rest = url.partition("://")
    if scheme.endswith("+cluster"):
        raise UrlError("REDIS_URL: Redis Cluster is not supported. Name one server, or sentinels (redis+sentinel://).")
    if not separator or scheme not in SCHEMES:
        raise UrlError(f"REDIS_URL must begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
    rest, _, query = rest.partition("?")
    if "#" in url or "@" in query:  # the rest of a password
        raise UrlError(f"REDIS_URL cannot be read. {ENCODE}")
    authority, slash, path = rest.partition("/")
    account, _, hosts = authority.rpartition("@")
    username, _, password = account.partition(":")
    fields: dict[str, Any] = {"username": unquote(username) or None, "password": unquote(password) or None}
    parameters = _parameters(query, scheme)
    if scheme == "unix":
        return RedisUrl(**fields, **_socket(hosts, slash + path, parameters))
    sentinel = {name.removeprefix("sentinel_"): parameters[name] for name in SENTINEL if name in parameters}
    tls = _tls(parameters) if scheme.startswith("rediss") else None
    place = _watched(path) if scheme.endswith("+sentinel") else {"db": _number(path or "0", "database")}
    return RedisUrl(**fields, hosts=_hosts(hosts, scheme), tls=tls, sentinel=sentinel, **place)


def _parameters(query: str, scheme: str) -> dict[str, str]:
    known: set[str] = {"db"} if scheme == "unix" else set()
    known |= TLS if scheme.startswith("rediss") else set()
    known |= SENTINEL if scheme.endswith("+sentinel") else set()
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    for name in parameters:
        if name in TLS and name not in known:
            raise UrlError(f"REDIS_URL: {name} needs TLS, hence a scheme that begins with rediss.")
        if name not in known:
            allowed = f"{scheme}:// knows {', '.join(sorted(known)) or 'none'}"
            raise UrlError(f"REDIS_URL: there is no parameter {name!r} here; {allowed}.")
    return parameters


def _socket(hosts: str, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    if hosts or len(path) < 2:
        raise UrlError("REDIS_URL: a Unix socket is an absolute path, such as unix:///run/valkey.sock?db=0.")
    return {"path": unquote(path), "db": _number(parameters.get("db", "0"), "database")}


def _tls(parameters: Mapping[str, str]) -> dict[str, Any]:
    files = {name: parameters[name] for name in TLS_FILES if name in parameters}
    for name, path in files.items():
        if not Path(path).is_file():
            raise UrlError(f"REDIS_URL: {name} names {path}, which is no file here.")
    required = _choice(parameters, "ssl_cert_reqs", CERT_REQS, default="required")
    hostname = _choice(parameters, "ssl_check_hostname", BOOLEANS, default="true")
    return files | {"ssl_cert_reqs": required, "ssl_check_hostname": hostname and required == "required"}


def _choice(parameters: Mapping[str, str], name: str, choices: Mapping[str, Any], *, default: str) -> Any:
    value = parameters.get(name, default)
    if value not in choices:
        raise UrlError(f"REDIS_URL: {name} must be one of {', '.join(choices)}.")
    return choices[value]


def _watched(path: str) -> dict[str, Any]:
    master, _, db = path.partition("/")
    if not master:
        raise UrlError("REDIS_URL: the name of the primary is missing, as in redis+sentinel://host:26379/mymaster/0.")
    return {"master": unquote(master), "db": _number(db or "0", "database")}


def _hosts(text: str, scheme: str) -> tuple[tuple[str, int], ...]:
    watched = scheme.endswith("+sentinel")
    names = text.split(",")
    if len(names) > 1 and not watched:
        raise UrlError("REDIS_URL: several hosts are those of sentinels (redis+sentinel://).")
    return tuple(_host(name, 26379 if watched else 6379) for name in names)


def _host(text: str, default: int) -> tuple[str, int]:
    bracket, end, port = text.rpartition("]")
    name, colon, number = (f"{bracket}{end}", port[:1], port[1:]) if end else text.partition(":")
    if not name or (port and end and colon != ":"):
        raise UrlError(f"REDIS_URL names no host. {ENCODE}")
    return unquote(name.strip("[]")), _number(number, "port") if colon else default


def _number(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise UrlError(f"REDIS_URL: the {what} must be a number. {ENCODE}")
    return int(text)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host)


class CachePool:
    """Django's cache makes its pools by `pool_class.from_url(location, **options)`: this one knows our URLs."""

    @staticmethod
    def from_url(url: str, **options: Any) -> redis.ConnectionPool:
        return read(url).pool(**options)
