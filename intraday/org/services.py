"""Writing the organization tree and its credentials."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet

from intraday.audit import services as audit
from intraday.database import recent
from intraday.org.models import (
    ApiKey,
    Department,
    KeyScope,
    Membership,
    Organization,
    Queue,
    Role,
    Scope,
    valid_id,
    valid_queue_name,
)
from intraday.values.names import normalized

ScopeName = tuple[str, str]
"""(department_id, queue_name) as a feed types it; '' where it says nothing."""


@transaction.atomic
def create_organization(*, id: str, name: str, time_zone: str = "UTC") -> Organization:  # noqa: A002
    organization, _ = Organization.objects.get_or_create(id=id, defaults={"name": name, "time_zone": time_zone})
    Scope.objects.get_or_create(organization=organization, department_id="", queue_name="")
    return organization


def add_queues(organization: Organization, names: Iterable[ScopeName]) -> None:
    """Create what is missing of these departments ('' as queue) and queues, with their scopes; safe to repeat."""
    wanted = sorted({(department, normalized(queue)) for department, queue in names})
    _check_names(wanted)
    codes = sorted({department for department, _ in wanted})
    departments = _departments(organization, codes)
    if missing := [code for code in codes if code not in departments]:
        Department.objects.bulk_create(
            [Department(organization=organization, code=code, name=code) for code in missing], ignore_conflicts=True
        )
        departments = _departments(organization, codes)
    Queue.objects.bulk_create(
        [Queue(department=departments[code], name=queue) for code, queue in wanted if queue], ignore_conflicts=True
    )
    every = [("", ""), *((code, "") for code in codes), *wanted]
    Scope.objects.bulk_create(
        [
            Scope(organization=organization, department_id=code, queue_name=queue)
            for code, queue in dict.fromkeys(every)
        ],
        ignore_conflicts=True,
    )
    recent.forget([organization.pk])


def _check_names(names: Iterable[ScopeName]) -> None:
    """Bulk inserts ask no validator. Raises ValidationError."""
    for department, queue in names:
        check_name("department_id", valid_id, department)
        if queue:
            check_name("queue_name", valid_queue_name, queue)


def check_name(field_name: str, validator: object, value: str) -> None:
    try:
        validator(value)  # type: ignore[operator]
    except ValidationError as error:
        raise ValidationError({field_name: error.messages}) from error


def _departments(organization: Organization, codes: Sequence[str]) -> dict[str, Department]:
    return {row.code: row for row in Department.objects.filter(organization=organization, code__in=codes)}


KEY_PREFIX = "ik_"


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(
    *,
    organization: Organization,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    token_role: str = Role.VIEWER,
) -> tuple[ApiKey, str]:
    """Make a key; return it and its text, which is shown this once and cannot be read again.

    `token_role` is the highest role of tokens that it may mint; the caller checks that its maker has that role.
    """
    secret = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
    key = ApiKey(
        organization=organization,
        name=name,
        prefix=secret[:9],
        digest=key_digest(secret),
        scopes=sorted({KeyScope(scope).value for scope in scopes}),
        token_role=token_role,
        expires_at=expires_at,
    )
    key.full_clean()
    with transaction.atomic():
        key.save()
        audit.record("key.created", organization_id=organization.id, target=str(key), after=_rights_of_key(key))
    return key, secret


def _rights_of_key(key: ApiKey) -> dict[str, Any]:
    """Return what a key may, for the audit log."""
    ending = {"expires_at": key.expires_at} if key.expires_at else {}
    tokens = {"token_role": key.token_role} if KeyScope.TOKEN in key.scopes else {}
    return {"name": key.name, "scopes": key.scopes, **tokens, **ending}


@transaction.atomic
def revoke_keys(keys: QuerySet[ApiKey], *, now: datetime) -> int:
    """Revoke them and return how many were still in force; their sockets close within seconds."""
    organizations = set(keys.values_list("organization_id", flat=True))
    for key in keys.filter(revoked_at=None):
        audit.record("key.revoked", organization_id=key.organization_id, target=str(key))
    changed = keys.filter(revoked_at=None).update(revoked_at=now)
    access_changed(organizations)
    return changed


def find_or_add_person(username: str, email: str = "") -> tuple[User, bool]:
    """Return the person of this name and whether there was none before.

    A new person has no password yet and signs in once a link has set one (intraday.org.passwords). The address of a
    known person stays: it may reset the password.
    """
    name = User.normalize_username(username)  # as the sign-in page reads it
    person, is_new = User.objects.get_or_create(username=name, defaults={"email": email})
    if is_new:
        person.set_unusable_password()
        person.save(update_fields=["password"])
    return person, is_new


@transaction.atomic
def grant(
    *, user: Any, organization: Organization, role: str = Role.VIEWER, department_ids: Sequence[str] = ()
) -> Membership:
    """Make the person a member with this role, limited to these departments if any are named; or change that."""
    membership = Membership.objects.filter(user=user, organization=organization).first()
    membership = membership or Membership(user=user, organization=organization)
    membership.role, membership.department_ids = role, sorted(department_ids)
    membership.full_clean(validate_unique=False)
    membership.save()
    return membership


def access_changed(organization_ids: Iterable[str]) -> None:
    """Open sockets of these organizations are asked again whether they still may (realtime.hub.revocation).

    Saving or deleting a membership, a key or a user calls it by itself (intraday.org.signals); a bulk update must.
    """
    ids = sorted(set(organization_ids))
    changed = Organization.objects.filter(id__in=ids)
    changed.update(access_version=F("access_version") + 1)
    recent.forget(ids)
