from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.org.access import Principal
from intraday.org.models import KeyScope, Scope
from intraday.rest.pages import read_body, read_query, scope_of
from intraday.rest.permissions import SignedIn, check_organization_level, enter
from intraday.rest.schema import BAD_POSTS, BAD_REQUESTS
from realtime import services, stats
from realtime.serializers import CustomEventAnswer, CustomEventSerializer, NotificationAnswer, NotificationSerializer


class OrganizationQuery(serializers.Serializer):
    organization_id = serializers.CharField(
        required=False, max_length=64, help_text="Defaults to the organization of the credential; staff: to all."
    )


def _caller(request: Request) -> Principal | None:
    """In the organization whose sockets it asks for; None is staff, who may see those of all."""
    asked = read_query(OrganizationQuery, request.query_params).get("organization_id")
    if asked is None and request.user is not None and request.user.is_staff:
        return None
    return enter(request, asked, grant="read")


def _sockets(request: Request) -> tuple[str | None, frozenset[str] | None]:
    """The organization and the departments whose sockets the caller may see; None means all."""
    principal = _caller(request)
    return (principal.organization.id, principal.departments) if principal else (None, None)


def _counts() -> serializers.DictField:
    """A new one each time: a field belongs to the one place where it was declared."""
    return serializers.DictField(child=serializers.IntegerField())


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
        "user_id": serializers.CharField(),
        "role": serializers.CharField(),
        "connected_at": serializers.DateTimeField(),
        "process": serializers.CharField(),
        "rooms": serializers.ListField(child=serializers.CharField()),
    },
    many=True,
)


class ConnectionsView(APIView):
    """Who is connected, and which rooms each one hears."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OrganizationQuery],
        responses={200: inline_serializer("WebSocketConnections", {"connections": _connection}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        return Response({"connections": stats.connections(*_sockets(request))})


_room = inline_serializer(
    "WebSocketRoom", {"room": serializers.CharField(), "connections": serializers.IntegerField()}, many=True
)


class RoomsView(APIView):
    """Which rooms are listened to, and by how many connections."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OrganizationQuery],
        responses={200: inline_serializer("WebSocketRooms", {"rooms": _room}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        return Response({"rooms": stats.rooms(*_sockets(request))})


def _publisher(request: Request, said: dict[str, Any]) -> tuple[Principal, Scope]:
    """Who publishes, and to whom. Raises NotFound or PermissionDenied."""
    principal = enter(request, said.get("organization_id"), grant=KeyScope.PUBLISH)
    return principal, scope_of(principal, said)


class NotificationsView(APIView):
    """Tell everybody in a scope, on every screen: maintenance, an outage. Supervisors, and keys that may publish."""

    permission_classes = [SignedIn]

    @extend_schema(request=NotificationSerializer, responses={201: NotificationAnswer, **BAD_POSTS})
    def post(self, request: Request) -> Response:
        said = read_body(NotificationSerializer, request)
        principal, scope = _publisher(request, said)
        notification_id, event = services.notify(scope=scope, said=said, by=principal.name, now=timezone.now())
        answer = {"notification_id": notification_id, "event": event._asdict()}
        return Response(answer, status=status.HTTP_201_CREATED)


class EventsView(APIView):
    """Send an event of your own to everybody in a scope. Supervisors, and keys that may publish."""

    permission_classes = [SignedIn]

    @extend_schema(request=CustomEventSerializer, responses={201: CustomEventAnswer, **BAD_POSTS})
    def post(self, request: Request) -> Response:
        said = read_body(CustomEventSerializer, request)
        _, scope = _publisher(request, said)
        event = services.emit(scope=scope, said=said, now=timezone.now())
        return Response({"event": event._asdict()}, status=status.HTTP_201_CREATED)
