"""Connections that the ring no longer helps: they go on from the log, or from a snapshot."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError

from realtime.eventlog.store import Page
from realtime.hub.fanout.subscriptions import Follower
from realtime.hub.snapshots import resync
from realtime.protocol.channel_spec import Keyed
from realtime.protocol.rooms import Room

if TYPE_CHECKING:
    from realtime.hub.hub import Hub

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
PAGE_EVENTS = 1_000
PAGE_BYTES = 1024 * 1024


class CatchingUp:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    def left_behind(self, follower: Follower) -> None:
        self._hub.spawn(self._catch_up(follower, follower.take_hold()))

    async def _catch_up(self, follower: Follower, hold: int) -> None:
        """The ring no longer reaches back to it: a snapshot where that says it all, else a page of the log.

        After the page it joins where it then stands, and is left behind again when it has taken that.
        """
        stream, position, epoch = follower.stream, follower.position, follower.epoch
        assert position is not None
        if follower.outdated or self._state_says_all(stream.name):
            await self._resnapshot(follower, hold)
            return
        try:
            page = await self._hub.healing.page(stream, position, PAGE_EVENTS, PAGE_BYTES)
        except DatabaseError as error:
            log.warning("catch_up_failed", stream=stream.name, error=str(error).strip())
            await asyncio.sleep(PAUSE_SECONDS)
            page = Page(epoch, position, [], complete=False)  # it joins where it was, and is left behind again
        if page is None or page.epoch != epoch:
            await self._resnapshot(follower, hold)
        elif follower.still(hold):
            follower.write(page.records, follower.rooms, reduced=True)
            follower.join(follower.rooms, page.records[-1].seq if page.records else position, epoch)
            stream.wake()

    def _state_says_all(self, stream: str) -> bool:
        """No event of this channel counts once a later one of its scope is there."""
        channel = self._hub.channels[Room.parse(stream).channel]
        return channel.snapshot is not None and all(keyed is Keyed.BY_SCOPE for keyed in channel.events.values())

    def renew(self, follower: Follower) -> None:
        """Its position means nothing any more: a fresh snapshot of all its rooms."""
        self._hub.spawn(self._resnapshot(follower, follower.take_hold()))

    async def _resnapshot(self, follower: Follower, hold: int) -> None:
        while follower.still(hold):
            try:
                taken = await self._hub.snapshots.take(follower, follower.rooms, wanted=True)
                if taken.epoch != follower.stream.ring.epoch:  # one of the two is older than the other
                    await self._hub.healing.heal(follower.stream)
                    continue
            except DatabaseError as error:
                log.warning("snapshot_failed", stream=follower.stream.name, error=str(error).strip())
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if follower.still(hold):
                follower.writer.write(taken.message or resync(follower.stream.name, taken))
                follower.join(follower.rooms, taken.seq, taken.epoch)
                follower.stream.wake()
