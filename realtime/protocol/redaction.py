"""Events for callers who may not see everything in them: some get them without names, wall boards without people.

Domains say with their payloads what is left out; the transport applies it and does not know what the fields mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from intraday.org.names import Names
from realtime.protocol.messages import RESYNC, Payload

P = TypeVar("P", bound=Payload)


class Redaction(Enum):
    NOTHING = "nothing"
    NAMES = "names"  # the second body of an event, if it has one
    PEOPLE = "people"  # as on wall boards


@dataclass(frozen=True)
class Redactions:
    """The redactions of a channel. `whole_from`: the level of names from which a caller gets its events whole.
    `on_walls`: the changes for wall boards, by event; others are on no wall.
    """

    whole_from: Names = Names.FULL
    on_walls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, names: Names) -> Redaction:
        if names >= self.whole_from:
            return Redaction.NOTHING
        return Redaction.PEOPLE if names is Names.NONE else Redaction.NAMES

    def is_on_walls(self, event: str) -> bool:
        return event in self.on_walls or event.endswith(f":{RESYNC}")

    def on_wall(self, event: str, text: bytes) -> bytes:
        """Return the wire text of an event as wall boards get it."""
        changes = self.on_walls.get(event)
        if not changes:
            return text
        message = msgspec.json.decode(text)
        message["data"] = _without_unset(message["data"] | changes)
        return msgspec.json.encode(message)


def _without_unset(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not msgspec.UNSET}


def redacted(payload: P, redaction: Redaction) -> P:
    """Return the payload as callers with this redaction get it, for snapshots."""
    if redaction is Redaction.NOTHING:
        return payload
    nameless = payload.redacted() or payload
    if redaction is Redaction.NAMES:
        return nameless
    assert payload.on_walls is not None, f"{type(payload).__name__} is on no wall"
    return structs.replace(nameless, **payload.on_walls)
