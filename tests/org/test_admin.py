"""The admin pages: each one opens, keys are shown once, facts are read only."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from backlog.models import Snapshot
from intraday.org import access
from intraday.org.models import ApiKey, Department, Membership, Organization, Queue, Role, Scope
from intraday.org.services import create_organization
from tests.conftest import client_of, key_of

PAGES = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def boss(client: Client, organization: Organization) -> Client:
    """A superuser, in an installation where there is something to see."""
    user = get_user_model().objects.create_superuser("boss")
    Membership.objects.create(user=user, organization=organization, role=Role.ADMIN)
    body = {"queue_name": "support", "snapshot_time": "2026-01-31T10:00:00Z", "total_items": 3}
    client_of(organization).post(
        "/api/schedulesbacklog/ingest", {**body, "average_wait_time_minutes": 1}, content_type="application/json"
    )
    client.force_login(user)
    return client


@pytest.fixture
def fact(boss: Client) -> Snapshot:
    return Snapshot.objects.create(
        scope=Scope.objects.get(queue_name="support"),
        time="2026-01-31T11:00:00Z",
        received_at="2026-01-31T11:00:00Z",
        total_items=7,
        average_wait_minutes=1,
    )


def url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def test_what_is_registered():
    assert set(PAGES) >= {"org.organization", "org.department", "org.queue", "org.apikey", "backlog.snapshot"}


@pytest.mark.parametrize("label", PAGES)
def test_every_page_opens(boss: Client, fact: Snapshot, label: str):
    [site] = [site for model, site in admin.site._registry.items() if model._meta.label_lower == label]
    assert boss.get(url(label, "changelist")).status_code == 200
    assert boss.get(url(label, "changelist"), {"q": "support"}).status_code in (200, 302)
    request = boss.get("/admin/").wsgi_request
    assert boss.get(url(label, "add")).status_code == (200 if site.has_add_permission(request) else 403)
    one = site.model.objects.first()
    if one is not None:
        assert boss.get(url(label, "change", one.pk)).status_code == 200
        assert boss.get(url(label, "history", one.pk)).status_code == 200


def test_the_door_is_closed_to_others(client: Client, organization: Organization):
    for path in ("/admin/", url("org.apikey", "changelist")):
        assert client.get(path).status_code == 302
    user = get_user_model().objects.create_user("vic")
    Membership.objects.create(user=user, organization=organization, role=Role.VIEWER)
    client.force_login(user)
    refused = client.get(url("org.apikey", "changelist"), follow=True)
    assert refused.status_code == 403
    assert "for supervisors and administrators" in refused.content.decode()


def test_a_new_key_is_shown_once_and_works(boss: Client):
    page = boss.post(
        url("org.apikey", "add"), {"organization": "org_123", "name": "acd", "scopes": ["ingest", "read"]}, follow=True
    )
    found = re.findall(r"ik_[\w-]{40,}", page.content.decode())
    assert len(found) == 1
    key = ApiKey.objects.get(name="acd")
    principal = access.by_api_key(found[0])
    assert principal is not None
    assert principal.grants == {"ingest", "read"}
    for path in (url("org.apikey", "changelist"), url("org.apikey", "change", key.pk)):
        again = boss.get(path).content.decode()
        assert found[0] not in again
        assert key.digest not in again


def test_a_key_without_a_scope_is_not_made(boss: Client):
    before = ApiKey.objects.count()
    assert boss.post(url("org.apikey", "add"), {"organization": "org_123", "name": "acd"}).status_code == 200
    assert ApiKey.objects.count() == before


def test_keys_are_revoked_and_not_edited(boss: Client, organization: Organization):
    secret = key_of(organization)
    key = ApiKey.objects.latest("pk")
    answer = boss.post(
        url("org.apikey", "change", key.pk), {"organization": "org_123", "name": "mine now", "scopes": ["read"]}
    )
    assert answer.status_code == 403
    boss.post(url("org.apikey", "changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    assert access.by_api_key(secret) is None
    assert ApiKey.objects.get(pk=key.pk).name == "test"


@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_facts_are_posted_by_feeds_and_only_looked_at_here(boss: Client, fact: Snapshot, page: str):
    args = [] if page == "add" else [fact.pk]
    assert boss.post(url("backlog.snapshot", page, *args), {"total_items": 0, "post": "yes"}).status_code == 403
    fact.refresh_from_db()
    assert fact.total_items == 7


def test_facts_are_not_deleted_in_bulk(boss: Client, fact: Snapshot):
    boss.post(url("backlog.snapshot", "changelist"), {"action": "delete_selected", "_selected_action": [fact.pk]})
    assert Snapshot.objects.filter(pk=fact.pk).exists()


def test_what_is_made_here_has_its_scope(boss: Client):
    members = {f"memberships-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    form = {"id": "org_new", "name": "New", "time_zone": "Europe/Berlin", **members}
    assert boss.post(url("org.organization", "add"), form).status_code == 302
    form = {"organization": "org_new", "code": "dept_1", "name": "One"}
    assert boss.post(url("org.department", "add"), form).status_code == 302
    form = {"department": Department.objects.get(code="dept_1").pk, "name": "Fragen & Antworten"}
    assert boss.post(url("org.queue", "add"), form).status_code == 302
    scopes = Scope.objects.filter(organization="org_new").values_list("department_id", "queue_name")
    assert set(scopes) == {("", ""), ("dept_1", ""), ("dept_1", "Fragen & Antworten")}


@pytest.mark.parametrize(
    ("label", "form"),
    [
        ("org.organization", {"id": "a b", "name": "x", "time_zone": "UTC"}),
        ("org.organization", {"id": "ok", "name": "x", "time_zone": "Atlantis"}),
        ("org.organization", {"id": "org_123", "name": "again", "time_zone": "UTC"}),
        ("org.department", {"organization": "org_123", "code": "a:b", "name": "x"}),
        ("org.department", {"organization": "org_123", "code": "dept_456", "name": "again"}),
    ],
)
def test_bad_names_are_refused_with_a_word(boss: Client, label: str, form: dict[str, str]):
    members = {f"memberships-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    page = boss.post(url(label, "add"), {**form, **members})
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/admin/autocomplete/?app_label=outgoing&model_name=route&field_name=organization&term=a%00b",
        "/admin/org/queue/?q=a%00b",
        "/admin/org/queue/add/?department=%00",
        "/admin/alerts/rule/add/?_changelist_filters=%00",
    ],
)
def test_an_address_with_a_nul_is_a_bad_request(boss: Client, address: str):
    assert boss.get(address).status_code == 400


@pytest.mark.parametrize("value", ['"a\\u0000b"', "NaN", "1e400", '"\\ud800"', "9" * 5_000, "[" * 9_999])
def test_json_that_no_database_stores_is_an_error_of_its_field(boss: Client, value: str):
    form = {"user": get_user_model().objects.get().pk, "provider": "x", "uid": "y", "extra_data": value}
    answer = boss.post("/admin/socialaccount/socialaccount/add/", form)
    assert list(answer.context["adminform"].errors) == ["extra_data"]


def test_ids_stay_what_they_are(boss: Client):
    queue = Queue.objects.get(name="support")
    boss.post(url("org.queue", "change", queue.pk), {"name": "renamed", "department": queue.department_id})
    queue.refresh_from_db()
    assert queue.name == "support"


def test_a_person_is_made_a_member_in_the_organization(boss: Client):
    user = get_user_model().objects.create_user("dana")
    form = {
        "name": "Owner",
        "time_zone": "UTC",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-username": user.username,
        "memberships-0-organization": "org_123",
        "memberships-0-role": "analyst",
    }
    answer = boss.post(url("org.organization", "change", "org_123"), form)
    assert answer.status_code == 302, answer.context["errors"]
    principal = access.by_membership(user, "org_123")
    assert principal is not None
    assert principal.role == "analyst"


@pytest.mark.parametrize(
    ("belongs_to", "is_added"),
    [((), True), (("org_other",), False), (("org_other", "org_second"), True)],
    ids=["nobody", "another", "another, and one that the administrator manages"],
)
def test_an_administrator_adds_nobody_who_belongs_to_others_alone(
    client: Client, organization: Organization, belongs_to: tuple[str, ...], is_added: bool
):
    """Else her address and sign-ins would be shown there, and her own administrators could not sign her out."""
    for each in ("org_other", "org_second"):
        create_organization(id=each, name=each)
    ada, dana = (User.objects.create_user(name, email=f"{name}@example.com") for name in ("ada", "dana"))
    for each in (organization.pk, "org_second"):
        Membership.objects.create(user=ada, organization_id=each, role=Role.ADMIN)
    for each in belongs_to:
        Membership.objects.create(user=dana, organization_id=each, role=Role.VIEWER)
    client.force_login(ada)
    form = {
        "name": "Owner",
        "time_zone": "UTC",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-username": "dana",
        "memberships-0-organization": "org_123",
        "memberships-0-role": "analyst",
    }
    answer = client.post(url("org.organization", "change", "org_123"), form)
    assert answer.status_code == (302 if is_added else 200)
    assert Membership.objects.filter(organization=organization, user=dana).exists() is is_added
    if not is_added:
        assert "The name is taken" in answer.content.decode()
        assert "dana@example.com" not in answer.content.decode()


def test_a_page_takes_50_new_rows_at_most_however_many_a_request_claims_to_hold(
    boss: Client, organization: Organization
):
    page = reverse("admin:org_organization_change", args=[organization.pk])
    form = {"name": "Renamed", "time_zone": "UTC", "memberships-TOTAL_FORMS": 9_999, "memberships-INITIAL_FORMS": 0}
    answer = boss.post(page, form)
    text, most = answer.content.decode(), Membership.objects.filter(organization=organization).count() + 50
    assert f"Please submit at most {most} forms." in text
    assert len(re.findall(r'name="memberships-\d+-username"', text)) == most
    organization.refresh_from_db()
    assert organization.name == "Owner"
