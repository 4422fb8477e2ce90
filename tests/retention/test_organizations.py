"""Deleting an organization: everything that is its own goes, nothing of another one is touched."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from alerts.models import Alert
from attendance.models import AttendanceRecord, Person
from intraday.jobs.models import Lease
from intraday.org.models import Organization, Role
from intraday.retention import organizations, tables
from tests.access.people import person
from tests.backlog.posting import INGEST, post, row
from tests.conftest import client_of, key_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread
from tests.retention.rows import fill, make

Counts = dict[str, int]


def counts_of(organization: Organization) -> Counts:
    return {tables.label(model): tables.rows_of(model, organization.pk).count() for model in tables.paths()}


def everything_stored() -> Iterator[tuple[str, str]]:
    """Yield every row of every table as text."""
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            yield from ((table, text) for (text,) in cursor.fetchall())


def run(*words: str) -> str:
    out = StringIO()
    call_command("organization", "delete", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def two(organization: Organization, stranger: Organization) -> tuple[Organization, Organization]:
    """Both with rows in every table."""
    for each in (organization, stranger):
        fill(each)
        member = person(f"member of {each.pk}", each, Role.ADMIN)
        for about in (each, each.departments.first()):
            content_type = ContentType.objects.get_for_model(about)
            LogEntry.objects.create(
                user=member, content_type=content_type, object_id=about.pk, object_repr=str(about), action_flag=1
            )
    gone = ContentType.objects.get_for_model(apps.get_model("org.Department"))
    LogEntry.objects.create(user=member, content_type=gone, object_id="1", object_repr="org_123 / gone", action_flag=3)
    return organization, stranger


def test_every_table_of_an_organization_is_emptied_and_no_row_mentions_it(two: tuple[Organization, Organization]):
    ours, other = two
    assert min(counts_of(ours).values()) > 0, "the test fills every table"
    before = counts_of(other)
    organizations.delete(ours, now=timezone.now())
    assert set(counts_of(ours).values()) == {0}
    assert counts_of(other) == before
    assert [(table, text) for table, text in everything_stored() if "org_123" in text and "member of" not in text] == []
    assert LogEntry.objects.count() == 2


def test_without_yes_it_only_says_what_would_go(two: tuple[Organization, Organization]):
    ours, _ = two
    before = counts_of(ours)
    said = run("org_123")
    assert counts_of(ours) == before
    assert "Nothing was deleted" in said
    assert "alerts.Alert" in said
    assert "member of org_123" in said


def test_with_yes_it_says_what_went(two: tuple[Organization, Organization]):
    said = run("org_123", "--yes")
    assert "org.Organization" in said
    assert not Organization.objects.filter(pk="org_123").exists()
    with pytest.raises(CommandError, match="There is no organization 'org_123'"):
        run("org_123", "--yes")


def test_a_member_of_two_organizations_stays_in_the_other(organization: Organization, stranger: Organization):
    for each in (organization, stranger):
        person("dana", each)
    run("org_123", "--yes")
    [membership] = User.objects.get(username="dana").memberships.all()
    assert membership.organization_id == "org_999"


def test_alerts_that_name_their_previous_one_go_too(organization: Organization):
    first = make("alerts.Alert", organization, status="resolved")
    make("alerts.Alert", organization, status="pending", previous=first)
    organizations.delete(organization, now=timezone.now())
    assert not Alert.objects.exists()


def test_many_rows_go_in_transactions_of_at_most_a_thousand(organization: Organization, stranger: Organization):
    now = timezone.now()
    for each, size in ((organization, 20_000), (stranger, 10)):
        someone = Person.objects.create(organization=each, employee_id="ada")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO attendance_attendancerecord"
                " (id, person_id, time, received_at, department_id, site_id, status)"
                " SELECT gen_random_uuid(), %s, %s::timestamptz + n * interval '1 second', %s, '', '', 'present'"
                " FROM generate_series(1, %s) n",
                [someone.pk, now, now, size],
            )
    sizes: list[int] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE"):
            sizes.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(noted):
        found = organizations.delete(organization, now=now)
    assert found["attendance.AttendanceRecord"] == 20_000
    assert max(sizes) == 1000
    assert AttendanceRecord.objects.count() == 10


def test_keys_stop_first(organization: Organization):
    api = client_of(organization)
    assert post(api, row(), INGEST)["status"] == 201
    organizations.end_access(organization, now=timezone.now())
    assert post(api, row(minutes=1), INGEST)["status"] == 401


def test_leases_of_its_jobs_are_held_meanwhile_and_gone_at_the_end(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    held: list[str] = []
    delete_rows = organizations._delete_rows

    def noting(*arguments: Any) -> None:
        held.extend(Lease.objects.filter(organization_id="org_123").values_list("job", flat=True))
        delete_rows(*arguments)

    monkeypatch.setattr(organizations, "_delete_rows", noting)
    organizations.delete(organization, now=timezone.now())
    assert sorted(held) == sorted(organizations.JOBS)
    assert not Lease.objects.exists()


async def test_sockets_of_the_organization_are_closed(server: LiveServer, organization: Organization):
    key = await in_thread(key_of, organization, "read")
    async with socket(server, key) as client:
        await in_thread(lambda: organizations.delete(organization, now=timezone.now()))
        assert await client.closed() == 4401
