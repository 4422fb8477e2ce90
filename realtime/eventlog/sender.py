"""Send committed events to the channel layer: one bounded sender per process, on a loop that lives as long.

Nothing waits for it. What it cannot deliver (layer down, backlog full) is dropped and counted: the log has it, and
every hub asks the log for its heads once a second.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Iterable
from contextvars import Context
from typing import Any

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from realtime.eventlog.records import Appended, Record
from realtime.protocol.rooms import Room, enclosing, group_name, room_group

log = structlog.get_logger(__name__)

MESSAGE_TYPE = "realtime.events"
ROOM_MESSAGE_TYPE = "realtime.event"
MAX_WAITING = 1_000
MAX_BODY_BYTES = 64 * 1024  # above this the message carries the head alone and hubs read the log
MAX_HELD_BYTES = 16 * 1024 * 1024  # waiting for the groups of rooms
SEND_TIMEOUT_SECONDS = 1.0
PAUSE_AFTER_FAILURE_SECONDS = 1.0
PROBE_GROUP = "probe"  # has no members


Messages = Iterable[tuple[str, dict[str, Any]]]
"""(group, message)"""


class Outbox:
    """A queue of messages to the layer, sent one after another, each within a second. While the layer fails they are
    dropped and counted: no caller waits, and one try a second finds out when the layer is back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.dropped = 0
        self.failing = False
        self._waiting: deque[Messages] = deque()
        self._task: asyncio.Task[None] | None = None
        self._paused_until = 0.0

    def put(self, messages: Messages) -> None:
        """Queue without waiting. Call it from any thread."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        self._waiting.append(messages)
        # Without the caller's log context: the queue holds messages of others, too.
        self.loop.call_soon_threadsafe(self._wake, context=Context())

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._drain())

    async def _drain(self) -> None:
        while self._waiting:
            for group, message in self._waiting.popleft():
                if self.loop.time() < self._paused_until:
                    self.dropped += 1
                else:
                    await self._send(group, message)

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await layer.group_send(group, message)
        except Exception as error:
            self.dropped += group != PROBE_GROUP
            self._paused_until = self.loop.time() + PAUSE_AFTER_FAILURE_SECONDS
            if not self.failing:
                log.error("layer_unreachable", error=f"{type(error).__name__}: {error}", effect="hubs read the log")
            self.failing = True
        else:
            if self.failing:
                log.info("layer_reachable", dropped=self.dropped)
            self.failing = False


class Sender(Outbox):
    """Sends to the hubs: one message per commit and stream."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.rooms = RoomSender(loop) if settings.REALTIME_ROOM_GROUPS else None

    def hand_over(self, appended: Appended) -> None:
        """Queue without waiting. Call it from any thread."""
        self.put([(group_name(appended.stream), layer_message(appended))])
        if self.rooms is not None:
            self.rooms.hand_over(appended)

    def probe(self) -> None:
        """Send a message to an empty group: while nothing is published, only this shows that the layer has failed."""
        if not self._waiting and self.loop.time() >= self._paused_until:
            self.put([(PROBE_GROUP, {"type": MESSAGE_TYPE})])


class RoomSender(Outbox):
    """Sends to the groups of rooms, for stock Channels consumers. It has a queue of its own, because a commit may make
    thousands of these messages. Dropped ones are lost: stock consumers do not read the log."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._held = 0  # bytes
        self._counting = threading.Lock()

    def hand_over(self, appended: Appended) -> None:
        with self._counting:
            if self._held + len(appended.body) > MAX_HELD_BYTES or len(self._waiting) >= MAX_WAITING:
                self.dropped += 1
                return
            self._held += len(appended.body)
            self.put(self._messages(appended))

    def _messages(self, appended: Appended) -> Messages:
        for record in appended.records():
            for room in enclosing(appended.stream, record.department, record.queue):
                yield room_group(room), room_message(room, record)
        with self._counting:
            self._held -= len(appended.body)


def room_message(room: Room, record: Record) -> dict[str, Any]:
    """Return the message for `realtime_event` of a stock consumer: ready text without personal fields."""
    text = record.text(names=False).decode()
    return {"type": ROOM_MESSAGE_TYPE, "room": room.name, "event": record.event, "text": text}


def layer_message(appended: Appended) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": MESSAGE_TYPE,
        "stream": appended.stream,
        "epoch": appended.epoch,
        "first": appended.first,
        "last": appended.last,
    }
    if len(appended.body) <= MAX_BODY_BYTES:
        message |= {"index": appended.index, "body": appended.body}
    return message


_lock = threading.Lock()
_sender: Sender | None = None
_owner_pid = 0


def use_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Send from this loop: the server's own. The in-memory layer only works on the loop that receives."""
    global _sender, _owner_pid
    with _lock:
        _sender, _owner_pid = Sender(loop), os.getpid()


def current() -> Sender:
    """Return the sender of this process; without a server (in a worker, after the fork) it gets a loop in a thread."""
    global _sender, _owner_pid
    with _lock:
        if _sender is None or _owner_pid != os.getpid() or _sender.loop.is_closed():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="realtime-sender", daemon=True).start()
            _sender, _owner_pid = Sender(loop), os.getpid()
        return _sender


def hand_over(appended: Appended) -> None:
    current().hand_over(appended)
