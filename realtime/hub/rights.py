"""Rights to rooms: the rooms that a caller may hear."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from intraday.org.access import Principal
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import Problem, Selection
from realtime.protocol.rooms import BadRoomError, Room

Refused = Mapping[str, Problem]
"""Each room that was refused, as it was asked for."""


class RefusedError(Exception):
    """A request was refused; the client gets `error` and stays connected unless `close` is set."""

    def __init__(self, code: str, message: str, close: int | None = None, refused: Refused | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.close = code, message, close
        self.refused = refused or {}

    @property
    def data(self) -> dict[str, Any]:
        """Return the `data` of the `error` message."""
        return {"code": self.code, "message": self.message, **refused_part(self.refused)}


def refused_part(refused: Refused) -> dict[str, Any]:
    """Return the field `refused` of an answer, if any room was refused."""
    return {"refused": msgspec.to_builtins(refused)} if refused else {}


@dataclass(frozen=True)
class Grant:
    """The rooms that the caller may hear, and what became of each that was asked for by another name."""

    rooms: frozenset[Room]
    changed: Mapping[str, list[str]] = field(default_factory=dict)
    refused: Refused = field(default_factory=dict)

    @property
    def answer(self) -> dict[str, Any]:
        """Return the fields of `subscribed` that say so."""
        return ({"granted": self.changed} if self.changed else {}) | refused_part(self.refused)


def grant_of(selection: Selection, principal: Principal, channels: Mapping[str, ChannelSpec]) -> Grant:
    """Return which rooms of a selection the caller may hear. Raises RefusedError if there is none."""
    rooms: set[Room] = set()
    changed: dict[str, list[str]] = {}
    refused: dict[str, Problem] = {}
    for name in dict.fromkeys([*selection.rooms, *_names_of_scope(selection, principal)]):
        try:
            asked = Room.parse(name)
            found = granted(asked, principal, channels)
        except BadRoomError as error:
            refused[name] = Problem(code="invalid", message=str(error))
        except RefusedError as refusal:
            refused[name] = Problem(code=refusal.code, message=refusal.message)
        else:
            rooms |= found
            if found != {asked} or asked.name != name:
                changed[name] = sorted(room.name for room in found)
    if not rooms:
        raise _nothing(refused)
    return Grant(frozenset(rooms), changed, refused)


def _nothing(refused: Refused) -> RefusedError:
    if not refused:
        return RefusedError("invalid", "Nothing was asked for: name channels (with organization_id) or rooms.")
    first = next(iter(refused.values()))
    return RefusedError(first.code, first.message, refused=refused)


def _names_of_scope(selection: Selection, principal: Principal) -> list[str]:
    organization = selection.organization_id or principal.organization.id
    department, queue = selection.department_id or "", selection.queue_name or ""
    return [Room(name, organization, department, queue).name for name in selection.channels]


def granted(room: Room, principal: Principal, channels: Mapping[str, ChannelSpec]) -> frozenset[Room]:
    """Return the room; or that queue in each department of a caller who is limited to departments and names none.

    Raises RefusedError.
    """
    channel = channels.get(room.channel)
    if room.organization != principal.organization.id:
        raise RefusedError(
            "not_found", "There is no such organization, department or queue, or it belongs to another organization."
        )
    if channel is None:
        raise RefusedError("invalid", f"There is no channel '{room.channel}'; try {', '.join(channels)}.")
    if not channel.is_granted(principal):
        raise RefusedError("forbidden", f"{principal.name} may not {channel.grant}.")
    if principal.departments and room.queue and not room.department:
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
