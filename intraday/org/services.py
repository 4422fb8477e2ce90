"""Writing the organization tree and its credentials."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet

from intraday.audit import services as audit
from intraday.org import limits
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
    """The scope of each typed name, errors of names that mean none, and the names that were created now."""

    scopes: dict[ScopeName, Scope]
    levels: dict[str, Scope]
    """The scopes above queues: by department, '' being the organization itself."""
    errors: dict[ScopeName, dict[str, list[str]]] = field(default_factory=dict)
    created: frozenset[ScopeName] = frozenset()
    """Queues, and departments as (department_id, '')."""

    def news(self, names: Mapping[int, ScopeName], *, dry_run: bool) -> dict[int, list[str]]:
        """Return the warnings about created queues and departments, each with the first row that names it."""
        untold, found = set(self.created), dict[int, list[str]]()
        for index in sorted(index for index, name in names.items() if name in self.scopes):
            scope = self.scopes[names[index]]
            for name in ((scope.department_id, ""), (scope.department_id, scope.queue_name)):
                if name in untold and any(name):
                    untold.discard(name)
                    found.setdefault(index, []).append(_created(name, dry_run=dry_run))
        return found


def _created(name: ScopeName, *, dry_run: bool) -> str:
    department, queue = name
    what = f"Queue '{queue}' of department '{department}'" if queue else f"Department '{department}'"
    return f"{what} is new and {'would be' if dry_run else 'was'} created: check the spelling if you did not mean that."


def resolve_scopes(
    organization: Organization, typed: Sequence[ScopeName], *, create: bool, within: frozenset[str] | None = None
) -> Resolved:
    """Find the scopes that these names mean in this organization.

    Two departments may each have a queue of one name. A department left out is filled in when the queue's name is
    unique, else the error names the candidates. With `create`, names seen for the first time become departments and
    queues, unless the organization forbids that or is at its limits. `within` are the departments the caller is limited
    to: for it there are no others, and no organization above them. Such a caller creates nothing: it cannot be told
    that a name is taken. Raises TooManyError where every name is new and there is room for none.
    """
    create = create and within is None
    refused = create and not organization.feeds_may_create
    known = _known_scopes(organization, {normalized(queue) for _, queue in typed if queue}, within)
    departments = sorted({department for department, _ in known if department})
    means: dict[ScopeName, ScopeName] = {}
    errors: dict[ScopeName, dict[str, list[str]]] = {}
    for name in dict.fromkeys(typed):
        try:
            check_within(name, within)
            means[name] = _meaning((name[0], normalized(name[1])), known, departments, refused=refused)
        except ValidationError as error:
            errors[name] = error.message_dict
    fresh = {name for name in means.values() if name not in known}
    fresh |= {(department, "") for department, _ in fresh if (department, "") not in known}
    may_create = create and not refused
    created = _create(organization, fresh) if may_create else frozenset()
    if fresh and may_create:  # also those that somebody else has created meanwhile
        known = _known_scopes(organization, {queue for _, queue in means.values() if queue}, within)
    missing = {name: means.pop(name) for name, meant in list(means.items()) if meant not in known}
    if missing and may_create:
        without_room = {name: _no_room(organization, meant, known) for name, meant in missing.items()}
        if not means and not errors:
            raise limits.TooManyError(_first_message(without_room))
        errors |= without_room
    else:
        errors |= {name: _unknown(meant, refused=refused) for name, meant in missing.items()}
    levels = {department: scope for (department, queue), scope in known.items() if not queue}
    scopes = {name: known[meant] for name, meant in means.items()}
    return Resolved(scopes, levels, errors, created)


def _create(organization: Organization, fresh: Collection[ScopeName]) -> frozenset[ScopeName]:
    """Create those for which the organization has room, and return them."""
    created = frozenset(limits.room_for(organization, fresh) if fresh else ())
    if created:
        add_queues(organization, created)
    return created


def _no_room(organization: Organization, meant: ScopeName, known: Mapping[ScopeName, Scope]) -> dict[str, list[str]]:
    department = (meant[0], "")
    if department not in known:
        return {"department_id": [limits.refuse_new(organization, department)]}
    return {"queue_name": [limits.refuse_new(organization, meant)]}


def _first_message(errors: Mapping[ScopeName, Mapping[str, Sequence[str]]]) -> str:
    return next(text for by_field in errors.values() for texts in by_field.values() for text in texts)


def _unknown(meant: ScopeName, *, refused: bool) -> dict[str, list[str]]:
    """Say which name is unknown; `refused`: a feed may not create it here, so say what to do."""
    department, queue = meant
    field_name = "queue_name" if queue else "department_id"
    if not refused:
        return {field_name: ["Unknown."]}
    what = f"Queue '{queue}'" if queue else f"Department '{department}'"
    where = f" in department '{department}'" if queue and department else ""
    advice = "Check the spelling, or ask an administrator to add it in the admin."
    return {field_name: [f"{what} is unknown{where}, and feeds of this organization may not create any. {advice}"]}


def _known_scopes(
    organization: Organization, queues: set[str], within: frozenset[str] | None
) -> dict[ScopeName, Scope]:
    rows = Scope.objects.filter(organization=organization, queue_name__in=["", *queues])
    if within is not None:
        rows = rows.filter(department_id__in=["", *within])
    return {(row.department_id, row.queue_name): row for row in rows}


def check_within(name: ScopeName, within: frozenset[str] | None) -> None:
    """Raise ValidationError for a foreign department as for an unknown one, so that callers cannot probe."""
    department, queue = name
    if within is None or department in within or (queue and not department):
        return
    said = "There is no such department, or it is not one of yours." if department else "Name one of your departments."
    raise ValidationError({"department_id": [said]})


def _meaning(
    name: ScopeName, known: Mapping[ScopeName, Scope], departments: Sequence[str], *, refused: bool
) -> ScopeName:
    department, queue = name
    if department:
        _check("department_id", valid_id, department)
    if not queue:
        return name
    _check("queue_name", valid_queue_name, queue)
    if department:
        return name
    owners = [code for code in departments if (code, queue) in known]
    if len(owners) == 1:
        return owners[0], queue
    if owners:
        raise ValidationError({"department_id": f"Queue '{queue}' is in {' and '.join(owners)}: name one."})
    if len(departments) == 1 or refused:
        return (departments[0] if len(departments) == 1 else ""), queue
    raise ValidationError({"department_id": f"Queue '{queue}' is new: name its department."})


def _check(field_name: str, validator: object, value: str) -> None:
    try:
        validator(value)  # type: ignore[operator]
    except ValidationError as error:
        raise ValidationError({field_name: error.messages}) from error


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
    changed = Organization.objects.filter(id__in=sorted(set(organization_ids)))
    changed.update(access_version=F("access_version") + 1)
