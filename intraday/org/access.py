"""Identity and rights of a caller. The organization comes from the credential; what a client types is compared.

A credential is remembered with what it was authenticated as, so that an open socket can be asked again: `authenticate`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from intraday.clock.database import clock
from intraday.org.models import ApiKey, KeyScope, Membership, Organization, Role, WallBoard
from intraday.org.names import Names
from intraday.org.services import key_digest

DEMO_ORGANIZATION = "org_123"
KEY_NAME, KEY_ID, WALL_ID = "key ", "key:", "wall:"
"""Beginnings of names and user ids of callers who are no people."""
NAME_LENGTH = 150  # of actors in the histories of alerts and rules


class Grant:
    """Rights of roles, besides the scopes of keys, which roles hold too."""

    ACT = "act"  # acknowledge, resolve, snooze
    SILENCE = "silence"
    RULES = "rules"  # edit alert rules
    WALLS = "walls"  # make and revoke links of wall boards
    NOTIFY = "notify"  # channels and routes of alerts
    MANAGE = "manage"  # members, keys, queues, thresholds
    WATCH = "watch"  # hear and read what the page of a wall board shows, and nothing else


DEEDS: dict[str, str] = {
    Grant.ACT: "act on alerts",
    Grant.SILENCE: "silence alerts",
    Grant.RULES: "edit alert rules",
    Grant.WALLS: "make wall boards",
    Grant.NOTIFY: "choose who is notified",
    Grant.MANAGE: "manage the organization",
    Grant.WATCH: "watch figures",
    KeyScope.INGEST: "post figures",
    KeyScope.READ: "read figures",
    KeyScope.PUBLISH: "publish events",
    KeyScope.TOKEN: "make tokens",
}


WALL = "wall"
"""The stand-in for a role on walls; no person has it, and it has one right."""
_WALL = frozenset({Grant.WATCH})
_VIEWER = frozenset({KeyScope.READ})
_ANALYST = _VIEWER | {Grant.ACT}
_SUPERVISOR = _ANALYST | {Grant.SILENCE, Grant.WALLS, Grant.NOTIFY, KeyScope.PUBLISH}
_ADMIN = _SUPERVISOR | {Grant.RULES, Grant.MANAGE, KeyScope.INGEST}
ROLE_GRANTS: dict[str, frozenset[str]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _ADMIN,
}


# --- credentials -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Key:
    """An API key, with its expiry and the highest role of its tokens as they were at the look-up."""

    key: int
    expires_at: datetime | None = None
    token_role: str = Role.VIEWER


@dataclass(frozen=True)
class Member:
    """A person in one of her organizations: by session, or by a token, which expires. `stamp` is her password's."""

    user: int
    organization: str
    stamp: str
    session: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Issued:
    """A customer's own user, for whom a key with the scope `token` vouched, for no longer than the key lives."""

    key: int
    user_id: str
    role: str
    departments: frozenset[str] | None
    expires_at: datetime


@dataclass(frozen=True)
class Wall:
    """The page of a wall board, as long as its link is not revoked."""

    board: int
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Demo:
    user_id: str
    expires_at = None


Credential = Key | Member | Issued | Wall | Demo


class Refused(Enum):
    """Why a credential does not hold."""

    SIGN_IN = "sign_in"  # it is void: revoked, unknown, or a token that has expired
    KEY_EXPIRED = "key_expired"  # a key, or one that vouched for the token
    NOT_A_MEMBER = "not_a_member"  # the person is known, and does not belong to the organization


KEY_EXPIRED = "The API key has expired: ask an administrator of the organization for a new one."


@dataclass(frozen=True)
class Principal:
    """An authenticated credential, inside one organization."""

    organization: Organization
    name: str  # who stands in logs and audit: "key acd-feed", "dana", "demo user_123"
    user_id: str
    role: str
    grants: frozenset[str]
    credential: Credential
    departments: frozenset[str] | None = None  # None: the whole organization

    def may(self, grant: str) -> bool:
        return grant in self.grants

    def covers(self, department_id: str) -> bool:
        """Return whether this department is the caller's; '' is the organization's level, above all departments."""
        return self.departments is None or department_id in self.departments

    @property
    def expires_at(self) -> datetime | None:
        return self.credential.expires_at

    @property
    def counted_as(self) -> str:
        """Return the caller as calls and connections are counted: a token may carry the name of a member."""
        return f"token:{self.user_id}" if isinstance(self.credential, Issued) else self.user_id

    @property
    def names(self) -> Names:
        """Return how much of people the caller may see: members see colleagues, as tokens of acting roles do."""
        if self.role == WALL:
            return Names.NONE
        if self.role in (Role.SUPERVISOR, Role.ADMIN):
            return Names.FULL
        is_colleague = self.role == Role.ANALYST or isinstance(self.credential, Member | Demo)
        return Names.COLLEAGUES if is_colleague else Names.IDS

    @property
    def sees_names(self) -> bool:
        """Return whether employees are shown by name."""
        return self.names is Names.FULL

    @property
    def sees_colleagues(self) -> bool:
        """Return whether users of the console are shown by name, such as the one who took an alert."""
        return self.names >= Names.COLLEAGUES


# --- authenticating ------------------------------------------------------------------------------------------------
def by_api_key(secret: str) -> Principal | None:
    found = by_api_keys([secret]).get(secret)
    return None if isinstance(found, Refused) else found


def by_api_keys(secrets: Collection[str]) -> dict[str, Principal | Refused]:
    """Return the principal of each secret that is a key, Refused if the key has expired, in one query.

    Unknown and revoked ones are left out.
    """
    if not secrets:
        return {}
    digests = {key_digest(secret): secret for secret in secrets}
    rows = ApiKey.objects.select_related("organization").filter(digest__in=digests, revoked_at=None)
    now = clock.now()
    return {digests[key.digest]: _vouched(Key(key.pk), key, now) for key in rows}


def by_membership(user: User, organization_id: str, *, session: str = "") -> Principal | None:
    return by_credential(Member(user.pk, organization_id, stamp(user), session))


def by_credential(credential: Credential | None) -> Principal | None:
    found = None if credential is None else authenticate([credential])[credential]
    return None if isinstance(found, Refused) else found


def by_demo(user_id: str, organization_id: str) -> Principal | None:
    """Return the caller of demo mode: anybody, in the demo organization alone; its four people keep their roles."""
    return by_credential(Demo(user_id)) if organization_id == DEMO_ORGANIZATION else None


def authenticate(credentials: Iterable[Credential]) -> dict[Credential, Principal | Refused]:
    """Return the present rights of each credential, in one query each for people, keys and wall boards."""
    asked = set(credentials)
    now = clock.now()
    members = _members([each for each in asked if isinstance(each, Member)])
    keys = _keys({each.key for each in asked if isinstance(each, Key | Issued)})
    boards = _boards({each.board for each in asked if isinstance(each, Wall)})
    answers: dict[Credential, Principal | Refused] = {}
    for each in asked:
        if each.expires_at is not None and each.expires_at <= now:
            answers[each] = Refused.SIGN_IN
        elif isinstance(each, Member):
            answers[each] = _member(each, members.get((each.user, each.organization)))
        elif isinstance(each, Wall):
            answers[each] = _wall(each, boards.get(each.board))
        elif isinstance(each, Demo):
            answers[each] = _demo(each)
        else:
            answers[each] = _vouched(each, keys.get(each.key), now)
    return answers


def _members(credentials: list[Member]) -> dict[tuple[int, str], Membership]:
    organizations = {each.organization for each in credentials if "\0" not in each.organization}  # no database takes it
    if not organizations:
        return {}
    rows = Membership.objects.select_related("organization", "user").filter(
        user__in={each.user for each in credentials}, organization__in=organizations
    )
    return {(row.user_id, row.organization_id): row for row in rows}


def _keys(ids: set[int]) -> dict[int, ApiKey]:
    rows = ApiKey.objects.select_related("organization").filter(pk__in=ids, revoked_at=None) if ids else ()
    return {row.pk: row for row in rows}


def _boards(ids: set[int]) -> dict[int, WallBoard]:
    rows = WallBoard.objects.select_related("organization").filter(pk__in=ids, revoked_at=None) if ids else ()
    return {row.pk: row for row in rows}


def _member(credential: Member, row: Membership | None) -> Principal | Refused:
    if row is None:
        return Refused.NOT_A_MEMBER
    if not row.user.is_active or not _is_stamp_of(row.user, credential.stamp):
        return Refused.SIGN_IN
    name = row.user.get_username()
    departments = frozenset(row.department_ids) or None
    return Principal(row.organization, name, name, row.role, ROLE_GRANTS[row.role], credential, departments)


def _vouched(credential: Key | Issued, key: ApiKey | None, now: datetime) -> Principal | Refused:
    if key is None:
        return Refused.SIGN_IN
    if key.expires_at is not None and key.expires_at <= now:
        return Refused.KEY_EXPIRED
    if isinstance(credential, Key):
        return _key_principal(key)
    if KeyScope.TOKEN not in key.scopes or credential.role not in Role(key.token_role).and_below:
        return Refused.SIGN_IN
    return _issued_principal(credential, key)


def _issued_principal(credential: Issued, key: ApiKey) -> Principal:
    who, role = credential.user_id, credential.role
    name = _fitting(who, f" by key {key.name}")
    ending = min(filter(None, [credential.expires_at, key.expires_at]))
    credential = replace(credential, expires_at=ending)
    return Principal(key.organization, name, who, role, ROLE_GRANTS[role], credential, credential.departments)


def _fitting(who: str, by: str) -> str:
    """Return both in one name for the audit; a long user id is shortened rather than the key that vouched for it."""
    room = NAME_LENGTH - len(by)
    return (who if len(who) <= room else f"{who[: room - 1]}…") + by


def _key_principal(key: ApiKey) -> Principal:
    name, user_id = f"{KEY_NAME}{key.name}", f"{KEY_ID}{key.prefix}"
    credential = Key(key.pk, key.expires_at, key.token_role)
    return Principal(key.organization, name, user_id, Role.VIEWER, frozenset(key.scopes), credential)


def _wall(credential: Wall, board: WallBoard | None) -> Principal | Refused:
    if board is None:
        return Refused.SIGN_IN
    departments = frozenset([board.department_id]) if board.department_id else None
    name, user_id = f"wall board {board.name}", f"{WALL_ID}{board.pk}"
    return Principal(board.organization, name, user_id, WALL, _WALL, credential, departments)


def _demo(credential: Demo) -> Principal | Refused:
    organization = Organization.objects.filter(id=DEMO_ORGANIZATION).first() if settings.DEMO else None
    if organization is None:
        return Refused.SIGN_IN
    membership = Membership.objects.filter(user__username=credential.user_id, organization=organization).first()
    role = membership.role if membership else Role.SUPERVISOR
    user_id = credential.user_id
    return Principal(organization, f"demo {user_id}", user_id, role, ROLE_GRANTS[Role.ADMIN], credential)


# --- people and their sessions ---------------------------------------------------------------------------------------
def stamp(user: User) -> str:
    """Changes with the password, and tells nothing of it."""
    return user.get_session_auth_hash()[:16]


def _is_stamp_of(user: User, stated: str) -> bool:
    """Return whether the password is the same as then; SECRET_KEY may have become a fallback since."""
    valid = [stamp(user), *(each[:16] for each in user.get_session_auth_fallback_hash())]
    return any(constant_time_compare(each, stated) for each in valid)


def organizations_of(user: User) -> list[str]:
    return organizations_of_each([user])[user.pk]


def organizations_of_each(users: Collection[User]) -> dict[int, list[str]]:
    """Sorted, in one query."""
    found: dict[int, list[str]] = {user.pk: [] for user in users}
    rows = Membership.objects.filter(user__in=found).order_by("organization_id")
    for user, organization in rows.values_list("user_id", "organization_id"):
        found[user].append(organization)
    return found


def organizations_by_grant(user: User) -> dict[str, frozenset[str]]:
    """Return, for each right, the ids of the organizations in which the user has it without a limit to departments."""
    found: dict[str, set[str]] = {}
    for row in Membership.objects.filter(user=user.pk, user__is_active=True):
        for grant in ROLE_GRANTS[row.role] if not row.department_ids else ():
            found.setdefault(grant, set()).add(row.organization_id)
    return {grant: frozenset(ids) for grant, ids in found.items()}


def role_in(user: User, organization: Organization) -> Role | None:
    """Return the role that the person may hand on there: her own; a superuser's is the highest."""
    if user.is_superuser:
        return Role.ADMIN
    held = Membership.objects.filter(user=user.pk, organization=organization).values_list("role", flat=True).first()
    return None if held is None else Role(held)


def by_session(session_key: str) -> User | None:
    return by_sessions([session_key]).get(session_key)


def by_sessions(session_keys: Collection[str]) -> dict[str, User]:
    """The people signed in by these sessions, in two queries. As django.contrib.auth.get_user, which would also renew
    the key after a change of SECRET_KEY; a socket cannot set the cookie that goes with it."""
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=clock.now())
    stored = {row.session_key: row.get_decoded() for row in rows}
    users = User.objects.filter(is_active=True).in_bulk([data.get(SESSION_KEY, 0) for data in stored.values()])
    people = {key: users.get(int(data.get(SESSION_KEY, 0))) for key, data in stored.items()}
    return {key: user for key, user in people.items() if user is not None and _signed_in(user, stored[key])}


def _signed_in(user: User, session: dict[str, Any]) -> bool:
    stated = session.get(HASH_SESSION_KEY, "")
    valid = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(stated, each) for each in valid)


def sessions_alive(session_keys: Iterable[str]) -> set[str]:
    """Return the sessions that nobody ended and that have not run out."""
    rows = Session.objects.filter(session_key__in=set(session_keys), expire_date__gt=clock.now())
    return set(rows.values_list("session_key", flat=True))


def versions(organization_ids: Iterable[str]) -> dict[str, int]:
    """The access version of each organization that there still is."""
    rows = Organization.objects.filter(id__in=set(organization_ids))
    return dict(rows.values_list("id", "access_version"))
