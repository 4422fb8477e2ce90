"""The layer over a path that goes silent until the kernel ends the connection: the event loop goes on, it recovers."""

import asyncio
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import redis
from channels_redis.pubsub import RedisPubSubChannelLayer

from intraday.connections import redis_url
from tests.connections.users import WAITING
from tests.faults.proxy import Proxy

IMPATIENT = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 1, socket.TCP_USER_TIMEOUT: 1000}


async def test_a_silent_path_ends_the_connection_and_not_the_event_loop():
    port = urlsplit(os.environ["REDIS_URL"]).port
    assert port is not None
    with Proxy(port) as path:
        host = redis_url.read(f"redis://127.0.0.1:{path.port}").layer_host(**WAITING)
        layer = RedisPubSubChannelLayer(hosts=[host | {"socket_keepalive_options": IMPATIENT}], prefix="silent")
        channel = await layer.new_channel()
        await layer.group_add("group", channel)
        opened = path.opened
        path.swallow()
        await ended(layer)
        path.resume()
        received = asyncio.create_task(layer.receive(channel))
        async with asyncio.timeout(20):
            while not received.done():
                await send(layer)
                await asyncio.wait([received], timeout=0.2)
        assert received.result() == {"type": "note"}
        assert path.opened > opened
        await layer.flush()


async def ended(layer: Any) -> None:
    """Wait until the layer has given up the connection of its subscriptions."""
    [shard] = layer._get_layer()._shards
    async with asyncio.timeout(20):
        while shard._pubsub.connection.is_connected:
            await asyncio.sleep(0.05)


async def send(layer: Any) -> None:
    try:
        await layer.group_send("group", {"type": "note"})
    except redis.RedisError:
        return
