"""Connections that the ring no longer helps: the log if little is missing, else a snapshot."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError

from realtime.live import Follower
from realtime.protocol import Position
from realtime.snapshots import resync

if TYPE_CHECKING:
    from realtime.hub import Hub

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0


class CatchingUp:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    def left_behind(self, follower: Follower) -> None:
        self._hub.spawn(self._catch_up(follower, follower.take_hold()))

    async def _catch_up(self, follower: Follower, hold: int) -> None:
        """The ring no longer reaches back to it: read the log if little is missing, else send a snapshot."""
        stream, position, epoch = follower.stream, follower.position, follower.epoch
        assert position is not None
        try:
            missed = await self._hub.subscribing.missed(stream, Position(epoch, position))
        except DatabaseError as error:
            log.warning("catch_up_failed", stream=stream.name, error=str(error).strip())
            await asyncio.sleep(PAUSE_SECONDS)
            missed = []  # joins where it was, and is left behind again
        if missed is None or follower.outdated:
            await self._resnapshot(follower, hold)
        elif follower.still(hold):
            follower.write(missed, follower.rooms, replayed=False)
            follower.join(follower.rooms, missed[-1].seq if missed else position, epoch)
            stream.wake()

    def renew(self, follower: Follower) -> None:
        """Its position means nothing any more: a fresh snapshot of all its rooms."""
        self._hub.spawn(self._resnapshot(follower, follower.take_hold()))

    async def _resnapshot(self, follower: Follower, hold: int) -> None:
        while follower.still(hold):
            try:
                taken = await self._hub.subscribing.snapshot(follower, follower.rooms, wanted=True)
                if taken.epoch != follower.stream.ring.epoch:  # one of the two is older than the other
                    await self._hub.healing.heal(follower.stream)
                    continue
            except DatabaseError as error:
                log.warning("snapshot_failed", stream=follower.stream.name, error=str(error).strip())
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if follower.still(hold):
                follower.connection.writer.send(taken.text or resync(follower.stream.name, taken))
                follower.join(follower.rooms, taken.seq, taken.epoch)
                follower.stream.wake()
