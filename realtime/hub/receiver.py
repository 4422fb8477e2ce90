"""Receive from the channel layer: one channel of this process, in the group of each stream that is listened to here.

The layer may lose, delay and reorder messages; realtime.hub.healing reads the log where it did.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import structlog
from channels.layers import get_channel_layer
from django.db import DatabaseError

from realtime.eventlog.records import Appended
from realtime.hub.fanout.incoming import IncomingStream
from realtime.protocol.rooms import group_name

log = structlog.get_logger(__name__)

GAP_SECONDS = 0.02  # events of one stream may overtake each other in the layer by this much
GROUP_TIMEOUT_SECONDS = 3.0
PAUSE_SECONDS = 1.0


class Receiver:
    """Follows the table of streams: its channel is in the groups of exactly these streams, a moment later."""

    def __init__(
        self,
        streams: Mapping[str, IncomingStream],
        *,
        heal_soon: Callable[[IncomingStream], None],
        check_heads: Callable[[Iterable[str]], Awaitable[None]],
    ) -> None:
        self._streams = streams
        self._heal_soon = heal_soon
        self._check_heads = check_heads
        self.degraded = False
        self._channel = ""
        self._changed: asyncio.Queue[str] = asyncio.Queue()

    def update_soon(self, *streams: str) -> None:
        """Join or leave the groups of these streams, as the table says when their turn comes."""
        for name in streams:
            self._changed.put_nowait(name)

    # --- messages ----------------------------------------------------------------------------------------------------
    async def receive(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                self._channel = await layer.new_channel()
                self.update_soon(*self._streams)
                while True:
                    # Never under a timeout: cancelling receive() deletes the channel.
                    self.handle(await layer.receive(self._channel))
            except Exception as error:
                self._channel = ""
                self._set_degraded(True, f"{type(error).__name__}: {error}")
                await asyncio.sleep(PAUSE_SECONDS)

    def handle(self, message: Mapping[str, Any]) -> None:
        """Take a message; one that cannot be taken is our fault or its sender's, not the layer's."""
        try:
            self.take(message)
        except Exception:
            log.exception("layer_message_not_handled", keys=sorted(message), stream=message.get("stream"))

    def take(self, message: Mapping[str, Any]) -> None:
        stream = self._streams.get(message["stream"])
        if stream is None:
            return
        if stream.ring.last is not None and message["epoch"] != stream.ring.epoch:
            self._heal_soon(stream)
        elif "body" not in message:
            stream.known_head = message["last"]
            self._heal_soon(stream)
        else:
            fields = {name: message[name] for name in ("stream", "epoch", "first", "last", "index", "body")}
            if not stream.offer(Appended(**fields).records()):
                asyncio.get_running_loop().call_later(GAP_SECONDS, self._heal_gap, stream)

    def _heal_gap(self, stream: IncomingStream) -> None:
        if stream.gap:
            self._heal_soon(stream)

    # --- groups ------------------------------------------------------------------------------------------------------
    async def update_groups(self) -> None:
        """Join and leave groups one after another, and retry; no client and no other loop waits for it."""
        while True:
            names = {await self._changed.get(): None}
            while not self._changed.empty():
                names[self._changed.get_nowait()] = None
            joined = await self._update(list(names))
            await self._read_heads(joined)

    async def _update(self, names: list[str]) -> list[str]:
        """Return the streams whose groups were joined. After a failure the rest is tried again later."""
        joined = []
        for done, name in enumerate(names):
            if not self._channel:
                break  # a new channel is in no group, and every stream is queued again once there is one
            try:
                async with asyncio.timeout(GROUP_TIMEOUT_SECONDS):
                    joined += await self._join_or_leave(name)
            except Exception as error:
                self._set_degraded(True, f"{type(error).__name__}: {error}")
                asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.update_soon, *names[done:])
                break
        else:
            self._set_degraded(False)
        return joined

    async def _join_or_leave(self, name: str) -> list[str]:
        layer = get_channel_layer()
        if name in self._streams:
            await layer.group_add(group_name(name), self._channel)
            return [name]
        await layer.group_discard(group_name(name), self._channel)
        return []

    async def _read_heads(self, joined: list[str]) -> None:
        """Find events published before the groups were joined: one query for all of them."""
        try:
            await self._check_heads(joined)
        except DatabaseError as error:  # the next check of all heads makes it good
            log.warning("heads_not_read", streams=len(joined), error=str(error).strip())

    def _set_degraded(self, degraded: bool, reason: str = "") -> None:
        if degraded and not self.degraded:
            log.error("layer_unreachable", error=reason, effect="reading the log once a second")
        elif self.degraded and not degraded:
            log.info("layer_reachable")
        self.degraded = degraded
