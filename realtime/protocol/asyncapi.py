"""The AsyncAPI 3 document of `/ws`, from the same types that check what clients send."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from realtime.protocol import messages
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.protocol.events import NAME_PATTERN, CustomEvent
from realtime.protocol.messages import ANSWERS, REQUESTS, Patch, Payload, Resync, SnapshotData

DESCRIPTION = """\
One WebSocket, plain JSON text frames. Every message is `{"event": name, "data": {…}}`; a request may carry an `id`,
which its answer echoes. Events of the log add `stream`, `epoch`, `seq` and `ts`: remember the last position per stream
and send it as `since` when subscribing again, and nothing is missed. A position stands for what came before it on the
connection: take it from a message once that is taken in, from a snapshot in parts with the part that is `complete`.

Rooms are `{channel}:org:{org}[:dept:{dept}][:queue:{queue}]`; an event is heard in its own room and all that enclose
it. Options of a subscription change what is sent: with `delta` an event may come as its `.patch`, with `batch_ms` in a
`batch`; `conflated` says that a client was too far behind for every event. Close codes: 4401 sign in again, 4403
forbidden, 4413 too large are final; 1012, 4008 and 4408 mean: reconnect, 4429: slow down, and reconnect. Credentials by
message alone, whatever cookies the browser sends: `/ws?auth=message`.
"""
_REF = "#/components/schemas/{name}"
_LOG_FIELDS: dict[str, Any] = {
    "stream": {"type": "string", "description": "The root room."},
    "epoch": {"type": "string", "description": "Positions of another epoch mean nothing."},
    "seq": {"type": "integer", "minimum": 0, "description": "Gapless in its stream. 0 moves no position."},
    "ts": {"type": "string", "format": "date-time"},
}
_DELIVERY: dict[str, Any] = {
    "replayed": {"type": "boolean", "const": True, "description": "Missed before: update silently."},
    "requires_ack": {"type": "boolean", "const": True, "description": "Sent again until `ack` covers its seq."},
    "redelivered": {"type": "integer", "minimum": 1, "description": "How often it was sent again."},
}
_BASE = {"base": {"type": "integer", "minimum": 1, "description": "`data` is a merge patch of this event's `data`."}}


def document(channels: Mapping[str, ChannelSpec], *, host: str, secure: bool) -> dict[str, Any]:
    """Return the document of all messages, for this table of channels and this host."""
    sent = {_key(name): _request(name, shape) for name, shape in REQUESTS.items()}
    heard = {_key(shape.event): _answer(shape) for shape in ANSWERS} | dict(_events(channels))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Intraday console events", "version": str(messages.VERSION), "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"here": {"host": host, "protocol": "wss" if secure else "ws"}},
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in {**sent, **heard}},
            }
        },
        # From the point of view of the server, as AsyncAPI has it: it receives what clients send.
        "operations": {
            "ask": {"action": "receive", "channel": _SOCKET, "messages": _messages(sent)},
            "tell": {"action": "send", "channel": _SOCKET, "messages": _messages(heard)},
        },
        "components": {"messages": {**sent, **heard}, "schemas": _schemas(channels)},
    }


_SOCKET = {"$ref": "#/channels/socket"}


def _messages(keys: Iterable[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/socket/messages/{key}"} for key in keys]


def _key(event: str) -> str:
    """Return an event name as a component key, which holds only letters, digits, '.', '-' and '_'."""
    return event.replace(":", ".")


def _request(name: str, shape: type[msgspec.Struct]) -> dict[str, Any]:
    return _message(name, shape.__name__, required=["event"], id=_ID)


def _answer(shape: type[messages.Answer]) -> dict[str, Any]:
    return _message(shape.event, shape.__name__, required=["event", "data"], id=_ID)


_ID = {"type": ["string", "integer"], "description": "Echoed in the answer."}


def _events(channels: Mapping[str, ChannelSpec]) -> Iterable[tuple[str, dict[str, Any]]]:
    logged = ["event", "data", *_LOG_FIELDS]
    patched = [*logged, "base"]
    for name, channel in channels.items():
        for payload, conflation in channel.events.items():
            event, shape = payload.event, payload.__name__
            yield _key(event), _message(event, shape, required=logged, **_LOG_FIELDS, **_DELIVERY)
            if conflation is Conflation.LATEST_PER_SCOPE:
                yield f"{_key(event)}.patch", _message(event, Patch.__name__, required=patched, **_LOG_FIELDS, **_BASE)
        if channel.snapshot is not None:
            event = f"{name}:{messages.SNAPSHOT}"
            yield _key(event), _message(event, SnapshotData.__name__, required=logged, **_LOG_FIELDS)
        event = f"{name}:{messages.RESYNC}"
        yield _key(event), _message(event, Resync.__name__, required=logged, **_LOG_FIELDS, **_DELIVERY)


def _message(event: str, data: str, *, required: list[str], **fields: Any) -> dict[str, Any]:
    own = event == CustomEvent.event  # and the customer's own, any name but ours
    name = {"type": "string", "pattern": f"^{NAME_PATTERN}$"} if own else {"const": event}
    properties = {"event": name, "data": {"$ref": _REF.format(name=data)}, **fields}
    return {"name": event, "payload": {"type": "object", "properties": properties, "required": required}}


def _schemas(channels: Mapping[str, ChannelSpec]) -> dict[str, Any]:
    payloads: list[type[Payload]] = [payload for channel in channels.values() for payload in channel.events]
    _, schemas = msgspec.json.schema_components(
        [*REQUESTS.values(), *ANSWERS, *payloads, Resync, SnapshotData, Patch], ref_template=_REF
    )
    return dict(schemas)
