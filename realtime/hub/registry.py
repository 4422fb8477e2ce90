"""The streams that are listened to here, and the subscriptions of connections to them."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from intraday.rest.limits.post_turns import note_delivery
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.fanout.subscriptions import Subscription
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.protocol.rooms import Room

LINGER_SECONDS = 30.0  # a stream without listeners is kept this long


class Registry:
    def __init__(
        self,
        streams: dict[str, LiveStream],
        channels: Mapping[str, ChannelSpec],
        *,
        fell_behind: Callable[[Subscription], None],
        resync: Callable[[Subscription], None],
        update_group: Callable[[str], None],
        keep_deliveries: Callable[[IncomingStream], None],
    ) -> None:
        self._streams = streams
        self._channels = channels
        self._fell_behind = fell_behind
        self._resync = resync
        self._update_group = update_group
        self._keep_deliveries = keep_deliveries

    def subscribe(self, connection: Connection, name: str) -> Subscription:
        """Return the connection's subscription to a stream, paused until its start is known."""
        subscription = connection.subscriptions.get(name)
        if subscription is None:
            stream = self._open(name)
            subscription = connection.subscriptions[name] = Subscription(connection, stream)
            stream.subscriber_count += 1
            stream.idle_since = None
        subscription.pause()
        return subscription

    def _open(self, name: str) -> LiveStream:
        if name not in self._streams:
            charge = partial(note_delivery, Room.parse(name).organization)
            self._streams[name] = LiveStream(
                name, self._fell_behind, self._conflatable(name), self._channel(name).redactions, charge
            )
            self._update_group(name)
        return self._streams[name]

    def _channel(self, stream: str) -> ChannelSpec:
        return self._channels[Room.parse(stream).channel]

    def _conflatable(self, stream: str) -> frozenset[str]:
        events = self._channel(stream).events
        return frozenset(
            payload.event for payload, conflation in events.items() if conflation is Conflation.LATEST_PER_SCOPE
        )

    def drop(self, subscription: Subscription) -> None:
        subscription.pause()  # ends reads that are under way for it
        stream = subscription.stream
        stream.awaiting.pop(subscription, None)
        if subscription.connection.subscriptions.pop(stream.name, None) is None:
            return
        stream.subscriber_count -= 1
        if not stream.subscriber_count:
            stream.idle_since = asyncio.get_running_loop().time()

    def rejoin(self, subscription: Subscription, rooms: frozenset[Room]) -> None:
        """Resume at the current position with these rooms; reads under way for other rooms are void."""
        assert subscription.position is not None
        subscription.join(rooms, subscription.position, subscription.epoch)
        subscription.stream.wake()
        if subscription.outdated:
            self._resync(subscription)

    def leave_rooms(self, connection: Connection, rooms: frozenset[Room]) -> None:
        for subscription in list(connection.subscriptions.values()):
            kept = subscription.rooms - rooms
            if kept == subscription.rooms:
                continue
            if not kept:
                self.drop(subscription)
            elif subscription.position is not None:
                self.rejoin(subscription, kept)
            else:
                subscription.rooms = kept  # its first snapshot is under way

    def drop_all(self, connection: Connection) -> None:
        for subscription in list(connection.subscriptions.values()):
            self.drop(subscription)

    def resync_all(self, name: str) -> None:
        """Send a snapshot to every subscription of a stream that began anew."""
        stream = self._streams.get(name)
        for subscription in stream.members() if stream is not None else ():
            self._resync(subscription)

    def close_idle(self) -> None:
        """Forget streams that had no listener for LINGER_SECONDS; their groups are left in the background."""
        now = asyncio.get_running_loop().time()
        for stream in list(self._streams.values()):
            if stream.idle_since is not None and now - stream.idle_since >= LINGER_SECONDS:
                del self._streams[stream.name]
                self._keep_deliveries(stream)
                self._update_group(stream.name)
