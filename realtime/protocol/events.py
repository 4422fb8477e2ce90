"""Events without a domain app: notifications of operators, and custom events of the customer."""

import re
from typing import Any, ClassVar, Literal

from msgspec import UNSET, UnsetType

from intraday.org.models import Scope
from realtime.protocol.messages import ANSWERS, REQUESTS, RESYNC, SNAPSHOT, Payload, Timestamp, scope_fields
from realtime.protocol.rooms import CHANNELS

NAME_PATTERN = r"[a-z][a-z0-9_-]{0,31}:[a-z0-9][a-z0-9_.-]{0,63}"
_NAME = re.compile(NAME_PATTERN)
# Clients rely on events in these namespaces coming from the product itself.
OUR_NAMESPACES = frozenset({*CHANNELS, "action", "alert", *REQUESTS, *(answer.event for answer in ANSWERS)})
RESERVED_NAMES = frozenset({SNAPSHOT, RESYNC})
"""Names that clients take for ours in every namespace."""


def is_custom(name: str) -> bool:
    """Return whether a customer may send an event of this name: none of our namespaces, and no reserved name."""
    namespace, _, rest = name.partition(":")
    return _NAME.fullmatch(name) is not None and namespace not in OUR_NAMESPACES and rest not in RESERVED_NAMES


class SystemNotification(Payload, frozen=True, kw_only=True):
    """A notice for everybody in the scope, such as maintenance. After `until` it is no longer true."""

    event: ClassVar[str] = "system:notification"

    notification_id: str
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    severity: Literal["info", "warning", "critical"]
    title: str
    message: str
    until: Timestamp | UnsetType = UNSET
    published_at: Timestamp

    @classmethod
    def of(cls, fields: dict[str, Any], scope: Scope, **origin: Any) -> "SystemNotification":
        return cls(
            **scope_fields(scope),
            severity=fields["severity"],
            title=fields["title"],
            message=fields["message"],
            until=fields.get("until", UNSET),
            **origin,
        )


class CustomEvent(Payload, frozen=True, kw_only=True):
    """An event of the customer's own: its `name`, which is the event of the message too, and what it says."""

    event: ClassVar[str] = "custom:event"  # of the document alone: on the wire it bears its own name

    name: str
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    published_at: Timestamp
    payload: dict[str, Any]

    @property
    def wire_name(self) -> str:
        return self.name

    @classmethod
    def of(cls, fields: dict[str, Any], scope: Scope, **origin: Any) -> "CustomEvent":
        return cls(
            name=fields["event"],
            **scope_fields(scope),
            payload=fields["payload"],
            **origin,
        )
