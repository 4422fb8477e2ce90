from typing import Any

import msgspec
from rest_framework import serializers

from intraday.rest.fields import ChoiceField, InstantField
from intraday.rest.pages import ScopeQuery
from intraday.rest.schema import EventRefSchema
from realtime.protocol.events import NAME_PATTERN, OUR_NAMESPACES, RESERVED_NAMES, is_custom

MAX_PAYLOAD_BYTES = 16 * 1024


class NotificationSerializer(ScopeQuery):
    """A notification to all listeners of the channel `system` in the scope."""

    severity = ChoiceField(choices=["info", "warning", "critical"], default="info")
    title = serializers.CharField(max_length=200)
    message = serializers.CharField(max_length=4_000, allow_blank=True, default="")
    until = InstantField(required=False, help_text="When it is no longer true; clients then stop showing it.")


class NotificationAnswer(serializers.Serializer):
    notification_id = serializers.CharField()
    event = EventRefSchema()


class CustomEventSerializer(ScopeQuery):
    """An event to all listeners of the channel `custom` in the scope."""

    event = serializers.RegexField(
        rf"^{NAME_PATTERN}\Z",
        max_length=97,
        error_messages={"invalid": "A namespace and a name in lower case, such as acme:lunch."},
        help_text=f"`<namespace>:<name>`. These namespaces are ours: {', '.join(sorted(OUR_NAMESPACES))}; "
        f"and so are these names, in every namespace: {', '.join(sorted(RESERVED_NAMES))}.",
    )
    payload = serializers.DictField(help_text=f"A JSON object of at most {MAX_PAYLOAD_BYTES // 1024} KB.")

    def validate_event(self, name: str) -> str:
        if not is_custom(name):
            raise serializers.ValidationError(
                f"The namespace, or the name {name.partition(':')[2]}, is ours: choose one of your own.",
                code="reserved",
            )
        return name

    def validate_payload(self, payload: dict[str, Any]) -> dict[str, Any]:
        size = len(msgspec.json.encode(payload))
        if size > MAX_PAYLOAD_BYTES:
            raise serializers.ValidationError(f"{size} bytes of JSON; at most {MAX_PAYLOAD_BYTES} are taken.")
        return payload


class CustomEventAnswer(serializers.Serializer):
    event = EventRefSchema()


class StreamQuery(ScopeQuery):
    """The rooms of one scope in several channels, or rooms by name."""

    channels = serializers.CharField(required=False, help_text="Of this scope, e.g. `backlog,alerts`.")
    rooms = serializers.CharField(required=False, help_text="By name, e.g. `kpi:org:org_123,alerts:org:org_123`.")
    snapshot = serializers.BooleanField(required=False, default=True, help_text="Begin with the current figures.")
    since = serializers.CharField(
        required=False, max_length=1_000, help_text="The `id` of the last event; `Last-Event-ID` goes before it."
    )
