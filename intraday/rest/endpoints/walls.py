"""`/api/walls`: links of wall boards."""

from typing import Any

from django.core.exceptions import ValidationError as ModelError
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.org.access import Grant, Principal
from intraday.org.credentials import walls
from intraday.org.models import WallBoard
from intraday.rest.errors import NotFound
from intraday.rest.idempotency.views import idempotent
from intraday.rest.pages import read_body, read_query, scope_of
from intraday.rest.permissions import SignedIn, enter
from intraday.rest.schema import BAD_POSTS, BAD_REQUESTS, CREATING_POSTS


class OrganizationQuery(serializers.Serializer):
    organization_id = serializers.CharField(required=False, max_length=64)


class NewWallRequest(serializers.Serializer):
    organization_id = serializers.CharField(required=False, max_length=64)
    department_id = serializers.CharField(
        required=False, max_length=64, help_text="What it shows; left out: the whole organization."
    )
    name = serializers.CharField(max_length=128, help_text="Where it hangs.")


class RevokeWallRequest(OrganizationQuery):
    wall_id = serializers.CharField(max_length=20)


class WallSchema(serializers.Serializer):
    wall_id = serializers.CharField()
    organization_id = serializers.CharField()
    department_id = serializers.CharField(required=False)
    name = serializers.CharField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class NewWallSchema(WallSchema):
    path = serializers.CharField(help_text="Of the page to open on the wall. Shown only now.")


class WallsView(APIView):
    """The links in force, and a new one."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OrganizationQuery],
        responses={200: inline_serializer("Walls", {"items": WallSchema(many=True)}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        asked = read_query(OrganizationQuery, request.query_params)
        principal = enter(request, asked.get("organization_id"), grant=Grant.WALLS)
        return Response({"items": [_described(board) for board in _own(principal)]})

    @idempotent
    @extend_schema(request=NewWallRequest, responses={201: NewWallSchema, **CREATING_POSTS})
    def post(self, request: Request) -> Response:
        asked = read_body(NewWallRequest, request)
        principal = enter(request, asked.get("organization_id"), grant=Grant.WALLS)
        scope = scope_of(principal, {name: asked[name] for name in ("department_id",) if name in asked})
        try:
            board, secret = walls.create(
                organization=principal.organization,
                department_id=scope.department_id,
                name=asked["name"],
                created_by=principal.name,
            )
        except ModelError as error:
            raise ValidationError(error.message_dict) from None
        return Response({**_described(board), "path": f"/wall/{secret}"}, status=status.HTTP_201_CREATED)


class RevokeWallView(APIView):
    """End a link: open pages go dark within seconds."""

    permission_classes = [SignedIn]

    @extend_schema(request=RevokeWallRequest, responses={200: WallSchema, **BAD_POSTS})
    def post(self, request: Request) -> Response:
        asked = read_body(RevokeWallRequest, request)
        principal = enter(request, asked.get("organization_id"), grant=Grant.WALLS)
        found = [board for board in _own(principal) if str(board.pk) == asked["wall_id"]]
        if not found:
            raise NotFound
        walls.revoke(WallBoard.objects.filter(pk=found[0].pk), now=clock.now())
        return Response(_described(found[0]))


def _own(principal: Principal) -> list[WallBoard]:
    """Return the wall boards that show nothing which the caller may not see herself."""
    return [board for board in walls.hanging(principal.organization) if principal.covers(board.department_id)]


def _described(board: WallBoard) -> dict[str, Any]:
    department = {"department_id": board.department_id} if board.department_id else {}
    return {
        "wall_id": str(board.pk),
        "organization_id": board.organization_id,
        **department,
        "name": board.name,
        "created_by": board.created_by,
        "created_at": board.created_at,
    }
