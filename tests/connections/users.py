"""The users of the two URLs, made as the settings make them: each is asked for something that needs its server."""

import asyncio
import gc
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
from celery import Celery
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.core.cache.backends.redis import RedisCache
from django.db.utils import ConnectionHandler

from intraday.connections import postgres_url, redis_url

WAITING = {"socket_timeout": 1, "socket_connect_timeout": 1}


def ask_database(url: str) -> str:
    """Return the name of the user that is signed in, over a connection with the parameters that Django makes."""
    wrapper: Any = ConnectionHandler({"default": postgres_url.read(url)})["default"]
    with psycopg.connect(**wrapper.get_connection_params()) as connection:
        [[name]] = connection.execute("SELECT current_user").fetchall()
    return str(name)


def ask_layer(url: str) -> str:
    """Return a message that went through a group."""
    return asyncio.run(_through_layer(url, str(uuid.uuid4())))


async def _through_layer(url: str, text: str) -> str:
    layer = RedisPubSubChannelLayer(hosts=[redis_url.read(url).layer_host(**WAITING)])
    try:
        async with asyncio.timeout(20):
            channel = await layer.new_channel()
            await layer.group_add("group", channel)
            await layer.group_send("group", {"type": "note", "text": text})
            return str((await layer.receive(channel))["text"])
    finally:
        await layer.flush()
        gc.collect()  # connections that were refused close themselves while there is a loop


def ask_cache(url: str) -> str:
    """Return what was stored."""
    options = {"pool_class": "intraday.connections.redis_url.CachePool", **WAITING}
    cache = RedisCache([url], {"OPTIONS": options})
    cache.set("key", text := str(uuid.uuid4()))
    assert cache.get("key") == text
    return text


def ask_broker(url: str) -> str:
    """Return the body of a message that went through a queue of Celery's broker."""
    address, tls, options = redis_url.read(url).broker(**WAITING)
    app = Celery(broker=address, set_as_current=False)
    app.conf.update(broker_use_ssl=tls, broker_transport_options=options, broker_connection_timeout=2)
    with app.connection() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        queue = connection.SimpleQueue(f"queue-{uuid.uuid4()}")
        queue.put(text := str(uuid.uuid4()))
        message = queue.get(timeout=10)
        message.ack()
        assert message.payload == text
        return text


REDIS_USERS: dict[str, Callable[[str], str]] = {"layer": ask_layer, "cache": ask_cache, "broker": ask_broker}
