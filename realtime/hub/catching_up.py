"""Catching up: subscriptions behind the ring go on from the log, or from a snapshot."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog
from django.db import DatabaseError

from realtime.eventlog.store import Page
from realtime.hub.fanout.subscriptions import Subscription
from realtime.hub.healing import Healing
from realtime.hub.loops import Backoff
from realtime.hub.snapshots import Snapshots, resync_message
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.protocol.rooms import Room

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.05
PAGE_EVENTS = 1_000
PAGE_BYTES = 1024 * 1024


class CatchingUp:
    def __init__(
        self,
        channels: Mapping[str, ChannelSpec],
        healing: Healing,
        snapshots: Snapshots,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._channels = channels
        self._healing = healing
        self._snapshots = snapshots
        self._spawn = spawn

    def fell_behind(self, subscription: Subscription) -> None:
        """Go on without the ring, which no longer reaches back to this position."""
        self._spawn(self._catch_up(subscription, subscription.pause()))

    def resync(self, subscription: Subscription) -> None:
        """Send a fresh snapshot of all rooms, because the position means nothing any more."""
        self._spawn(self._resnapshot(subscription, subscription.pause()))

    async def _catch_up(self, subscription: Subscription, token: int) -> None:
        """Send a snapshot where it replaces every event, else a page of the log.

        After the page the subscription joins at its new position, and falls behind again when it has taken that.
        """
        stream, position, epoch = subscription.stream, subscription.position, subscription.epoch
        assert position is not None
        if subscription.outdated or self._snapshot_replaces_events(stream.name):
            await self._resnapshot(subscription, token)
            return
        try:
            page = await self._healing.page(stream.name, position, PAGE_EVENTS, PAGE_BYTES)
        except DatabaseError as error:
            log.warning("catch_up_failed", stream=stream.name, error=str(error).strip())
            await asyncio.sleep(PAUSE_SECONDS)
            page = Page(epoch, position, [], complete=False)  # it joins at its old position, and falls behind again
        if page is None or page.epoch != epoch:
            await self._resnapshot(subscription, token)
        elif subscription.is_paused(token):
            subscription.write(page.records, subscription.rooms, reduced=True)
            subscription.join(subscription.rooms, page.records[-1].seq if page.records else position, epoch)
            stream.wake()

    def _snapshot_replaces_events(self, stream: str) -> bool:
        """Return whether every event of this channel is replaced by a later one of its scope."""
        channel = self._channels[Room.parse(stream).channel]
        return channel.snapshot is not None and all(
            conflation is Conflation.LATEST_PER_SCOPE for conflation in channel.events.values()
        )

    async def _resnapshot(self, subscription: Subscription, token: int) -> None:
        stream = subscription.stream
        backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=PAUSE_SECONDS)
        while subscription.is_paused(token):
            try:
                snapshot = await self._snapshots.take(subscription, subscription.rooms, wanted=True)
                if snapshot.epoch != stream.ring.epoch:  # one of the two is older than the other
                    await self._healing.heal(stream)
                    if snapshot.epoch != stream.ring.epoch:
                        await backoff.wait()
                    continue
            except DatabaseError as error:
                log.warning("snapshot_failed", stream=stream.name, error=str(error).strip())
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if subscription.is_paused(token):
                subscription.writer.write(snapshot.message or resync_message(stream.name, snapshot))
                subscription.join(subscription.rooms, snapshot.seq, snapshot.epoch)
                stream.wake()
