"""Rights to rooms: the rooms that a caller may hear."""

from collections.abc import Mapping

from intraday.org.access import Principal
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import Selection
from realtime.protocol.rooms import BadRoomError, Room


class RefusedError(Exception):
    """A request was refused; the client gets `error` and stays connected unless `close` is set."""

    def __init__(self, code: str, message: str, close: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.close = code, message, close


def rooms_of(selection: Selection, principal: Principal, channels: Mapping[str, ChannelSpec]) -> frozenset[Room]:
    """Return the rooms of a selection. Raises RefusedError unless the caller may hear every one of them."""
    try:
        rooms = frozenset(Room.parse(name) for name in selection.rooms) | _rooms_of_scope(selection, principal)
    except BadRoomError as error:
        raise RefusedError("invalid", str(error)) from None
    if not rooms:
        raise RefusedError("invalid", "Name channels (with organization_id) or rooms.")
    return frozenset().union(*(granted(room, principal, channels) for room in rooms))


def _rooms_of_scope(selection: Selection, principal: Principal) -> frozenset[Room]:
    organization = selection.organization_id or principal.organization.id
    bare = (
        Room(name, organization, selection.department_id or "", selection.queue_name or "")
        for name in selection.channels
    )
    return frozenset(Room.parse(room.name) for room in bare)  # parsed again: a client's ids may be malformed


def granted(room: Room, principal: Principal, channels: Mapping[str, ChannelSpec]) -> frozenset[Room]:
    """Return the room; or that queue in each department of a caller who is limited to departments and names none.

    Raises RefusedError.
    """
    channel = channels.get(room.channel)
    if room.organization != principal.organization.id:
        raise RefusedError("not_found", "Unknown organization, department or queue, or not yours.")
    if channel is None:
        raise RefusedError("invalid", f"There is no channel '{room.channel}'; try {', '.join(channels)}.")
    if not principal.may(channel.grant):
        raise RefusedError("forbidden", f"{principal.name} may not {channel.grant}.")
    if principal.departments is not None and room.queue and not room.department:
        each = sorted(principal.departments)
        return frozenset(Room(room.channel, room.organization, department, room.queue) for department in each)
    if not principal.covers(room.department):
        raise RefusedError("forbidden", f"{principal.name} is limited to departments; this room lies outside.")
    return frozenset([room])


def may_keep(room: Room, principal: Principal, channels: Mapping[str, ChannelSpec]) -> bool:
    """Return whether the caller may go on hearing a room, exactly as it is named."""
    try:
        return room in granted(room, principal, channels)
    except RefusedError:
        return False
