"""`/api/keys`: API keys of feeds and readers. Those that publish or make tokens are made in the admin."""

from typing import Any

from django.core.exceptions import ValidationError as ModelError
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.org import services
from intraday.org.access import Demo, Grant, Member, Principal
from intraday.org.credentials import keys
from intraday.org.models import ApiKey, KeyScope
from intraday.rest.errors import NotFound
from intraday.rest.fields import ChoiceField, PrintableField, ShortListField
from intraday.rest.idempotency.views import idempotent
from intraday.rest.pages import OfOrganization, read_body, read_query
from intraday.rest.permissions import SignedIn, check_organization_level, enter
from intraday.rest.schema import BAD_POSTS, BAD_REQUESTS, CREATING_POSTS

OFFERED = [KeyScope.INGEST, KeyScope.READ]


class NewKeyRequest(OfOrganization):
    name = PrintableField(max_length=128, help_text="Which system uses it.")
    scopes = ShortListField(
        child=ChoiceField(choices=[scope.value for scope in OFFERED]),
        min_length=1,
        max_length=len(OFFERED),
        help_text="Its rights.",
    )


class RevokeKeyRequest(OfOrganization):
    key_id = serializers.CharField(max_length=20, help_text="Id of the key.")


class KeySchema(serializers.Serializer):
    key_id = serializers.CharField(help_text="Id of the key.")
    name = serializers.CharField(help_text="Which system uses it.")
    prefix = serializers.CharField(help_text="How the key begins.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Its rights.")
    state = serializers.CharField(help_text="Such as `in force`.")
    created_at = serializers.DateTimeField(help_text="When it was made.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Null: it holds until it is revoked.")
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To within minutes.")


class NewKeySchema(KeySchema):
    key = serializers.CharField(help_text="For `Authorization: Api-Key …`. Shown only now.")


class KeysView(APIView):
    """The keys that are not revoked, and a new one."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OfOrganization],
        responses={200: inline_serializer("ApiKeys", {"items": KeySchema(many=True)}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        principal = _keeper(request, read_query(OfOrganization, request.query_params))
        return Response({"items": [_described(key) for key in keys.unrevoked(principal.organization)]})

    @idempotent
    @extend_schema(request=NewKeyRequest, responses={201: NewKeySchema, **CREATING_POSTS})
    def post(self, request: Request) -> Response:
        asked = read_body(NewKeyRequest, request)
        principal = _keeper(request, asked)
        try:
            key, secret = services.create_api_key(
                organization=principal.organization, name=asked["name"], scopes=asked["scopes"]
            )
        except ModelError as error:
            raise ValidationError(error.message_dict) from None
        return Response({**_described(key), "key": secret}, status=status.HTTP_201_CREATED)


class RevokeKeyView(APIView):
    """End a key: its calls are refused at once, its sockets close within seconds."""

    permission_classes = [SignedIn]

    @extend_schema(request=RevokeKeyRequest, responses={200: KeySchema, **BAD_POSTS})
    def post(self, request: Request) -> Response:
        asked = read_body(RevokeKeyRequest, request)
        principal = _keeper(request, asked)
        rows = keys.unrevoked(principal.organization)
        found = next((key for key in rows if str(key.pk) == asked["key_id"]), None)
        if found is None:
            raise NotFound
        services.revoke_keys(rows.filter(pk=found.pk), now=clock.now())
        found.refresh_from_db()
        return Response(_described(found))


def _keeper(request: Request, asked: dict[str, Any]) -> Principal:
    """Enter as a person who manages the whole organization: a key or a token must not make what outlives it."""
    principal = enter(request, asked.get("organization_id"), grant=Grant.MANAGE)
    check_organization_level(principal)
    credential = principal.credential
    if not isinstance(credential, Demo) and not (isinstance(credential, Member) and credential.session):
        raise PermissionDenied("Keys are kept by people: sign in at the console.", code="forbidden")
    return principal


def _described(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": str(key.pk),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "state": keys.state(key, now=clock.now()),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }
