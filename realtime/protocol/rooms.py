"""Rooms: `{channel}:org:{org}[:dept:{dept}][:queue:{queue}]`, and the stream each belongs to."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote, unquote

from django.db.models import Model, Q, QuerySet

from intraday.org.models import ID_PATTERN
from intraday.values.names import is_printable, normalized

M = TypeVar("M", bound=Model)
# The order in which streams of one organization are locked: facts, then what is derived, then judgement.
CHANNELS = ("backlog", "attendance", "kpi", "alerts", "system", "custom")

_ROOM = re.compile(
    rf"(?P<channel>{'|'.join(CHANNELS)}):org:(?P<organization>{ID_PATTERN})"
    rf"(?::dept:(?P<department>{ID_PATTERN}))?(?::queue:(?P<queue>[^:\s]{{1,1536}}))?"
)
_QUEUE_MAX = 128  # characters; each may take four bytes, percent-encoded 12 letters: 1,536


class BadRoomError(ValueError):
    """The text is not the name of a room; the message shows an example."""


@dataclass(frozen=True, slots=True)
class Room:
    channel: str
    organization: str
    department: str = ""
    queue: str = ""

    @classmethod
    def parse(cls, name: str) -> "Room":
        match = _ROOM.fullmatch(name)
        queue = normalized(_unquoted(match["queue"] or "")) if match else ""
        if not match or len(queue) > _QUEUE_MAX or not is_printable(queue) or queue != queue.strip():
            raise BadRoomError(
                f"'{name[:80]}' is not a room such as 'backlog:org:org_123:dept:dept_456:queue:support'."
            )
        return cls(match["channel"], match["organization"], match["department"] or "", queue)

    @property
    def name(self) -> str:
        department = f":dept:{self.department}" if self.department else ""
        queue = f":queue:{quote(self.queue, safe='')}" if self.queue else ""
        return f"{self.stream}{department}{queue}"

    @property
    def stream(self) -> str:
        """The root room: all events of this channel in this organization, in one total order."""
        return stream_name(self.channel, self.organization)


def _unquoted(queue: str) -> str:
    try:
        return unquote(queue, errors="strict")
    except UnicodeDecodeError:
        return "\0"  # not printable, so refused


def stream_name(channel: str, organization: str) -> str:
    return f"{channel}:org:{organization}"


def group_name(stream: str) -> str:
    """Return the Channels group of a stream. Ids and channels are group-safe, so that only ':' has to be replaced."""
    return stream.replace(":", ".")


_PLAIN_GROUP = re.compile(r"[A-Za-z0-9_.-]{1,99}")


def room_group(room: Room) -> str:
    """Return the Channels group of a room (REALTIME_ROOM_GROUPS): readable where it is unambiguous, else hashed.

    Ids may hold dots and queues any character; two rooms in one group would show one tenant's events to the other.
    """
    name = room.name.replace(":", ".")
    plain = f"room.{name}"
    if _PLAIN_GROUP.fullmatch(plain) and "." not in f"{room.organization}{room.department}{room.queue}":
        return plain
    digest = hashlib.sha256(room.name.encode()).hexdigest()[:32]
    return f"hash.{digest}.{re.sub('[^A-Za-z0-9_.-]', '_', name)[:60]}"


def enclosing(stream: str, department: str, queue: str) -> list[Room]:
    """Return the rooms that hear an event of this scope: its own, and all that enclose it."""
    root = Room.parse(stream)
    rooms = [root]
    if department:
        rooms.append(replace(root, department=department))
    if queue:
        rooms += [replace(root, queue=queue), replace(root, department=department, queue=queue)]
    return rooms


class RoomFilter:
    """Decides whether a set of rooms hears an event: each room hears its own scope and every scope inside it.

    Sets instead of a walk over the rooms: a connection may hold a thousand.
    """

    __slots__ = ("_pairs", "_queues", "departments", "everything", "rooms")

    def __init__(self, rooms: frozenset[Room]) -> None:
        self.rooms = rooms
        self.everything = any(not room.department and not room.queue for room in rooms)
        self.departments = {room.department for room in rooms if room.department and not room.queue}
        self._queues = {room.queue for room in rooms if room.queue and not room.department}
        self._pairs = {(room.department, room.queue) for room in rooms if room.department and room.queue}

    @property
    def queues(self) -> set[str]:
        """All queue names in these rooms: they narrow a query before `hears` decides."""
        return self._queues | {queue for _, queue in self._pairs}

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Leave out rows of scopes that surely no room hears; `hears` decides about the others."""
        if self.everything:
            return rows
        return rows.filter(Q(scope__department_id__in=self.departments) | Q(scope__queue_name__in=self.queues))

    def hears(self, department: str, queue: str) -> bool:
        return (
            self.everything
            or department in self.departments
            or queue in self._queues
            or (department, queue) in self._pairs
        )
