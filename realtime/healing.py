"""Keeps the rings level with the log, which decides what is true, and reads it for whoever lacks something."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from realtime import log as event_log
from realtime.live import LiveStream
from realtime.log import Page
from realtime.reads import SingleFlight, in_thread
from realtime.ring import MAX_EVENTS

if TYPE_CHECKING:
    from realtime.hub import Hub

MAX_HEAL_BYTES = 8 * 1024 * 1024


class Healing:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.healed = 0  # reads that brought something the layer had not
        self._flights = SingleFlight()

    async def heal(self, stream: LiveStream) -> None:
        """Bring the ring up to the head of the log; one read at a time per stream."""
        await self._flights.do(("heal", stream.name), lambda: self._heal(stream))

    async def _heal(self, stream: LiveStream) -> None:
        while True:
            ring, after = stream.ring, stream.ring.last
            if after is None:
                return
            page = await self.page(stream, after, MAX_EVENTS, MAX_HEAL_BYTES)
            if page is None or page.epoch != ring.epoch or page.head < after:
                await self._restart(stream)
                return
            if page.records:
                self.healed += 1
                stream.extend(page.records)
            if page.complete and page.head >= stream.known_head:
                return

    async def page(self, stream: LiveStream, after: int, max_events: int, max_bytes: int) -> Page | None:
        async def read() -> Page | None:
            return await in_thread(event_log.read, stream.name, after=after, max_events=max_events, max_bytes=max_bytes)

        return await self._flights.do(("page", stream.name, after, max_events), read)

    async def _restart(self, stream: LiveStream) -> None:
        """Another epoch, or a log that no longer reaches back: everybody gets a snapshot."""
        found = (await in_thread(event_log.heads, [stream.name])).get(stream.name)
        if found is None:
            return
        for follower in stream.restart(*found):
            self._hub.catching_up.renew(follower)

    async def check_heads(self, names: Iterable[str]) -> None:
        for name, (epoch, head) in (await in_thread(event_log.heads, list(names))).items():
            stream = self._hub.streams.get(name)
            if stream is None or stream.ring.last is None:
                continue
            if head > stream.ring.last or epoch != stream.ring.epoch:
                await self.heal(stream)
