"""Writing the organization tree and its credentials."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet

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

ScopeName = tuple[str, str]
"""(department_id, queue_name) as a feed types it; '' where it says nothing."""


@transaction.atomic
def create_organization(*, id: str, name: str, time_zone: str = "UTC") -> Organization:  # noqa: A002
    organization, _ = Organization.objects.get_or_create(id=id, defaults={"name": name, "time_zone": time_zone})
    Scope.objects.get_or_create(organization=organization, department_id="", queue_name="")
    return organization


def add_queues(organization: Organization, names: Iterable[ScopeName]) -> None:
    """Create what is missing of these departments ('' as queue) and queues, with their scopes; safe to repeat."""
    wanted = sorted(set(names))
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


def _check_names(names: Iterable[ScopeName]) -> None:
    """Bulk inserts ask no validator. Raises ValidationError."""
    for department, queue in names:
        _check("department_id", valid_id, department)
        if queue:
            _check("queue_name", valid_queue_name, queue)


def _departments(organization: Organization, codes: Sequence[str]) -> dict[str, Department]:
    return {row.code: row for row in Department.objects.filter(organization=organization, code__in=codes)}


@dataclass(frozen=True)
class Resolved:
    """Which scope each typed name means, which names mean none and why, and which scopes were seen first now."""

    scopes: dict[ScopeName, Scope]
    levels: dict[str, Scope]
    """The scopes above queues: by department, '' being the organization itself."""
    errors: dict[ScopeName, dict[str, list[str]]] = field(default_factory=dict)
    created: frozenset[ScopeName] = frozenset()


def resolve_scopes(
    organization: Organization, typed: Sequence[ScopeName], *, create: bool, within: frozenset[str] | None = None
) -> Resolved:
    """What these names mean in this organization.

    A department left out is filled in when the queue's name is unique; a contradicting one is an error that names
    the candidates. With `create`, names seen for the first time become departments and queues: a feed that knows its
    queues need not be told of them twice. `within` are the departments the caller is limited to: for it there are no
    others, and no organization above them. Such a caller makes nothing new: it cannot be told that a name is taken.
    """
    create = create and within is None
    known = _known_scopes(organization, {queue for _, queue in typed if queue}, within)
    departments = sorted({department for department, _ in known if department})
    means: dict[ScopeName, ScopeName] = {}
    errors: dict[ScopeName, dict[str, list[str]]] = {}
    for name in dict.fromkeys(typed):
        try:
            check_within(name, within)
            means[name] = _meaning(name, known, departments)
        except ValidationError as error:
            errors[name] = error.message_dict
    fresh = {name for name in means.values() if name not in known}
    if fresh and create:
        add_queues(organization, fresh)
        known = _known_scopes(organization, {queue for _, queue in means.values() if queue}, within)
    for name in [name for name, meant in means.items() if meant not in known]:
        errors[name] = {"queue_name" if name[1] else "department_id": ["Unknown."]}
        del means[name]
    levels = {department: scope for (department, queue), scope in known.items() if not queue}
    scopes = {name: known[meant] for name, meant in means.items()}
    return Resolved(scopes, levels, errors, frozenset(fresh) if create else frozenset())


def _known_scopes(
    organization: Organization, queues: set[str], within: frozenset[str] | None
) -> dict[ScopeName, Scope]:
    rows = Scope.objects.filter(organization=organization, queue_name__in=["", *queues])
    if within is not None:
        rows = rows.filter(department_id__in=["", *within])
    return {(row.department_id, row.queue_name): row for row in rows}


def check_within(name: ScopeName, within: frozenset[str] | None) -> None:
    """Raises ValidationError, which says of a department beside the caller's only what it says of an unknown one."""
    department, queue = name
    if within is None or department in within or (queue and not department):
        return
    said = "Unknown, or not yours." if department else "Name one of your departments."
    raise ValidationError({"department_id": [said]})


def _meaning(name: ScopeName, known: dict[ScopeName, Scope], departments: list[str]) -> ScopeName:
    department, queue = name
    if department:
        _check("department_id", valid_id, department)
    if not queue:
        return name
    _check("queue_name", valid_queue_name, queue)
    owners = [code for code in departments if (code, queue) in known]
    if name in known or (department and not owners):
        return name
    if department:
        raise ValidationError(
            {"department_id": f"Queue '{queue}' belongs to {' and '.join(owners)}, not {department}."}
        )
    if len(owners) == 1:
        return owners[0], queue
    if owners:
        raise ValidationError({"department_id": f"Queue '{queue}' is in {' and '.join(owners)}: name one."})
    if len(departments) == 1:
        return departments[0], queue
    raise ValidationError({"department_id": f"Queue '{queue}' is new: name its department."})


def _check(field_name: str, validator: object, value: str) -> None:
    try:
        validator(value)  # type: ignore[operator]
    except ValidationError as error:
        raise ValidationError({field_name: error.messages}) from error


KEY_PREFIX = "ik_"


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(*, organization: Organization, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once and cannot be read again."""
    secret = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
    key = ApiKey(
        organization=organization,
        name=name,
        prefix=secret[:9],
        digest=key_digest(secret),
        scopes=sorted({KeyScope(scope).value for scope in scopes}),
    )
    key.full_clean()
    key.save()
    return key, secret


@transaction.atomic
def revoke_keys(keys: QuerySet[ApiKey], *, now: datetime) -> int:
    """How many were still in force; their sockets close within seconds."""
    organizations = set(keys.values_list("organization_id", flat=True))
    changed = keys.filter(revoked_at=None).update(revoked_at=now)
    access_changed(organizations)
    return changed


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
    """Open sockets of these organizations are asked again whether they still may (realtime.watch).

    Saving or deleting a membership, a key or a user calls it by itself (intraday.org.signals); a bulk update must.
    """
    changed = Organization.objects.filter(id__in=sorted(set(organization_ids)))
    changed.update(access_version=F("access_version") + 1)
