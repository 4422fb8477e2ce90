"""Writing the organization tree and its credentials."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from intraday.org.models import (
    ApiKey,
    Department,
    KeyScope,
    Organization,
    Queue,
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
    codes = sorted({department for department, _ in wanted})
    Department.objects.bulk_create(
        [Department(organization=organization, code=code, name=code) for code in codes], ignore_conflicts=True
    )
    departments = {row.code: row for row in Department.objects.filter(organization=organization, code__in=codes)}
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


@dataclass(frozen=True)
class Resolved:
    """Which scope each typed name means, which names mean none and why, and which scopes were seen first now."""

    scopes: dict[ScopeName, Scope]
    levels: dict[str, Scope]
    """The scopes above queues: by department, '' being the organization itself."""
    errors: dict[ScopeName, dict[str, list[str]]] = field(default_factory=dict)
    created: frozenset[ScopeName] = frozenset()


def resolve_scopes(organization: Organization, typed: Sequence[ScopeName], *, create: bool) -> Resolved:
    """What these names mean in this organization.

    A department left out is filled in when the queue's name is unique; a contradicting one is an error that names
    the candidates. With `create`, names seen for the first time become departments and queues: a feed that knows its
    queues need not be told of them twice.
    """
    known = _known_scopes(organization, {queue for _, queue in typed if queue})
    departments = sorted({department for department, _ in known if department})
    means: dict[ScopeName, ScopeName] = {}
    errors: dict[ScopeName, dict[str, list[str]]] = {}
    for name in dict.fromkeys(typed):
        try:
            means[name] = _meaning(name, known, departments)
        except ValidationError as error:
            errors[name] = error.message_dict
    fresh = {name for name in means.values() if name not in known}
    if fresh and create:
        add_queues(organization, fresh)
        known = _known_scopes(organization, {queue for _, queue in means.values() if queue})
    for name in [name for name, meant in means.items() if meant not in known]:
        errors[name] = {"queue_name" if name[1] else "department_id": ["Unknown."]}
        del means[name]
    levels = {department: scope for (department, queue), scope in known.items() if not queue}
    scopes = {name: known[meant] for name, meant in means.items()}
    return Resolved(scopes, levels, errors, frozenset(fresh) if create else frozenset())


def _known_scopes(organization: Organization, queues: set[str]) -> dict[ScopeName, Scope]:
    rows = Scope.objects.filter(organization=organization, queue_name__in=["", *queues])
    return {(row.department_id, row.queue_name): row for row in rows}


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


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(*, organization: Organization, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once and cannot be read again."""
    secret = f"ik_{secrets.token_urlsafe(32)}"
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
