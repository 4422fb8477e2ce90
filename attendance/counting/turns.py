"""Turns of those who write an organization's attendance, taken on its row of CurrentAttendance.

Posts share the row and lock their people: posts of different people do not wait for each other. Those who count hold it
against each other, beside posts. Alone on it are those who write what is of many people: a derivation after an upgrade,
a purge, and every writer of release 0.1. SQLite has one writer at a time, and needs none of this.
"""

from django.db import connection
from django.db.models import QuerySet

from attendance.models import CurrentAttendance
from attendance.presence.derivation import RULES_VERSION
from intraday.org.models import Scope


def row_of(organization_id: str) -> QuerySet[CurrentAttendance]:
    """Select the row of an organization. Without it there is nobody to wait for."""
    rows = CurrentAttendance.objects.filter(scope__organization=organization_id)
    return rows.filter(scope__department_id="", scope__queue_name="")


def read(organization: Scope) -> CurrentAttendance | None:
    """Return the row as it is, without a turn; None before the first post."""
    return CurrentAttendance.objects.filter(scope=organization).first()


def share(row: CurrentAttendance) -> None:
    """Let nobody be alone on the row until commit."""
    if connection.features.has_select_for_update:
        with connection.cursor() as cursor:
            cursor.execute(_SHARE, [row.pk])


_SHARE = f'SELECT 1 FROM "{CurrentAttendance._meta.db_table}" WHERE scope_id = %s FOR KEY SHARE'  # noqa: S608


def count_alone(organization: Scope) -> CurrentAttendance:
    """Wait for others who count; return the row, with the time of the figures."""
    return _lock(organization, no_key=True)


def be_alone(organization: Scope) -> CurrentAttendance:
    """Wait for all others; return the row."""
    return _lock(organization, no_key=False)


def _lock(organization: Scope, *, no_key: bool) -> CurrentAttendance:
    rows = CurrentAttendance.objects.select_for_update(of=("self",), no_key=no_key).filter(scope=organization)
    found = rows.first()
    if found is None:
        row = CurrentAttendance(scope=organization, rules_version=RULES_VERSION)
        CurrentAttendance.objects.bulk_create([row], ignore_conflicts=True)
        found = rows.get()
    return found


def change_shifts_alone(organization: Scope) -> None:
    """Wait for others who post shifts: a shift may go from one person to another."""
    Scope.objects.select_for_update(no_key=True).get(pk=organization.pk)
