"""HTTP by Django, streams of events by the application before it, `/ws` by the consumer, and the end of the hub."""

import asyncio
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

django.setup(set_prefix=False)

from intraday.background.work import drain_all  # noqa: E402
from intraday.channels import CHANNELS  # noqa: E402 - needs the apps that the line above loads
from intraday.handler import Handler  # noqa: E402
from intraday.rest.client_address import with_client_address  # noqa: E402
from realtime.hub.hub import get_hub, stop_hub  # noqa: E402
from realtime.transport.consumers import RealtimeConsumer  # noqa: E402
from realtime.transport.sse import EventStreams  # noqa: E402


async def _no_such_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.close"})


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Servers without lifespan (Daphne) start the hub with the first socket instead."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await get_hub(CHANNELS).read_clock()
        else:
            await asyncio.to_thread(drain_all)  # what it publishes is for the sockets of others
            await stop_hub()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


_routes = ProtocolTypeRouter(
    {
        "http": EventStreams(CHANNELS, Handler()),
        "websocket": URLRouter(
            [
                re_path(r"^ws$", RealtimeConsumer.as_asgi(channels=CHANNELS)),
                re_path(r"", _no_such_socket),  # type: ignore[arg-type]  # Channels routes ASGI applications
            ]
        ),
        "lifespan": lifespan,
    }
)
application = with_client_address(_routes)
