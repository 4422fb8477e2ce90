"""Groups of identity providers to memberships: decided at every sign-in, granted and withdrawn."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from intraday.org import person_audit, services
from intraday.org.models import Membership, Organization, Role
from intraday.sign_in.models import GrantedMembership, GroupGrant, IdentityProvider


@dataclass(frozen=True)
class Access:
    """The access of a person to an organization, and the groups that grant it."""

    role: str
    department_ids: tuple[str, ...]
    groups: tuple[str, ...]


def decide(grants: Iterable[GroupGrant]) -> dict[str, Access]:
    """Return the access to each organization: the highest role that a group grants, in the departments of that role.

    Departments of lower roles are left out: joined to the others, they would get the higher role.
    """
    by_organization: dict[str, list[GroupGrant]] = {}
    for grant in grants:
        by_organization.setdefault(grant.organization_id, []).append(grant)
    return {organization: _highest(found) for organization, found in by_organization.items()}


def _highest(grants: list[GroupGrant]) -> Access:
    role = max((grant.role for grant in grants), key=Role.values.index)
    counting = [grant for grant in grants if grant.role == role]
    whole = any(not grant.department_ids for grant in counting)
    departments = () if whole else tuple(sorted({code for grant in counting for code in grant.department_ids}))
    return Access(role, departments, tuple(sorted({grant.group for grant in grants})))


def granted(provider: IdentityProvider, groups: Collection[str]) -> dict[str, Access]:
    return decide(GroupGrant.objects.in_force(provider).filter(group__in=set(groups)))


@transaction.atomic
def apply(user: User, provider: IdentityProvider, groups: Collection[str]) -> None:
    """Give the person the memberships that these groups grant, and take those that they granted before.

    Memberships that were made by hand, or granted by another provider, stay as they are.
    """
    User.objects.select_for_update().get(pk=user.pk)  # two sign-ins at once come one after the other
    wanted = granted(provider, groups)
    marked = GrantedMembership.objects.filter(provider=provider, membership__user=user).select_related("membership")
    held = {mark.membership.organization_id: mark for mark in marked}
    for organization_id in held.keys() - wanted.keys():
        _withdraw(held[organization_id])
    for organization_id, access in sorted(wanted.items()):
        _give(user, provider, organization_id, access, held.get(organization_id))


@transaction.atomic
def reapply(provider: IdentityProvider, organization: Organization) -> None:
    """Judge the memberships of this organization again by the groups that granted them, after a change of grants."""
    marks = GrantedMembership.objects.filter(provider=provider, membership__organization=organization)
    for mark in marks.select_related("membership__user").select_for_update(of=("self",)):
        access = granted(provider, mark.groups).get(organization.pk)
        if access is None:
            _withdraw(mark)
        else:
            _give(mark.membership.user, provider, organization.pk, access, mark)


@transaction.atomic
def withdraw_all(provider: IdentityProvider) -> None:
    """Take every membership that the provider granted, before it is removed."""
    for mark in GrantedMembership.objects.filter(provider=provider).select_related("membership__user"):
        _withdraw(mark)


def _give(
    user: User, provider: IdentityProvider, organization_id: str, access: Access, mark: GrantedMembership | None
) -> None:
    membership = Membership.objects.filter(user=user, organization=organization_id).first()
    if membership is not None and mark is None:
        return  # made by hand
    before = None if membership is None else (membership.role, tuple(membership.department_ids))
    if before != (access.role, access.department_ids):  # a save would have open sockets asked again
        membership = services.grant(
            user=user,
            organization=Organization.objects.get(pk=organization_id),
            role=access.role,
            department_ids=access.department_ids,
        )
        person_audit.record("groups_granted", user, by=_actor(provider), after=_described(access))
    assert membership is not None
    GrantedMembership.objects.update_or_create(
        membership=membership, defaults={"provider": provider, "groups": list(access.groups)}
    )


def _withdraw(mark: GrantedMembership) -> None:
    user, provider = mark.membership.user, mark.provider
    person_audit.record("groups_withdrawn", user, by=_actor(provider), before={"groups": mark.groups})
    mark.membership.delete()


def _actor(provider: IdentityProvider) -> str:
    return f"provider {provider.pk}"


def _described(access: Access) -> dict[str, Any]:
    return {"role": access.role, "department_ids": list(access.department_ids), "groups": list(access.groups)}
