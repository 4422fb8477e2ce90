from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from intraday.audit import origin
from intraday.logs.access import bind_organization
from intraday.org.access import DEEDS, Principal
from intraday.rest.authentication import Caller
from intraday.rest.errors import NotFound


class Nobody(BasePermission):
    """The default: a view must say who may call it."""

    def has_permission(self, request: Request, view: object) -> bool:
        return False


class SignedIn(BasePermission):
    """Any authenticated credential. Its rights are checked by `enter`, once the organization is known."""

    def has_permission(self, request: Request, view: object) -> bool:
        return isinstance(request.auth, Caller)


def enter(request: Request, organization_id: str | None, *, grant: str, or_grant: str = "") -> Principal:
    """The caller inside the organization, holding (one of) the grant(s). Raises NotFound or PermissionDenied."""
    caller = request.auth
    assert isinstance(caller, Caller)
    principal = caller.enter(organization_id)
    origin.name_caller(principal.name)
    bind_organization(principal.organization.id)
    if not principal.may(grant) and not principal.may(or_grant):
        raise PermissionDenied(
            f"{principal.name} may not {DEEDS[grant]}: ask an administrator of the organization.", code="forbidden"
        )
    return principal


def check_scope(principal: Principal, department_id: str, queue_name: str) -> None:
    """Refuse what lies beside or above the caller's departments. A queue alone is looked for inside them.

    Raises NotFound or PermissionDenied.
    """
    if department_id and not principal.covers(department_id):
        raise NotFound
    if not department_id and not queue_name:
        check_organization_level(principal)


def check_organization_level(principal: Principal) -> None:
    if not principal.covers(""):
        raise PermissionDenied(f"{principal.name} is limited to departments: name one.", code="forbidden")
