"""What the channel layer brings: one channel of this process, in the group of each stream that somebody here follows.

The layer may lose, delay and reorder; realtime.hub.healing reads the log where it did.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from channels.layers import get_channel_layer

from realtime.eventlog.store import Appended
from realtime.hub.fanout.stream import LiveStream
from realtime.protocol.rooms import group_name

if TYPE_CHECKING:
    from realtime.hub.hub import Hub

log = structlog.get_logger(__name__)

GAP_SECONDS = 0.02  # events of one stream may overtake each other in the layer by this much
JOIN_TIMEOUT_SECONDS = 3.0
PAUSE_SECONDS = 1.0


class Receiver:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.degraded = False
        self._channel = ""
        self._joins: asyncio.Queue[str] = asyncio.Queue()

    def join_soon(self, stream: str) -> None:
        self._joins.put_nowait(stream)

    async def receive(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                self._channel = await layer.new_channel()
                for name in self._hub.streams:
                    self.join_soon(name)
                while True:
                    # Never under a timeout: cancelling receive() deletes the channel.
                    self.take(await layer.receive(self._channel))
            except Exception as error:
                self._channel = ""
                self._set_degraded(True, f"{type(error).__name__}: {error}")
                await asyncio.sleep(PAUSE_SECONDS)

    def take(self, message: Mapping[str, Any]) -> None:
        hub = self._hub
        stream = hub.streams.get(message["stream"])
        if stream is None:
            return
        if stream.ring.last is not None and message["epoch"] != stream.ring.epoch:
            hub.spawn(hub.healing.heal(stream))
        elif "body" not in message:
            stream.known_head = message["last"]
            hub.spawn(hub.healing.heal(stream))
        else:
            fields = {name: message[name] for name in ("stream", "epoch", "first", "last", "index", "body")}
            if not stream.offer(Appended(**fields).records()):
                hub.loop.call_later(GAP_SECONDS, self._heal_gap, stream)

    def _heal_gap(self, stream: LiveStream) -> None:
        if stream.gap:
            self._hub.spawn(self._hub.healing.heal(stream))

    async def join(self) -> None:
        """Groups are joined one after another and retried; no client waits for it."""
        layer = get_channel_layer()
        while True:
            name = await self._joins.get()
            if not self._channel or name not in self._hub.streams:
                continue  # every stream is queued again once there is a channel
            try:
                async with asyncio.timeout(JOIN_TIMEOUT_SECONDS):
                    await layer.group_add(group_name(name), self._channel)
                await self._hub.healing.check_heads([name])  # what was published before we were in the group
                self._set_degraded(False)
            except Exception as error:
                self._set_degraded(True, f"{type(error).__name__}: {error}")
                self._hub.loop.call_later(PAUSE_SECONDS, self.join_soon, name)

    async def leave(self, stream: str) -> None:
        try:
            async with asyncio.timeout(JOIN_TIMEOUT_SECONDS):
                await get_channel_layer().group_discard(group_name(stream), self._channel)
        except Exception as error:  # what still comes is dropped by `take`
            log.warning("group_not_left", stream=stream, error=f"{type(error).__name__}: {error}")

    def _set_degraded(self, degraded: bool, reason: str = "") -> None:
        if degraded and not self.degraded:
            log.error("layer_unreachable", error=reason, effect="reading the log once a second")
        elif self.degraded and not degraded:
            log.info("layer_reachable")
        self.degraded = degraded
