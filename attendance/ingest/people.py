"""Load and save the people whom feeds report."""

from collections.abc import Collection

from attendance.ingest.rows import PersonRow
from attendance.models import Person
from intraday.database import many_rows
from intraday.org.models import Organization


def lock(organization: Organization, employee_ids: Collection[str]) -> dict[str, Person]:
    """Lock these people until commit, making those who are not known; return them by employee id.

    New ones are made before anybody is locked: an insert waits for another insert of the same person, and two that wait
    while they hold locks may wait for each other. A single person is looked for by locking her: if she is not there,
    nothing is locked yet.
    """
    wanted = set(employee_ids)
    if not wanted:
        return {}
    found = _lock(organization, wanted) if len(wanted) == 1 else {}
    if found.keys() != wanted:
        _make(organization, wanted)
        found = _lock(organization, wanted)
    return found


def _lock(organization: Organization, employee_ids: Collection[str]) -> dict[str, Person]:
    people = Person.objects.select_for_update(no_key=True).filter(
        organization=organization, employee_id__in=employee_ids
    )
    return {person.employee_id: person for person in people.order_by("pk")}


def _make(organization: Organization, employee_ids: Collection[str]) -> None:
    stored = Person.objects.filter(organization=organization, employee_id__in=employee_ids)
    new = sorted(set(employee_ids).difference(stored.values_list("employee_id", flat=True)))
    Person.objects.bulk_create(
        [Person(organization=organization, employee_id=employee_id) for employee_id in new], ignore_conflicts=True
    )


def is_foreign(person: Person | None, within: frozenset[str] | None) -> bool:
    """Tell whether she belongs to a department that is not one of the caller's: her records change its figures."""
    return (
        within is not None and person is not None and bool(person.department_id) and person.department_id not in within
    )


def update(person: Person, row: PersonRow) -> bool:
    """Take over name, department and site unless the row is older than her newest; tell whether anything changed."""
    before = (person.name, person.department_id, person.site_id, person.newest_at)
    time = row.seen_at  # shifts have none: they do not tell where she was last
    if time is None or person.newest_at is None or time >= person.newest_at:
        person.name = row.employee_name or person.name
        person.department_id = (row.department_id if time or not person.department_id else "") or person.department_id
        person.site_id = row.site_id or person.site_id
        person.newest_at = time or person.newest_at
    return before != (person.name, person.department_id, person.site_id, person.newest_at)


def save(people: Collection[Person]) -> None:
    """Save what feeds tell of people."""
    many_rows.upsert(
        list(people), unique=["organization", "employee_id"], update=["name", "department_id", "site_id", "newest_at"]
    )
