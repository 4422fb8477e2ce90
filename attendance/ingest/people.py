"""Load and save the people whom feeds report."""

from collections.abc import Collection, Iterable

from attendance.ingest.rows import PersonRow
from attendance.models import Person
from intraday.org.models import Organization


def load(organization: Organization, rows: Iterable[PersonRow]) -> dict[str, Person]:
    """Return the stored people of these rows, by employee id."""
    ids = {row.employee_id for row in rows}
    return {each.employee_id: each for each in Person.objects.filter(organization=organization, employee_id__in=ids)}


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
    """Insert or update people; set the primary keys of new ones."""
    if people:
        Person.objects.bulk_create(
            people,
            update_conflicts=True,
            unique_fields=["organization", "employee_id"],
            update_fields=["name", "department_id", "site_id", "newest_at"],
        )
