"""The methods of the customer's document (docs/your-names.md), in Python, over `publish` and `stats`.

A broadcast is an event alone: nothing is stored but the event itself, so figures and snapshots stay as they are.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args

import msgspec
import structlog
from django.db import transaction
from msgspec import Struct, structs

from intraday.org.models import Organization, Scope
from intraday.org.scope_names import resolve_scopes
from realtime import stats
from realtime.hub import hub
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import NOT_STATED, Payload, scope_fields
from realtime.publish import EventRef, publish
from realtime.transport import shutdown

log = structlog.get_logger(__name__)

ALERT_EVENTS = {"pending": "alert:triggered", "acknowledged": "alert:acknowledged", "resolved": "alert:resolved"}


class WebSocketService:
    """Broadcasts the document's payloads to the rooms of their scope.

    Fields that only this product has may be left out: they become null, and `reasons` says so. A broadcast never
    raises: a failure is one line of the log, and the caller's work goes on.
    """

    def __init__(self) -> None:
        self._events: dict[str, tuple[str, type[Payload]]] = {}

    def initialize(self, channels: Mapping[str, ChannelSpec]) -> None:
        """Take the channels table. The application does this at its start."""
        self._events = {type_.event: (name, type_) for name, spec in channels.items() for type_ in spec.events}
        shutdown.begun.clear()

    def is_initialized(self) -> bool:
        return bool(self._events)

    def broadcast_kpi_update(self, payload: Mapping[str, Any]) -> EventRef | None:
        return self._broadcast("kpi:update", payload)

    def broadcast_backlog_update(self, payload: Mapping[str, Any]) -> EventRef | None:
        return self._broadcast("backlog:update", payload)

    def broadcast_attendance_update(self, payload: Mapping[str, Any]) -> EventRef | None:
        return self._broadcast("attendance:update", payload)

    def broadcast_alert(self, payload: Mapping[str, Any]) -> EventRef | None:
        """Broadcast an alert under the event of its status: triggered, acknowledged or resolved."""
        status = payload.get("status")
        return self._broadcast(ALERT_EVENTS.get(str(status), f"alert:{status}"), payload)

    def get_stats(self, organization_id: str | None = None) -> dict[str, Any]:
        """Return the figures of `/api/ws/stats`, of all organizations or of one."""
        return stats.totals(organization_id)

    def shutdown(self) -> None:
        """Begin to close the sockets of this process, each with a time to reconnect, and broadcast no more."""
        self._events = {}
        shutdown.begun.set()
        for running in hub.running():
            running.loop.call_soon_threadsafe(_close, running)

    def _broadcast(self, event: str, payload: Mapping[str, Any]) -> EventRef | None:
        """Publish in a transaction of its own, so that a failure takes nothing of the caller's with it."""
        try:
            with transaction.atomic():
                return self._publish(event, payload)
        except Exception as error:
            log.error(
                "broadcast_failed",
                event_name=event,
                organization_id=payload.get("organization_id"),
                department_id=payload.get("department_id") or "",
                queue_name=payload.get("queue_name") or "",
                error=f"{type(error).__name__}: {error}",
            )
            return None

    def _publish(self, event: str, payload: Mapping[str, Any]) -> EventRef:
        if event not in self._events:
            known = ", ".join(sorted(self._events)) or "none: the service is not initialized, or was shut down"
            raise LookupError(f"{event} is no event of the channels table; it has {known}.")
        channel, type_ = self._events[event]
        scope = _scope(payload)
        built = completed(type_, {**payload, **scope_fields(scope)})
        [ref] = publish(channel, [(scope, lambda: built)])
        return ref


def _close(each: hub.Hub) -> None:
    each.spawn(shutdown.close_all(each))


def _scope(payload: Mapping[str, Any]) -> Scope:
    """Return the scope that the payload names. A queue may be named without its department if there is one such."""
    organization = Organization.objects.get(pk=payload["organization_id"])
    name = (payload.get("department_id") or "", payload.get("queue_name") or "")
    resolved = resolve_scopes(organization, [name], create=False)
    if name in resolved.errors:
        raise LookupError(f"{organization.pk} has no such scope: {resolved.errors[name]}")
    return resolved.scopes[name]


def completed(type_: type[Payload], payload: Mapping[str, Any]) -> Payload:
    """Return the payload with the fields that only this product has. Raises msgspec.ValidationError."""
    reasons: dict[str, str] = {}
    fields = _filled(type_, _without_nulls(type_.with_stand_ins(_without_nulls(payload))), reasons, "")
    reasons |= fields.pop("reasons", {})
    if reasons:
        fields["reasons"] = reasons
    return msgspec.convert(fields, type_)


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _filled(type_: type[Struct], stated: Mapping[str, Any], reasons: dict[str, str], path: str) -> dict[str, Any]:
    """Return the stated fields, and null for required ones that may be null, also inside of nested objects."""
    fields = dict(stated)
    for field in structs.fields(type_):
        place = f"{path}{field.name}"
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            fields[field.name] = _filled(field.type, fields.get(field.name, {}), reasons, f"{place}.")
        elif field.required and field.name not in fields and NoneType in get_args(field.type):
            fields[field.name] = None
            reasons[place] = NOT_STATED
    return fields


web_socket_service = WebSocketService()
