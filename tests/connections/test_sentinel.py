"""Sentinels are asked for the primary by every user of REDIS_URL, again after a failover."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest
import redis
from django.core.cache.backends.redis import RedisCache

from tests.connections.users import REDIS_USERS, WAITING
from tests.faults.sentinel import PASSWORD, SENTINEL_PASSWORD, Guarded, Sentinel, watched_pair
from tests.services import free_port, wait_until


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Guarded, Guarded, Sentinel]]:
    with watched_pair() as pair:
        yield pair


def address(sentinel: Sentinel) -> str:
    """A URL whose first sentinel is away."""
    account, own = quote(PASSWORD, safe=""), quote(SENTINEL_PASSWORD, safe="")
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}"
    return f"redis+sentinel://:{account}@{hosts}/mymaster/2?sentinel_password={own}"


def commands(server: Guarded) -> dict[str, int]:
    """Return the number of calls of each command on this server."""
    with redis.Redis.from_url(server.url) as client:
        counted = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in counted.items()}


USED = {"layer": "publish", "cache": "set", "broker": "lpush"}


def test_each_user_finds_the_primary_before_and_after_a_failover(pair: tuple[Guarded, Guarded, Sentinel]):
    primary, replica, sentinel = pair
    url = address(sentinel)
    kept = RedisCache([url], {"OPTIONS": {"pool_class": "intraday.connections.redis_url.CachePool", **WAITING}})
    for user, ask in REDIS_USERS.items():
        before = commands(primary).get(USED[user], 0)
        assert ask(url)
        assert commands(primary)[USED[user]] > before, f"{user} went elsewhere"
    kept.set("key", "before")

    primary.kill()
    assert wait_until(lambda: sentinel.primary_port() == replica.port and replica.role() == "master")

    for user, ask in REDIS_USERS.items():
        before = commands(replica).get(USED[user], 0)
        assert ask(url)
        assert commands(replica)[USED[user]] > before, f"{user} went elsewhere"
    text = str(uuid.uuid4())
    with suppress(redis.ConnectionError):  # the connection that it had, once
        kept.set("key", text)
    kept.set("key", text)
    assert kept.get("key") == text
