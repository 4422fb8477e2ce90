"""REDIS_URL: what it means to the layer, the cache and the broker, and what is said of one that cannot be read."""

from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import Connection
from redis.sentinel import SentinelConnectionPool

from intraday.connections import UrlError, redis_url
from intraday.connections.layer import SSLConnection, WatchedSSLConnection

DIFFICULT = "p@:/?#%"
ENCODED = "p%40%3A%2F%3F%23%25"
VERIFIED = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}

MEANINGS: dict[str, dict[str, Any]] = {
    "redis://cache.example": {"hosts": (("cache.example", 6379),)},
    "redis://cache.example:6380/3": {"hosts": (("cache.example", 6380),), "db": 3},
    "redis://:secret@cache": {"hosts": (("cache", 6379),), "password": "secret"},
    "redis://secret@cache": {"hosts": (("cache", 6379),), "username": "secret"},
    f"redis://an%3An:{ENCODED}@[::1]:7/1": {
        "hosts": (("::1", 7),),
        "username": "an:n",
        "password": DIFFICULT,
        "db": 1,
    },
    "rediss://cache/0": {"hosts": (("cache", 6379),), "tls": VERIFIED},
    "rediss://cache/0?ssl_cert_reqs=none": {
        "hosts": (("cache", 6379),),
        "tls": {"ssl_cert_reqs": "none", "ssl_check_hostname": False},
    },
    "rediss://cache?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=false": {
        "hosts": (("cache", 6379),),
        "tls": {"ssl_cert_reqs": "required", "ssl_check_hostname": False},
    },
    "unix:///run/valkey.sock": {"path": "/run/valkey.sock"},
    f"unix://:{ENCODED}@/run/valkey.sock?db=2": {"path": "/run/valkey.sock", "password": DIFFICULT, "db": 2},
    f"redis+sentinel://:{ENCODED}@a:1,b/mymaster/4": {
        "hosts": (("a", 1), ("b", 26379)),
        "password": DIFFICULT,
        "db": 4,
        "master": "mymaster",
    },
    "rediss+sentinel://a/main?sentinel_password=s&sentinel_username=u": {
        "hosts": (("a", 26379),),
        "master": "main",
        "tls": VERIFIED,
        "sentinel": {"password": "s", "username": "u"},
    },
}


@pytest.mark.parametrize(("url", "meaning"), MEANINGS.items())
def test_the_meaning_of_a_url(url: str, meaning: dict[str, Any]):
    assert redis_url.read(url) == redis_url.RedisUrl(**meaning)


WRONG = {
    "redis+cluster://a,b": "Redis Cluster is not supported",
    "rediss+cluster://a": "Redis Cluster is not supported",
    "sentinel://a": "must begin with one of redis://",
    "http://a": "must begin with one of redis://",
    "cache:6379": "must begin with one of redis://",
    "redis://a,b/0": "several hosts are those of sentinels",
    "redis+sentinel://a": "the name of the primary is missing",
    "redis+sentinel://a/main/x": "the database must be a number",
    "redis://a/cache": "the database must be a number",
    "redis://a:port": "the port must be a number",
    "redis://": "names no host",
    "redis://ann:sec/ret@a": "Percent-encode",
    "redis://ann:sec#ret@a": "Percent-encode",
    "redis://ann:sec?ret@a": "Percent-encode",
    "redis://a?ssl_ca_certs=/ca.pem": "needs TLS",
    "redis://a?socket_timeout=1": "there is no parameter 'socket_timeout'",
    "rediss://a?ssl_verify=1": "there is no parameter 'ssl_verify'",
    "rediss://a?ssl_ca_certs=/nowhere.pem": "/nowhere.pem, which is no file",
    "rediss://a?ssl_cert_reqs=maybe": "ssl_cert_reqs must be one of",
    "rediss://a?ssl_check_hostname=maybe": "ssl_check_hostname must be one of",
    "redis://a?sentinel_password=x": "there is no parameter 'sentinel_password'",
    "unix://host/run/valkey.sock": "an absolute path",
    "unix://": "an absolute path",
}


@pytest.mark.parametrize(("url", "reason"), WRONG.items())
def test_a_wrong_url_is_refused_with_its_reason_and_without_its_password(url: str, reason: str):
    with pytest.raises(UrlError) as refusal:
        redis_url.read(url)
    assert reason in str(refusal.value)
    assert "ret" not in str(refusal.value)


VERIFYING = {
    "redis://a": True,
    "rediss://a": True,
    "rediss+sentinel://a/main": True,
    "rediss://a?ssl_cert_reqs=none": False,
    "rediss://a?ssl_check_hostname=false": False,
}


@pytest.mark.parametrize(("url", "verifies"), VERIFYING.items())
def test_tls_verifies_unless_the_url_says_otherwise(url: str, verifies: bool):
    assert redis_url.read(url).verifies is verifies


def test_certificates_mean_the_same_to_all_three(tmp_path: Path):
    (authority := tmp_path / "ca.pem").touch()
    url = redis_url.read(f"rediss://cache?ssl_ca_certs={authority}")
    tls = {"ssl_ca_certs": str(authority), **VERIFIED}
    layer, pool, broker = url.layer_host(), url.pool(), url.broker()
    assert {name: layer[name] for name in tls} == tls
    assert {name: pool.connection_kwargs[name] for name in tls} == tls
    assert broker.tls == tls
    assert (layer["connection_class"], pool.connection_class) == (SSLConnection, redis.SSLConnection)


def test_the_broker_reads_its_password_as_it_was_meant():
    for account, password in ((f"ann:{ENCODED}@", DIFFICULT), (f":{ENCODED}@", DIFFICULT), ("", None)):
        broker = redis_url.read(f"redis://{account}cache:7/5").broker()
        connection = Connection(broker.url)
        assert (connection.hostname, connection.port, connection.virtual_host) == ("cache", 7, "5")
        assert (connection.password, connection.userid) == (password, "ann" if account.startswith("ann") else None)


def test_sentinels_are_known_to_all_three():
    url = redis_url.read("redis+sentinel://:w@a:1,b:2/main/4?sentinel_password=s")
    layer, pool, broker = url.layer_host(socket_timeout=1), url.pool(socket_timeout=1), url.broker(socket_timeout=1)
    assert (layer["master_name"], layer["sentinels"], layer["db"]) == ("main", [("a", 1), ("b", 2)], 4)
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == broker.options["master_name"] == "main"
    assert broker.url == "sentinel://:w@a:1/4;sentinel://:w@b:2/4"
    for arguments in (
        layer["sentinel_kwargs"],
        pool.sentinel_manager.sentinel_kwargs,
        broker.options["sentinel_kwargs"],
    ):
        assert (arguments["password"], arguments["socket_timeout"]) == ("s", 1)


def test_tls_goes_to_the_sentinels_and_to_the_primary():
    url = redis_url.read("rediss+sentinel://a:1/main")
    layer, pool, broker = url.layer_host(), url.pool(), url.broker()
    assert layer["connection_class"] is WatchedSSLConnection
    assert {name: layer[name] for name in VERIFIED} == VERIFIED
    for arguments in (layer["sentinel_kwargs"], pool.sentinel_manager.sentinel_kwargs):
        assert {name: arguments[name] for name in ("ssl", *VERIFIED)} == {"ssl": True, **VERIFIED}
    assert issubclass(pool.connection_class, redis.SSLConnection)
    assert broker.url == "sentinel://a:1/0"
    assert broker.tls == VERIFIED
    assert broker.options["sentinel_kwargs"]["ssl"] is True
