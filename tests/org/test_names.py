"""Names: one spelling each, and nothing that nobody can see."""

import importlib
import unicodedata

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from intraday.org.models import Department, Organization, Queue, Scope, valid_queue_name
from intraday.org.scope_names import resolve_scopes
from intraday.values.names import is_printable, normalized

COMPOSED, DECOMPOSED = "Caf\u00e9", "Cafe\u0301"
PERSIAN, CODER, SINHALA = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "👩\u200d💻", "ශ්\u200dරී"


@pytest.mark.parametrize("name", [PERSIAN, CODER, SINHALA, COMPOSED, "Ä b: c/d", "待つ"])
def test_a_name_may_be_spelled_as_its_language_does(name: str):
    assert is_printable(name)
    valid_queue_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "\u200dab",
        "ab\u200c",
        "a \u200db",
        "a\u200d\u200db",
        "a\u200bb",
        "a\u202eb",
        "a\u2066b",
        "a\u200fb",
        "a\ufeffb",
        "a\u00adb",
        "a\u2060b",
        "a\u00a0b",
        "a\u2028b",
        "a\x07b",
        "a\ud800b",
    ],
)
def test_what_nobody_can_see_is_no_part_of_a_name(name: str):
    assert not is_printable(name)
    with pytest.raises(ValidationError):
        valid_queue_name(name)


@given(st.text())
def test_a_normalized_name_stays_as_it_is_and_is_printable_as_before(name: str):
    assert normalized(normalized(name)) == normalized(name)
    assert unicodedata.is_normalized("NFC", normalized(name))


def test_a_name_is_found_by_any_spelling(organization: Organization):
    made = resolve_scopes(organization, [("dept_456", DECOMPOSED)], create=True)
    found = resolve_scopes(organization, [("dept_456", COMPOSED), ("", DECOMPOSED)], create=True)
    assert {scope.pk for scope in found.scopes.values()} == {made.scopes["dept_456", DECOMPOSED].pk}
    assert found.created == frozenset()
    assert Scope.objects.get(pk=made.scopes["dept_456", DECOMPOSED].pk).queue_name == COMPOSED


def test_both_spellings_in_one_post_are_one_queue(organization: Organization):
    made = resolve_scopes(organization, [("dept_456", DECOMPOSED), ("dept_456", COMPOSED)], create=True)
    assert made.created == {("dept_456", COMPOSED)}
    assert len({scope.pk for scope in made.scopes.values()}) == 1


def test_a_command_and_the_admin_spell_names_alike(client: Client, organization: Organization):
    call_command("bootstrap", organization="org_123", queue=[f"dept_456/{DECOMPOSED}"])
    client.force_login(get_user_model().objects.create_superuser("boss"))
    department = Department.objects.get(organization=organization, code="dept_456")
    answer = client.post(reverse("admin:org_queue_add"), {"department": department.pk, "name": DECOMPOSED})
    assert answer.status_code == 200  # the form again: that queue is there
    assert [queue.name for queue in Queue.objects.filter(name__startswith="Caf")] == [COMPOSED]


def test_the_admin_says_whether_feeds_may_create(client: Client, organization: Organization):
    client.force_login(get_user_model().objects.create_superuser("boss"))
    page = reverse("admin:org_organization_change", args=["org_123"])
    assert "feeds may create" in client.get(page).content.decode().lower()
    rows = {f"memberships-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    assert client.post(page, {"name": "Owner", "time_zone": "UTC", **rows}).status_code == 302
    assert not Organization.objects.get(pk="org_123").feeds_may_create


def test_the_migration_spells_old_names_anew_unless_the_name_is_taken(organization: Organization):
    department = Department.objects.get(organization=organization, code="dept_456")
    for name in (DECOMPOSED, "A\u030a", "\u00c5"):
        Queue.objects.create(department=department, name=name)
        Scope.objects.create(organization=organization, department_id="dept_456", queue_name=name)
    importlib.import_module("intraday.org.migrations.0005_normalized_names").normalize(apps, None)
    for found in (
        Queue.objects.values_list("name", flat=True),
        Scope.objects.filter(organization=organization).values_list("queue_name", flat=True),
    ):
        assert {COMPOSED, "A\u030a", "\u00c5"} <= set(found)
        assert DECOMPOSED not in found
