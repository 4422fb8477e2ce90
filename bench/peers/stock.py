"""The stock Channels consumer: a group, a handler per event, JSON per recipient, the layer's own dispatch.

python -m daphne -p PORT bench.peers.stock:application
python -m bench.peers.stock        publishes as told on standard input
"""

import asyncio
import os
import sys
import time
from typing import Any

import django
from django.conf import settings

from bench.pace import Command, answer, read_command, ticks

if not settings.configured:
    settings.configure(
        SECRET_KEY="bench",
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
            }
        },
    )
    django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer

GROUP = "custom"


class StockConsumer(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.send_json({"event": "subscribed", "data": content["data"]})

    async def disconnect(self, _code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def broadcast(self, message: dict[str, Any]) -> None:
        await self.send_json(message["payload"])


application = StockConsumer.as_asgi()


async def publish(command: Command) -> None:
    layer = get_channel_layer()
    published = 0
    for wait, numbers in ticks(command):
        await asyncio.sleep(wait)
        for number in numbers:
            data = {"stamp": time.time_ns(), "n": number, **command.body}
            await layer.group_send(GROUP, {"type": "broadcast", "payload": {"event": "bench:event", "data": data}})
            published += 1
    answer(published=published)


async def obey() -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        await publish(read_command(line))


if __name__ == "__main__":
    asyncio.run(obey())
