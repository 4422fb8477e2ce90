from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotAcceptable, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.org import access
from intraday.org.access import Principal
from intraday.org.models import KeyScope, Scope
from intraday.rest.errors import NotFound
from intraday.rest.idempotency.views import idempotent
from intraday.rest.json import JSONRenderer
from intraday.rest.limits import throttling
from intraday.rest.pages import read_body, read_query, scope_of
from intraday.rest.permissions import SignedIn, check_organization_level, enter
from intraday.rest.schema import BAD_REQUESTS, CREATING_POSTS
from realtime import services, stats
from realtime.hub import rights
from realtime.hub.rights import Grant, RefusedError
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import MAX_ROOMS, Position, Selection
from realtime.serializers import (
    CustomEventAnswer,
    CustomEventSerializer,
    NotificationAnswer,
    NotificationSerializer,
    StreamQuery,
)
from realtime.transport import sse


class OrganizationQuery(serializers.Serializer):
    organization_id = serializers.CharField(
        required=False, max_length=64, help_text="Defaults to the organization of the credential; superusers: to all."
    )


def _caller(request: Request) -> Principal | None:
    """Return the caller in the requested organization; None for superusers, who may see all organizations."""
    asked = read_query(OrganizationQuery, request.query_params).get("organization_id")
    if asked is None and request.user is not None and request.user.is_superuser:
        return None
    return enter(request, asked, grant="read")


def _sockets(principal: Principal | None) -> tuple[str | None, frozenset[str] | None]:
    """Return the organization and the departments whose sockets the caller may see; None means all."""
    return (principal.organization.id, principal.departments) if principal else (None, None)


def _counts() -> serializers.DictField:
    """Return a new field each time, because a field instance belongs to one serializer."""
    return serializers.DictField(child=serializers.IntegerField())


_limit_reached = inline_serializer(
    "LimitReached",
    {
        "organization_id": serializers.CharField(),
        "limit": serializers.CharField(help_text="Such as `rows_per_minute`: docs/operations.md has them all."),
        "refused": serializers.IntegerField(help_text="Requests and connections since the limit was first reached."),
        "last_at": serializers.DateTimeField(),
    },
    many=True,
)

STATS: dict[str, Any] = {
    "parameters": [OrganizationQuery],
    "responses": {
        200: inline_serializer(
            "WebSocketStats",
            {
                "active_connections": serializers.IntegerField(),
                "connections_by_org": _counts(),
                "total_messages": serializers.IntegerField(help_text="Events written to clients."),
                "messages_per_second": serializers.FloatField(help_text="Over the last 10 s."),
                "messages_by_event": _counts(),
                "processes": serializers.IntegerField(),
                "degraded": serializers.BooleanField(help_text="Events come from the log, a second late."),
                "limits_reached": _limit_reached,
            },
        ),
        **BAD_REQUESTS,
    },
}


class StatsView(APIView):
    """Connections and messages over all server processes, at most three seconds old."""

    permission_classes = [SignedIn]

    @extend_schema(**STATS)
    def get(self, request: Request) -> Response:
        principal = _caller(request)
        if principal is None:
            return Response(stats.totals(None))
        check_organization_level(principal)
        return Response(stats.totals(principal.organization.id))


_connection = inline_serializer(
    "WebSocketConnection",
    {
        "connection_id": serializers.CharField(),
        "organization_id": serializers.CharField(),
        "user_id": serializers.CharField(
            allow_null=True, help_text="Null for people, where the caller may not see colleagues."
        ),
        "role": serializers.CharField(),
        "connected_at": serializers.DateTimeField(),
        "process": serializers.CharField(),
        "rooms": serializers.ListField(child=serializers.CharField()),
    },
    many=True,
)


class ConnectionsView(APIView):
    """The open connections, and the rooms that each one hears."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OrganizationQuery],
        responses={200: inline_serializer("WebSocketConnections", {"connections": _connection}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        principal = _caller(request)
        people = principal is None or principal.sees_colleagues
        return Response({"connections": stats.connections(*_sockets(principal), people=people)})


_room = inline_serializer(
    "WebSocketRoom", {"room": serializers.CharField(), "connections": serializers.IntegerField()}, many=True
)


class RoomsView(APIView):
    """The rooms that are listened to, and the number of connections in each."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OrganizationQuery],
        responses={200: inline_serializer("WebSocketRooms", {"rooms": _room}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        return Response({"rooms": stats.rooms(*_sockets(_caller(request)))})


def _publisher(request: Request, data: dict[str, Any]) -> tuple[Principal, Scope]:
    """Return the caller and the scope to publish to. Raises NotFound or PermissionDenied."""
    principal = enter(request, data.get("organization_id"), grant=KeyScope.PUBLISH)
    return principal, scope_of(principal, data)


class NotificationsView(APIView):
    """Notify everybody in a scope, such as of an outage. For supervisors and keys that may publish."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.PUBLISH

    @idempotent
    @extend_schema(request=NotificationSerializer, responses={201: NotificationAnswer, **CREATING_POSTS})
    def post(self, request: Request) -> Response:
        data = read_body(NotificationSerializer, request)
        principal, scope = _publisher(request, data)
        notification_id, event = services.notify(scope=scope, data=data, by=principal.name, now=clock.now())
        answer = {"notification_id": notification_id, "event": event._asdict()}
        return Response(answer, status=status.HTTP_201_CREATED)


class EventsView(APIView):
    """Send a custom event to everybody in a scope. For supervisors and keys that may publish."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.PUBLISH

    @idempotent
    @extend_schema(request=CustomEventSerializer, responses={201: CustomEventAnswer, **CREATING_POSTS})
    def post(self, request: Request) -> Response:
        data = read_body(CustomEventSerializer, request)
        principal, scope = _publisher(request, data)
        event = services.emit(organization=principal.organization, scope=scope, data=data, now=clock.now())
        return Response({"event": event._asdict()}, status=status.HTTP_201_CREATED)


class EventStreamRenderer(JSONRenderer):
    """Accepts requests for event streams; refusals are rendered as JSON."""

    media_type = "text/event-stream"
    format = "sse"

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:
        context["response"]["Content-Type"] = JSONRenderer.media_type
        return super().render(data)


_last_event_id = OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="As browsers send it.")


class EventStreamView(APIView):
    """The events of `/ws` as server-sent events: `data` is the message, `id` the place to go on from.

    A browser's `EventSource` reconnects by itself with the id of the last event, and misses nothing. Acknowledgements
    and changing rooms need `/ws`.
    """

    permission_classes = [SignedIn]
    renderer_classes = [EventStreamRenderer, JSONRenderer]
    channels: Mapping[str, ChannelSpec] = {}

    @extend_schema(
        parameters=[StreamQuery, _last_event_id],
        responses={(200, "text/event-stream"): OpenApiTypes.STR, **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        query = read_query(StreamQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant=KeyScope.READ, or_grant=access.Grant.WATCH)
        since = _since(request.headers.get("Last-Event-ID") or query.get("since", ""), principal)
        opening = sse.Opening(principal, self._grant(query, principal), since, query["snapshot"])
        scope = getattr(request, "scope", {})
        if sse.OPENING not in scope:
            raise NotAcceptable("Events are streamed by the ASGI server alone.")
        scope[sse.OPENING](opening)
        return Response()

    def _grant(self, query: dict[str, Any], principal: Principal) -> Grant:
        selection = Selection(
            channels=_listed(query, "channels"),
            organization_id=principal.organization.id,
            department_id=query.get("department_id"),
            queue_name=query.get("queue_name"),
            rooms=_listed(query, "rooms"),
        )
        try:
            return rights.grant_of(selection, principal, self.channels)
        except RefusedError as refusal:
            raise _refused(refusal) from None


def _listed(query: dict[str, Any], name: str) -> list[str]:
    names = [part for part in query.get(name, "").split(",") if part]
    if len(names) > MAX_ROOMS:
        raise ValidationError({name: [f"At most {MAX_ROOMS} are heard at once."]})
    return names


def _since(text: str, principal: Principal) -> dict[str, Position]:
    try:
        return sse.positions(text, principal.organization.id)
    except sse.BadIdError as error:
        raise ValidationError({"since": [str(error)]}) from None


def _refused(refusal: RefusedError) -> APIException:
    if refusal.code == "not_found":
        return NotFound()
    if refusal.code == "forbidden":
        return PermissionDenied(refusal.message, code="forbidden")
    return ValidationError({"rooms": [refusal.message]})
