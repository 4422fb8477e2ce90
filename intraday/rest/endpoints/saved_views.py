"""`/api/me/views`: the caller's own saved views of the console's table."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.core.exceptions import ValidationError as ModelError
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.org import saved_views
from intraday.org.models import KeyScope, Membership, SavedView
from intraday.rest.errors import NotFound
from intraday.rest.fields import PrintableField
from intraday.rest.idempotency.views import idempotent
from intraday.rest.pages import OfOrganization, read_body, read_query
from intraday.rest.permissions import SignedIn, enter
from intraday.rest.schema import BAD_REQUESTS, CREATING_POSTS

PARAMETERS = frozenset({"department", "queue", "search", "state", "group", "sort"})
"""The words of a view: the parameters of the console's address, but for the organization."""


class NewViewRequest(OfOrganization):
    name = PrintableField(max_length=64, help_text="A view of this name is replaced.")
    query = serializers.CharField(
        max_length=500,
        allow_blank=True,
        help_text=f"Parameters of the console's address, such as `state=critical`: {', '.join(sorted(PARAMETERS))}.",
    )

    def validate_query(self, query: str) -> str:
        unknown = sorted({name for name, _ in parse_qsl(query, keep_blank_values=True)} - PARAMETERS)
        if unknown:
            raise serializers.ValidationError(
                f"Unknown: {', '.join(unknown)[:200]}. Allowed here: {', '.join(sorted(PARAMETERS))}."
            )
        return query


class SavedViewSchema(serializers.Serializer):
    view_id = serializers.UUIDField(help_text="Id of the view.")
    name = serializers.CharField(help_text="As the person called it.")
    query = serializers.CharField(help_text="Parameters of the console's address.")


class SavedViewsView(APIView):
    """The caller's views in this organization, by name; and another one."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OfOrganization],
        responses={200: inline_serializer("SavedViews", {"items": SavedViewSchema(many=True)}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        asked = read_query(OfOrganization, request.query_params)
        member = _member(request, asked)
        return Response({"items": [_described(view) for view in saved_views.saved(member)]})

    @idempotent
    @extend_schema(request=NewViewRequest, responses={200: SavedViewSchema, 201: SavedViewSchema, **CREATING_POSTS})
    def post(self, request: Request) -> Response:
        asked = read_body(NewViewRequest, request)
        member = _member(request, asked)
        try:
            view, is_new = saved_views.save(member, name=asked["name"], query=asked["query"])
        except ModelError as error:
            raise ValidationError(error.message_dict) from None
        return Response(_described(view), status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class SavedViewView(APIView):
    """One of the caller's views."""

    permission_classes = [SignedIn]

    @extend_schema(parameters=[OfOrganization], responses={204: None, **BAD_REQUESTS})
    def delete(self, request: Request, view_id: UUID) -> Response:
        member = _member(request, read_query(OfOrganization, request.query_params))
        if not saved_views.remove(member, view_id):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)


def _member(request: Request, asked: dict[str, Any]) -> Membership:
    principal = enter(request, asked.get("organization_id"), grant=KeyScope.READ)
    found = saved_views.membership_of(principal)
    if found is None:
        raise PermissionDenied("Saved views belong to people: sign in as a member.", code="forbidden")
    return found


def _described(view: SavedView) -> dict[str, Any]:
    return {"view_id": str(view.pk), "name": view.name, "query": view.query}
