"""Who is calling and what they may do. The organization comes from the credential; what a client types is compared."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User

from intraday.org.models import ApiKey, KeyScope, Membership, Organization, Role
from intraday.org.services import key_digest

DEMO_ORGANIZATION = "org_123"

ROLE_GRANTS: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({KeyScope.READ}),
    Role.ANALYST: frozenset({KeyScope.READ}),
    Role.SUPERVISOR: frozenset({KeyScope.READ}),
    Role.ADMIN: frozenset({KeyScope.READ, KeyScope.INGEST}),
}


@dataclass(frozen=True)
class Principal:
    """A credential that was believed, inside one organization."""

    organization: Organization
    name: str  # who stands in logs and audit: "key acd-feed", "dana", "demo user_123"
    user_id: str
    role: str
    grants: frozenset[str]

    def may(self, grant: str) -> bool:
        return grant in self.grants

    @property
    def sees_names(self) -> bool:
        """Whether personal names are shown to it; otherwise it gets the redacted body of an event."""
        return self.role in (Role.SUPERVISOR, Role.ADMIN)


def by_api_key(secret: str) -> Principal | None:
    key = ApiKey.objects.select_related("organization").filter(digest=key_digest(secret), revoked_at=None).first()
    if key is None:
        return None
    return Principal(key.organization, f"key {key.name}", f"key:{key.prefix}", Role.VIEWER, frozenset(key.scopes))


def by_membership(user: User, organization_id: str) -> Principal | None:
    found = Membership.objects.select_related("organization")
    membership = found.filter(user=user, organization_id=organization_id, user__is_active=True).first()
    if membership is None:
        return None
    name = user.get_username()
    return Principal(membership.organization, name, name, membership.role, ROLE_GRANTS[membership.role])


def organizations_of(user: User) -> list[str]:
    return sorted(Membership.objects.filter(user=user).values_list("organization_id", flat=True))


def by_demo(user_id: str, organization_id: str) -> Principal | None:
    """Demo mode believes anybody, for the demo organization alone; its four people keep their roles."""
    if not settings.DEMO or organization_id != DEMO_ORGANIZATION:
        return None
    organization = Organization.objects.filter(id=organization_id).first()
    if organization is None:
        return None
    membership = Membership.objects.filter(user__username=user_id, organization=organization).first()
    role = membership.role if membership else Role.SUPERVISOR
    return Principal(organization, f"demo {user_id}", user_id, role, frozenset(KeyScope))
