"""The messages of `/ws` as one JSON Schema, from which the TypeScript types of clients/typescript are made."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.events import OUR_NAMESPACES, RESERVED_NAMES
from realtime.protocol.messages import ANSWERS, REQUESTS, Payload, Resync, SnapshotData

_REF = "#/definitions/{name}"


def json_schema(channels: Mapping[str, ChannelSpec]) -> dict[str, Any]:
    """Return definitions of all messages' `data`, and the tables Requests, Answers, Events (event name -> data) and
    Channels (channel -> event names), and the words that are Reserved."""
    payloads = [payload for channel in channels.values() for payload in channel.events]
    heard: list[Any] = [*ANSWERS, *payloads, Resync, SnapshotData]
    _, requests = msgspec.json.schema_components(REQUESTS.values(), ref_template=_REF)
    _, answers = msgspec.json.schema_components(heard, ref_template=_REF)
    tables = {
        "Requests": _table(REQUESTS, "Messages of clients."),
        "Answers": _table({shape.event: shape for shape in ANSWERS}, "Messages of the server beside the events below."),
        "Events": _table({payload.event: payload for payload in payloads}, "The events of the log, by name."),
        "Channels": _events_by_channel(channels),
        "Reserved": _reserved(),
    }
    definitions = requests | {name: _complete(schema) for name, schema in answers.items()} | tables
    for schema in definitions.values():
        schema["description"] = cleandoc(schema.get("description", ""))
    references = {name: {"$ref": _REF.format(name=name)} for name in definitions}
    return {"title": "Protocol", **_object(references), "definitions": definitions}


def _table(shapes: Mapping[str, type[msgspec.Struct] | type[Payload]], description: str) -> dict[str, Any]:
    references = {event: {"$ref": _REF.format(name=shape.__name__)} for event, shape in shapes.items()}
    return {"title": "", **_object(references), "description": description}


def _events_by_channel(channels: Mapping[str, ChannelSpec]) -> dict[str, Any]:
    names = {name: {"enum": sorted(payload.event for payload in channel.events)} for name, channel in channels.items()}
    return {"title": "", **_object(names), "description": "The channels, and the names of their events."}


def _reserved() -> dict[str, Any]:
    words = {"namespace": {"enum": sorted(OUR_NAMESPACES)}, "name": {"enum": sorted(RESERVED_NAMES)}}
    description = "No custom event `<namespace>:<name>` has one of these namespaces, or one of these names."
    return {"title": "", **_object(words), "description": description}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    """Make only fields that may be unset optional, because the server writes defaults, too."""
    properties = {name: _open(field) for name, field in schema.get("properties", {}).items()}
    written = {name for name, field in properties.items() if "default" in field} | set(schema.get("required", []))
    return schema | {"properties": properties, "required": [name for name in properties if name in written]}


def _open(field: dict[str, Any]) -> dict[str, Any]:
    """Allow any key in a plain mapping: generators of types would take it for an object without fields."""
    if field == {"type": "object"}:
        return field | {"additionalProperties": True}
    return field | {"items": _open(field["items"])} if "items" in field else field
