"""The credentials of a REST call: an API key, a signed token, a signed-in person, or none in demo mode."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from intraday.logs.access import bind_caller
from intraday.org import access
from intraday.org.access import Principal, Refused
from intraday.org.credentials import recent_keys, tokens
from intraday.org.credentials.key_use import key_uses
from intraday.rest import origins
from intraday.rest.client_address import of_request
from intraday.rest.errors import NotFound


class Caller:
    """A caller whose organization is not known yet. `enter` says whether the requested one is theirs."""

    @property
    def credential(self) -> str:
        """Calls with the same value are counted together (intraday.rest.limits.throttling)."""
        raise NotImplementedError

    @property
    def is_person(self) -> bool:
        """A person's browser, or a feed that posts for many."""
        raise NotImplementedError

    def enter(self, organization_id: str | None) -> Principal:
        """The caller as a member of that organization, or of its only one if none is typed. Raises NotFound."""
        raise NotImplementedError


@dataclass(frozen=True)
class OneOrganization(Caller):
    principal: Principal

    @property
    def credential(self) -> str:
        return f"{self.principal.organization.id}:{self.principal.counted_as}"

    @property
    def is_person(self) -> bool:
        return isinstance(self.principal.credential, access.Member | access.Issued | access.Wall)

    def enter(self, organization_id: str | None) -> Principal:
        if organization_id not in (None, self.principal.organization.id):
            raise NotFound
        return self.principal


@dataclass(frozen=True)
class Person(Caller):
    user: Any
    session: str
    is_person = True

    @property
    def credential(self) -> str:
        return f"person:{self.user.pk}"

    def enter(self, organization_id: str | None) -> Principal:
        if organization_id is None:
            organizations = access.organizations_of(self.user)
            organization_id = organizations[0] if len(organizations) == 1 else ""
        principal = access.by_membership(self.user, organization_id, session=self.session)
        if principal is None:
            raise NotFound
        return principal


class HeaderAuthentication(BaseAuthentication):
    """`Authorization: <keyword> <secret>`"""

    keyword: str
    failure: tuple[str, str]
    """Message and code for a caller with a bad secret."""
    expired = (access.KEY_EXPIRED, "key_expired")

    def principal_of(self, secret: str) -> Principal | Refused | None:
        raise NotImplementedError

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        keyword, _, secret = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != self.keyword.lower():
            return None
        principal = self.principal_of(secret.strip())
        if not isinstance(principal, Principal):
            raise AuthenticationFailed(*(self.expired if principal is Refused.KEY_EXPIRED else self.failure))
        key_uses.note(principal, of_request(request._request))
        bind_caller(principal.user_id)
        return None, OneOrganization(principal)

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class ApiKeyAuthentication(HeaderAuthentication):
    """`Authorization: Api-Key ik_…`"""

    keyword = "Api-Key"
    failure = ("This API key is unknown or revoked.", "bad_key")

    def principal_of(self, secret: str) -> Principal | Refused | None:
        return recent_keys.principal_of(secret)


class TokenAuthentication(HeaderAuthentication):
    """`Authorization: Bearer …`, with a token of `POST /api/ws/token`"""

    keyword = "Bearer"
    failure = ("This token is invalid or has expired: get another one.", "bad_token")

    def principal_of(self, secret: str) -> Principal | Refused | None:
        return access.by_credential(tokens.read(secret))


class PersonAuthentication(SessionAuthentication):
    """A signed-in person's session cookie; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        bind_caller(found[0].get_username())
        return found[0], Person(found[0], request._request.session.session_key or "")


class DemoAuthentication(BaseAuthentication):
    """Authentication of the demo mode: a call without credentials belongs to the demo organization.

    Any page that a browser on this machine shows could make such calls: those of other origins change nothing.
    """

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        if not settings.DEMO or "Authorization" in request.headers:
            return None
        if request.method not in SAFE_METHODS and not origins.of_request_allowed(request._request):
            raise PermissionDenied(
                "The demo takes no changes from pages of other origins: open its own page, or send an API key.",
                code="foreign_origin",
            )
        principal = access.by_demo("ada", access.DEMO_ORGANIZATION)
        if principal is None:
            return None
        bind_caller(principal.user_id)
        return None, OneOrganization(principal)
