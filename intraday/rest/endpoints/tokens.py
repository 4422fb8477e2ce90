"""`POST /api/ws/token`."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.audit import services as audit
from intraday.clock.database import clock
from intraday.org import access
from intraday.org.access import Issued, Key, Member, Principal
from intraday.org.credentials import tokens
from intraday.org.models import Department, KeyScope, Role, valid_id
from intraday.rest.authentication import Caller, Person
from intraday.rest.fields import ChoiceField, PrintableField, ShortListField
from intraday.rest.pages import read_body
from intraday.rest.permissions import SignedIn, enter
from intraday.rest.schema import BAD_POSTS

LONGEST_SECONDS = int(tokens.LONGEST.total_seconds())


class OwnTokenRequest(serializers.Serializer):
    """A signed-in person, for herself."""

    organization_id = serializers.CharField(
        required=False, max_length=64, help_text="May be left out by a member of one organization."
    )


class UserTokenRequest(serializers.Serializer):
    """An API key with the scope `token`, for one of the customer's own users."""

    organization_id = serializers.CharField(required=False, max_length=64, help_text="The organization of the key.")
    user_id = PrintableField(
        max_length=150,
        help_text="The person's id in the customer's system.",
    )
    role = ChoiceField(choices=Role.choices, help_text="At most the role that was chosen for the key.")
    department_ids = ShortListField(
        child=serializers.CharField(max_length=64, validators=[valid_id]),
        required=False,
        allow_empty=False,
        max_length=1_000,
        help_text="Only these departments; left out: the whole organization.",
    )
    ttl = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST_SECONDS, default=LONGEST_SECONDS, help_text="Seconds."
    )

    def validate_user_id(self, user_id: str) -> str:
        if user_id.startswith(("key:", "wall:")):
            raise serializers.ValidationError("API keys and wall boards are named so: send another id.")
        return user_id


class TokenAnswer(serializers.Serializer):
    token = serializers.CharField(help_text="For `authenticate` on `/ws` and for `Authorization: Bearer …`.")
    expires_at = serializers.DateTimeField()
    user_id = serializers.CharField()
    organization_id = serializers.CharField()
    role = ChoiceField(choices=Role.choices)


class TokenView(APIView):
    """A short-lived credential for a socket or a browser on another origin. A token cannot make another one."""

    permission_classes = [SignedIn]

    @extend_schema(
        auth=[{"ApiKey": []}, {"Session": []}],  # type: ignore[list-item]
        request=PolymorphicProxySerializer(
            "TokenRequest", [OwnTokenRequest, UserTokenRequest], resource_type_field_name=None
        ),
        responses={200: TokenAnswer, **BAD_POSTS},
    )
    def post(self, request: Request) -> Response:
        caller = request.auth
        assert isinstance(caller, Caller)
        return Response(_answer(_own(request) if isinstance(caller, Person) else _for_user(request)))


def _holder_of(credential: Member | Issued) -> Principal:
    """Raises AuthenticationFailed where what vouches for it was revoked a moment ago, as another process knew first."""
    principal = access.by_credential(credential)
    if principal is None:
        raise AuthenticationFailed("The key or the session has been revoked meanwhile: sign in again, or use another.")
    return principal


def _own(request: Request) -> Principal:
    asked = read_body(OwnTokenRequest, request)
    principal = enter(request, asked.get("organization_id"), grant=KeyScope.READ)
    held = principal.credential
    assert isinstance(held, Member)
    minted = _holder_of(Member(held.user, held.organization, held.stamp, expires_at=_ending(LONGEST_SECONDS)))
    rights = {"role": principal.role, "ttl": LONGEST_SECONDS}
    audit.record("token.minted", organization_id=principal.organization.id, target=principal.user_id, after=rights)
    return minted


def _for_user(request: Request) -> Principal:
    """Raises PermissionDenied for keys without the scope or the role, and for tokens: those would never end."""
    asked = read_body(UserTokenRequest, request)
    principal = enter(request, asked.get("organization_id"), grant=KeyScope.TOKEN)
    assert isinstance(principal.credential, Key)
    _check_role(principal, asked["role"], highest=principal.credential.token_role)
    departments = frozenset(asked["department_ids"]) if "department_ids" in asked else None
    _check_known(principal, departments or frozenset())
    minted = _holder_of(
        Issued(principal.credential.key, asked["user_id"], asked["role"], departments, _ending(asked["ttl"]))
    )
    _record(principal, asked, departments)
    return minted


def _check_role(principal: Principal, role: str, *, highest: str) -> None:
    if role not in Role(highest).and_below:
        raise PermissionDenied(
            f"{principal.name} may make tokens of the role '{highest}' at most, and not of '{role}': "
            "ask an administrator of the organization for a key that may.",
            code="forbidden",
        )


def _record(principal: Principal, asked: dict[str, Any], departments: frozenset[str] | None) -> None:
    rights = {"role": asked["role"], "department_ids": sorted(departments or ()), "ttl": asked["ttl"]}
    organization = principal.organization.id
    audit.record("token.minted", organization_id=organization, target=asked["user_id"], after=rights)


def _check_known(principal: Principal, departments: frozenset[str]) -> None:
    found = Department.objects.filter(organization=principal.organization, code__in=departments)
    unknown = departments - set(found.values_list("code", flat=True))
    if unknown:
        raise ValidationError({"department_ids": [f"Unknown: {', '.join(sorted(unknown))}."]})


def _ending(seconds: int) -> Any:
    return clock.now().replace(microsecond=0) + timedelta(seconds=seconds)


def _answer(principal: Principal) -> dict[str, Any]:
    credential = principal.credential  # which ends with the key, if that comes first
    assert isinstance(credential, Member | Issued)
    return {
        "token": tokens.sign(credential),
        "expires_at": credential.expires_at,
        "user_id": principal.user_id,
        "organization_id": principal.organization.id,
        "role": principal.role,
    }
