"""Every kind of credential, and the column of the matrix's tables (test_matrix) that it answers like.

The tables say what people get by their session. Here stand all other ways to call: tokens of people, tokens of a
customer's own users, keys by their scopes, links of wall boards, people without a place in the organization, and
everything that was valid once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.core import signing
from django.utils import timezone
from rest_framework.test import APIClient

from intraday.org import access, services
from intraday.org.access import Issued, Member
from intraday.org.credentials import tokens, walls
from intraday.org.models import ApiKey, KeyScope, Membership, Organization, Role, WallBoard
from tests.access.people import person, session_of, token_of

STRANGER, VOID, NOBODY = "stranger", "revoked", "nobody"
HERE = "dept_456"


@dataclass(frozen=True)
class Kind:
    """A kind of credential. `like`: the caller of the tables who gets the same answers."""

    like: str
    secret: str = ""
    """A key or token; '' for sessions."""
    session: str = ""
    scopes: frozenset[str] | None = None
    """Of a key."""
    wall: bool = False
    issued: bool = False
    """Made by a key, for a user without a membership here."""

    @property
    def client(self) -> APIClient:
        if self.secret:
            keyword = "Api-Key" if self.secret.startswith(services.KEY_PREFIX) else "Bearer"
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"{keyword} {self.secret}")
            return client
        client = APIClient()
        client.cookies["sessionid"] = self.session
        return client


Maker = Callable[[Organization, Organization], Kind]


def _session(like: str, user: User) -> Kind:
    return Kind(like, session=session_of(user))


def _superuser(house: Organization, stranger: Organization) -> Kind:
    return _session(STRANGER, User.objects.create(username="root", is_staff=True, is_superuser=True))


def _clerk(house: Organization, stranger: Organization) -> Kind:
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.all())
    return _session(STRANGER, clerk)


def _inactive(house: Organization, stranger: Organization) -> Kind:
    left = person("left", house, Role.ADMIN)
    kind = _session(NOBODY, left)
    User.objects.filter(pk=left.pk).update(is_active=False)
    return kind


def _signed_out(house: Organization, stranger: Organization) -> Kind:
    kind = _session(NOBODY, person("out", house, Role.ADMIN))
    Session.objects.filter(session_key=kind.session).delete()
    return kind


def _member(role: str, *departments: str) -> Maker:
    like = "limited" if departments else role
    return lambda house, stranger: Kind(like, token_of(person(f"token {like}", house, role, *departments), house))


def _foreign_member(house: Organization, stranger: Organization) -> Kind:
    return Kind(STRANGER, token_of(person("elsewhere", stranger, Role.ADMIN), stranger))


def _former_member(house: Organization, stranger: Organization) -> Kind:
    former = person("former", house, Role.ADMIN)
    token = token_of(former, house)
    Membership.objects.filter(user=former).delete()
    return Kind(VOID, token)


def _old_password(house: Organization, stranger: Organization) -> Kind:
    changed = person("changed", house, Role.ADMIN)
    token = token_of(changed, house)
    changed.set_password("another one entirely")
    changed.save()
    return Kind(VOID, token)


def _key(*scopes: str) -> Maker:
    def make(house: Organization, stranger: Organization) -> Kind:
        return Kind("admin", _made(house, *scopes)[1], scopes=frozenset(scopes))

    return make


def _made(organization: Organization, *scopes: str) -> tuple[ApiKey, str]:
    return services.create_api_key(
        organization=organization, name="-".join(scopes), scopes=scopes, token_role=Role.ADMIN
    )


def _foreign_key(house: Organization, stranger: Organization) -> Kind:
    return Kind("key_999", _made(stranger, *KeyScope.values)[1])


def _revoked_key(house: Organization, stranger: Organization) -> Kind:
    key, secret = _made(house, *KeyScope.values)
    services.revoke_keys(ApiKey.objects.filter(pk=key.pk), now=timezone.now())
    return Kind(VOID, secret)


def _expired_key(house: Organization, stranger: Organization) -> Kind:
    key, secret = _made(house, *KeyScope.values)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    return Kind(VOID, secret)


def _unknown_key(house: Organization, stranger: Organization) -> Kind:
    return Kind(VOID, f"{services.KEY_PREFIX}{'x' * 43}")


def _issued(role: str, *departments: str) -> Maker:
    """A token that a key made for a user of the customer's own."""
    like = "limited" if departments else role

    def make(house: Organization, stranger: Organization) -> Kind:
        return Kind(like, _issued_by(_made(house, KeyScope.TOKEN)[0], role, *departments), issued=True)

    return make


def _issued_by(key: ApiKey, role: str, *departments: str) -> str:
    ending = timezone.now() + timedelta(minutes=10)
    return tokens.sign(Issued(key.pk, f"customer's {role}", role, frozenset(departments) or None, ending))


def _issued_by_revoked_key(house: Organization, stranger: Organization) -> Kind:
    key, _ = _made(house, KeyScope.TOKEN)
    services.revoke_keys(ApiKey.objects.filter(pk=key.pk), now=timezone.now())
    return Kind(VOID, _issued_by(key, Role.ADMIN))


def _issued_by_key_without_scope(house: Organization, stranger: Organization) -> Kind:
    return Kind(VOID, _issued_by(_made(house, KeyScope.READ)[0], Role.ADMIN))


def _expired(house: Organization, stranger: Organization) -> Kind:
    return Kind(VOID, token_of(person("late", house, Role.ADMIN), house, -1))


def _forged(house: Organization, stranger: Organization) -> Kind:
    """Signed with another key than ours, with everything right in it."""
    dana = person("forger", house, Role.ADMIN)
    held = Member(dana.pk, house.id, access.stamp(dana))
    claims = {"exp": 2**33, "user": held.user, "org": held.organization, "stamp": held.stamp}
    return Kind(VOID, signing.dumps(claims, key="not the key of this server", salt="intraday.token.1"))


def wall_token(organization: Organization, department: str = "") -> str:
    board = {"organization": organization, "department_id": department, "name": "2nd floor", "created_by": "sam"}
    principal = walls.opened_by(walls.create(**board)[1], now=timezone.now())  # type: ignore[arg-type]
    assert principal is not None
    return walls.token_of(principal)


def _wall(department: str = "") -> Maker:
    like = "limited" if department else "viewer"
    return lambda house, stranger: Kind(like, wall_token(house, department), wall=True)


def _foreign_wall(house: Organization, stranger: Organization) -> Kind:
    return Kind(STRANGER, wall_token(stranger), wall=True)


def _revoked_wall(house: Organization, stranger: Organization) -> Kind:
    token = wall_token(house)
    walls.revoke(WallBoard.objects.all(), now=timezone.now())
    return Kind(VOID, token)


KINDS: dict[str, Maker] = {
    "session of a superuser": _superuser,
    "session of staff without membership": _clerk,
    "session of an inactive member": _inactive,
    "session that was ended": _signed_out,
    **{f"token of a member: {role}": _member(role) for role in Role.values},
    "token of a member: admin of one department": _member(Role.ADMIN, HERE),
    "token of a member elsewhere": _foreign_member,
    "token of a former member": _former_member,
    "token from before a new password": _old_password,
    "token that has expired": _expired,
    "token that was forged": _forged,
    **{f"token of a customer's {role}": _issued(role) for role in Role.values},
    "token of a customer's admin of one department": _issued(Role.ADMIN, HERE),
    "token of a revoked key": _issued_by_revoked_key,
    "token of a key without the scope": _issued_by_key_without_scope,
    **{f"key: {scope}": _key(scope) for scope in KeyScope.values},
    "key: every scope": _key(*KeyScope.values),
    "key of another tenant": _foreign_key,
    "key that was revoked": _revoked_key,
    "key that never was": _unknown_key,
    "key that has expired": _expired_key,
    "wall": _wall(),
    "wall of one department": _wall(HERE),
    "wall of another tenant": _foreign_wall,
    "wall that was revoked": _revoked_wall,
}
