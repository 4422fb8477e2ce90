"""Find the scopes that feeds and callers mean by the names they type, and make those of new queues."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.core.exceptions import ValidationError

from intraday.database.recent import Recent
from intraday.org import limits
from intraday.org.models import Organization, Scope, valid_id, valid_queue_name
from intraday.org.services import ScopeName as ScopeName
from intraday.org.services import add_queues, check_name
from intraday.values.names import normalized


@dataclass(frozen=True)
class Resolved:
    """The scope of each typed name, errors of names that mean none, and the names that were created now."""

    organization: Organization
    scopes: dict[ScopeName, Scope]
    errors: dict[ScopeName, dict[str, list[str]]] = field(default_factory=dict)
    created: frozenset[ScopeName] = frozenset()
    """Queues, and departments as (department_id, '')."""
    within: frozenset[str] | None = None
    known: dict[ScopeName, Scope] | None = None
    """All scopes that were read."""

    @cached_property
    def levels(self) -> dict[str, Scope]:
        """The scopes above queues: by department, '' being the organization itself. Of a caller who is limited to
        departments, only these are among them."""
        known = self.known if self.known is not None else _known_scopes(self.organization, set(), self.within)
        return {department: scope for (department, queue), scope in known.items() if not queue}

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
    remembered = _remembered(organization, typed, within)
    if remembered is not None:
        return Resolved(organization, remembered, within=within)
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
    scopes = {name: known[meant] for name, meant in means.items()}
    if within is None:
        _remember(organization, scopes)
    return Resolved(organization, scopes, errors, created, within, known)


# A scope keeps its name as long as its organization lives. A name without department means another queue, or none, as
# soon as a second department has one of that name.
_Known = tuple[str, datetime, ScopeName]
_by_full_name: Recent[_Known, Scope] = Recent(seconds=600.0, most=20_000)
_by_queue_alone: Recent[_Known, Scope] = Recent(seconds=1.0, most=20_000)


def _remembered(
    organization: Organization, typed: Sequence[ScopeName], within: frozenset[str] | None
) -> dict[ScopeName, Scope] | None:
    """Return the scopes of these names if all of them were looked up before, and may be the caller's."""
    found: dict[ScopeName, Scope] = {}
    for name in typed:
        scope = _names_like(name).get((organization.pk, organization.created_at, name))
        if scope is None or (within is not None and (not name[0] or name[0] not in within)):
            return None
        found[name] = scope
    return found


def _remember(organization: Organization, scopes: Mapping[ScopeName, Scope]) -> None:
    """Remember queues; levels are few, and read with their organization."""
    for names in (_by_full_name, _by_queue_alone):
        queues = {name: scope for name, scope in scopes.items() if scope.queue_name and _names_like(name) is names}
        found = {(organization.pk, organization.created_at, name): scope for name, scope in queues.items()}
        names.keep(found, organization_id=organization.pk)


def _names_like(name: ScopeName) -> Recent[_Known, Scope]:
    return _by_full_name if name[0] else _by_queue_alone


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
        check_name("department_id", valid_id, department)
    if not queue:
        return name
    check_name("queue_name", valid_queue_name, queue)
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
