"""The organization tree: ids, names and scopes that are unique whatever comes at once."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from intraday.org.models import Department, Membership, Organization, Queue, Role, Scope
from intraday.org.scope_names import resolve_scopes
from intraday.org.services import add_queues, create_organization


@pytest.mark.parametrize(
    "scope",
    [("", ""), ("dept_456", ""), ("dept_456", "support")],
    ids=["organization", "department", "queue"],
)
def test_a_scope_exists_once(organization: Organization, scope: tuple[str, str]):
    department, queue = scope
    assert Scope.objects.filter(organization=organization, department_id=department, queue_name=queue).count() == 1
    with pytest.raises(IntegrityError, match="scope_once"), transaction.atomic():
        Scope.objects.create(organization=organization, department_id=department, queue_name=queue)


def test_a_queue_scope_without_department_cannot_be(organization: Organization):
    with pytest.raises(IntegrityError, match="queue_has_department"), transaction.atomic():
        Scope.objects.create(organization=organization, queue_name="support")


def test_making_the_tree_twice_changes_nothing(organization: Organization):
    def tree() -> list[str]:
        return [str(row) for model in (Organization, Department, Queue, Scope) for row in model.objects.all()]

    before = tree()
    create_organization(id="org_123", name="Another name", time_zone="Asia/Tokyo")
    add_queues(organization, [("dept_456", "support"), ("dept_456", "support"), ("dept_456", "")])
    assert tree() == before


def test_organizations_do_not_share_names(organization: Organization, stranger: Organization):
    found = Scope.objects.filter(department_id="dept_456", queue_name="support")
    assert {scope.organization_id for scope in found} == {"org_123", "org_999"}


@pytest.mark.parametrize("good", ["org_123", "A", "a.b-c_D", "9" * 64, "...", "-"])
def test_ids_are_letters_digits_and_three_signs(good: str):
    Organization(id=good, name="x").full_clean(validate_unique=False)


@pytest.mark.parametrize("bad", ["", "a b", "a:b", "a/b", "é", "a\n", "\x00", "x" * 65, "a%20b", "#", "१"])
def test_other_ids_are_refused(bad: str):
    with pytest.raises(ValidationError):
        Organization(id=bad, name="x").full_clean(validate_unique=False)


@pytest.mark.parametrize("good", ["support", "a", "x" * 128, "Ä b: c/d", "客服", "50%", "'; --"])
def test_queue_names_are_printable(organization: Organization, good: str):
    Queue(department=Department.objects.get(code="dept_456"), name=good).full_clean(validate_constraints=False)


@pytest.mark.parametrize("bad", ["", " a", "a ", "a\tb", "a\nb", "\x00", "\u200b", "\u202e", "a\u00a0b", "x" * 129])
def test_other_queue_names_are_refused(organization: Organization, bad: str):
    with pytest.raises(ValidationError):
        Queue(department=Department.objects.get(code="dept_456"), name=bad).full_clean(validate_constraints=False)


@pytest.mark.parametrize("bad", ["", "Berlin", "Europe/Atlantis", "utc+2", "../../etc/passwd"])
def test_time_zones_have_a_name(bad: str):
    with pytest.raises(ValidationError):
        Organization(id="x", name="x", time_zone=bad).full_clean(validate_unique=False)


@pytest.mark.parametrize(("department", "queue"), [("bad id", "q"), ("a:b", ""), ("", "q"), ("d", "a\nb"), ("d", " q")])
def test_a_tree_with_bad_names_is_not_made(organization: Organization, department: str, queue: str):
    """Bulk inserts run no validators by themselves."""
    before = Scope.objects.count()
    with pytest.raises(ValidationError):
        add_queues(organization, [("good", "queue"), (department, queue)])
    assert Scope.objects.count() == before


def test_reading_a_name_never_makes_a_scope(organization: Organization):
    before = Scope.objects.count()
    resolved = resolve_scopes(organization, [("dept_456", "unheard of"), ("unheard_of", "")], create=False)
    assert resolved.scopes == {}
    assert resolved.errors == {
        ("dept_456", "unheard of"): {"queue_name": ["Unknown."]},
        ("unheard_of", ""): {"department_id": ["Unknown."]},
    }
    assert Scope.objects.count() == before


def test_a_person_is_a_member_once(organization: Organization, django_user_model):
    user = django_user_model.objects.create_user("vic")
    Membership.objects.create(user=user, organization=organization, role=Role.VIEWER)
    with pytest.raises(IntegrityError, match="membership_once"), transaction.atomic():
        Membership.objects.create(user=user, organization=organization, role=Role.ADMIN)
