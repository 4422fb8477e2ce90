"""Every admin page with every role: rows, choices, filters, lookups, histories and actions of one's own tenant alone.

The pages come from the admin site, so that a new one is asked as soon as it is registered; ROLES says who may open it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import models
from django.test import Client
from django.urls import reverse

from alerts.models import Alert, Rule
from intraday.admin.tenants import TenantAdmin
from intraday.org.models import ApiKey, Membership, Organization, Role
from tests.access.admin_rows import make_all
from tests.access.people import person
from tests.calls import statements

MINE, FOREIGN = "eigen", "fremd"
ROLES = {
    "org.organization": "admin",
    "org.department": "admin",
    "org.queue": "admin",
    "org.scope": "admin",
    "org.membership": "admin",
    "org.apikey": "admin",
    "org.wallboard": "supervisor",
    "alerts.rule": "admin",
    "alerts.alert": "supervisor",
    "alerts.silence": "supervisor",
    "outgoing.channel": "supervisor",
    "outgoing.route": "supervisor",
    "kpi.queuesettings": "admin",
    "kpi.organizationsettings": "admin",
    "kpi.holiday": "admin",
    "kpi.intervalstats": "admin",
    "attendance.attendancesettings": "admin",
    "attendance.attendancerecord": "admin",
    "attendance.shift": "admin",
    "attendance.snapshot": "admin",
    "backlog.snapshot": "admin",
    "sign_in.groupgrant": "admin",
    "sign_in.identityprovider": "superuser",
    "socialaccount.socialaccount": "superuser",
    "auth.user": "superuser",
    "auth.group": "superuser",
}
READ_ONLY = {
    "org.scope",
    "org.membership",
    "alerts.alert",
    "kpi.intervalstats",
    "attendance.attendancerecord",
    "attendance.shift",
    "attendance.snapshot",
    "backlog.snapshot",
}
ACTIONS = (
    "delete_selected",
    "enable",
    "disable",
    "end",
    "revoke",
    "rotate",
    "renew_secret",
    "acknowledge",
    "resolve",
    "end_sessions",
    "remove_second_factor",
)
RANKS = ["nobody", "outsider", "clerk", "viewer", "analyst", "limited", "supervisor", "admin", "superuser"]
"""`clerk` is staff with every permission of Django's and no membership; `limited` an admin of one department."""


@dataclass
class House:
    mine: dict[type[models.Model], models.Model]
    foreign: dict[type[models.Model], models.Model]
    callers: dict[str, Client]


@pytest.fixture
def house(db: None) -> House:
    mine, foreign = make_all(MINE), make_all(FOREIGN)
    organization, other = mine[Organization], foreign[Organization]
    assert isinstance(organization, Organization)
    assert isinstance(other, Organization)
    users = {role: person(f"{role}_{MINE}", organization, role) for role in Role.values}
    users["limited"] = person("limited", organization, Role.ADMIN, f"dept_{MINE}")
    users["outsider"] = person("outsider", other, Role.VIEWER)
    users["clerk"] = User.objects.create_user("clerk", is_staff=True)
    users["clerk"].user_permissions.set(Permission.objects.all())
    users["superuser"] = User.objects.create_superuser("root")
    person(f"member_{FOREIGN}", other, Role.ADMIN)
    callers = {name: Client() for name in RANKS}
    for name, user in users.items():
        callers[name].force_login(user)
    return House(mine, foreign, callers)


def page_of(label: str) -> tuple[Any, type[models.Model]]:
    [(model, page)] = [pair for pair in admin.site._registry.items() if pair[0]._meta.label_lower == label]
    return page, model


def url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def may(caller: str, label: str) -> bool:
    needed = ROLES[label]
    if caller in ("admin", "supervisor"):
        return needed != "superuser" and (caller == "admin" or needed == "supervisor")
    return caller == "superuser"


def enters(caller: str) -> bool:
    return caller in ("supervisor", "admin", "superuser")


def test_every_page_of_the_site_is_in_the_table_and_has_a_row(house: House):
    assert {model._meta.label_lower for model in admin.site._registry} == ROLES.keys()
    tenants = {model for model, page in admin.site._registry.items() if isinstance(page, TenantAdmin)}
    assert tenants == house.mine.keys()
    assert {model._meta.label_lower for model in tenants} == {label for label in ROLES if ROLES[label] != "superuser"}


@pytest.mark.parametrize("caller", RANKS)
def test_a_page_opens_to_its_roles_and_to_nobody_else(house: House, caller: str):
    client = house.callers[caller]
    for label in ROLES:
        row = house.mine.get(page_of(label)[1])
        asked = [url(label, "changelist"), *(url(label, page, row.pk) for page in ("change", "history") if row)]
        found = {client.get(each).status_code for each in asked}
        if may(caller, label):
            assert found == {200}, label
        else:
            assert found <= ({302, 403, 404} if enters(caller) else {302}), label
            assert enters(caller) is (client.get(asked[0]).status_code == 403), label


@pytest.mark.parametrize("caller", ["admin", "supervisor"])
def test_nothing_of_another_tenant_is_on_a_page(house: House, caller: str):
    client = house.callers[caller]
    for label in [label for label in ROLES if may(caller, label)]:
        page, model = page_of(label)
        row = house.mine[model]
        asked = [url(label, "changelist"), url(label, "change", row.pk), url(label, "history", row.pk)]
        asked += [url(label, "add")] if page.has_add_permission(client.get("/admin/").wsgi_request) else []
        for each in asked:
            text = client.get(each).content.decode()
            assert MINE in text, each
            assert FOREIGN not in text, each
        found = client.get(url(label, "changelist"), {"q": FOREIGN})
        assert found.status_code == 200
        assert not page.search_fields or found.context["cl"].result_count == 0, label
    assert FOREIGN not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("caller", ["admin", "supervisor"])
def test_rows_of_another_tenant_cannot_be_opened_changed_or_removed(house: House, caller: str):
    client = house.callers[caller]
    for model, row in house.foreign.items():
        label, before = model._meta.label_lower, list(model._default_manager.order_by("pk").values())
        for page in ("change", "history", "delete"):
            answer = client.get(url(label, page, row.pk))
            assert answer.status_code in (302, 403, 404), (label, page)
            assert FOREIGN not in answer.content.decode().replace(str(row.pk), "")
            client.post(url(label, page, row.pk), {"post": "yes", "name": "mine now"})
        for action in ACTIONS:
            form = {"action": action, "_selected_action": [row.pk], "post": "yes"}
            client.post(url(label, "changelist"), form)
        assert list(model._default_manager.order_by("pk").values()) == before, label


def addresses(label: str, row: models.Model | None) -> list[str]:
    """Every address of a page: those that each has, and those of its own."""
    page, _ = page_of(label)
    found = []
    for pattern in [each for each in page.get_urls() if each.name]:
        places = pattern.pattern.converters
        if places and row is None:
            continue
        values = {place: "resolve" if place == "act" else row.pk for place in places if row is not None}
        found.append(reverse(f"admin:{pattern.name}", kwargs=values))
    return found


def everything(rows: Iterable[type[models.Model]]) -> dict[str, list[dict[str, Any]]]:
    return {model._meta.label_lower: list(model._default_manager.order_by("pk").values()) for model in rows}


FORM = {"post": "yes", "name": "mine now", "comment": "mine now"}


@pytest.mark.parametrize("caller", RANKS)
def test_no_address_of_a_page_does_anything_for_other_roles(house: House, caller: str):
    """As `test_a_page_opens_to_its_roles_and_to_nobody_else`, with every address, posted to as well."""
    client, before = house.callers[caller], everything(house.mine)
    for label in [label for label in ROLES if not may(caller, label)]:
        for address in addresses(label, house.mine.get(page_of(label)[1])):
            for answer in (client.get(address), client.post(address, FORM)):
                assert answer.status_code in (302, 403, 404, 405), address
                assert MINE not in answer.content.decode().replace(address, ""), address
    assert everything(house.mine) == before


def site_addresses() -> list[str]:
    """The pages of the site that belong to no model, without those of signing in and out."""
    pages = [each for each in admin.site.get_urls() if getattr(each, "name", None)]
    values = {"content_type_id": "1", "object_id": "1", "app_label": "alerts"}
    found = []
    for each in pages:
        names = each.pattern.converters or each.pattern.regex.groupindex
        found.append(reverse(f"admin:{each.name}", kwargs={name: values[name] for name in names}))
    return [each for each in found if each not in (reverse("admin:login"), reverse("admin:logout"))]


def test_the_site_is_closed_to_those_who_manage_nothing(house: House):
    for caller in [caller for caller in RANKS if not enters(caller)]:
        for address in site_addresses():
            for answer in (house.callers[caller].get(address), house.callers[caller].post(address, FORM)):
                assert answer.status_code in (302, 403, 405), (caller, address)


@pytest.mark.parametrize("caller", ["limited", "supervisor", "admin"])
def test_no_address_of_a_page_does_anything_with_a_foreign_row(house: House, caller: str):
    client, before = house.callers[caller], everything(house.foreign)
    for label in [label for label in ROLES if page_of(label)[1] in house.foreign]:
        row = house.foreign[page_of(label)[1]]
        for address in set(addresses(label, row)) - set(addresses(label, None)):
            for answer in (client.get(address), client.post(address, FORM)):
                assert answer.status_code in (302, 403, 404, 405), address
                assert FOREIGN not in answer.content.decode().replace(str(row.pk), ""), address
    assert everything(house.foreign) == before


@pytest.mark.parametrize("caller", ["admin", "supervisor"])
def test_every_address_of_a_page_answers_its_roles(house: House, caller: str):
    client = house.callers[caller]
    for label in [label for label in ROLES if may(caller, label)]:
        for address in addresses(label, house.mine[page_of(label)[1]]):
            assert client.get(address).status_code in (200, 302, 403, 405), address  # 403: nobody adds or deletes these


@pytest.mark.parametrize("caller", ["admin", "supervisor"])
def test_rows_that_are_only_read_are_changed_by_no_form(house: House, caller: str):
    before = everything(house.mine)
    for label in READ_ONLY:
        row = house.mine[page_of(label)[1]]
        for page, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
            answer = house.callers[caller].post(url(label, page, *args), FORM)
            assert answer.status_code in (302, 403), (label, page)
    assert everything(house.mine) == before


def autocompletes() -> list[tuple[str, str]]:
    found = []
    for model, page in admin.site._registry.items():
        found += [(model._meta.label_lower, name) for name in page.autocomplete_fields]
    return found


def test_suggestions_are_of_ones_own_tenant(house: House):
    for label, name in autocompletes():
        app, model = label.split(".")
        asked = {"app_label": app, "model_name": model, "field_name": name}
        text = house.callers["admin"].get("/admin/autocomplete/", {**asked, "term": "e"}).content.decode()
        assert MINE in text, label
        assert FOREIGN not in text, label
        assert house.callers["admin"].get("/admin/autocomplete/", {**asked, "term": FOREIGN}).json()["results"] == []
        assert house.callers["supervisor"].get("/admin/autocomplete/", {**asked, "term": "e"}).status_code == 403


def test_the_list_of_all_people_suggests_nobody(house: House):
    asked = {"app_label": "admin", "model_name": "logentry", "field_name": "user", "term": "a"}
    for caller in ("admin", "supervisor", "clerk"):
        assert house.callers[caller].get("/admin/autocomplete/", asked).status_code in (302, 403)


@pytest.mark.parametrize("caller", ["admin", "supervisor"])
def test_a_form_takes_no_row_of_another_tenant(house: House, caller: str):
    """Each form that has a choice of rows is posted with a foreign one; the form names that field as wrong."""
    for label in ROLES.keys() - READ_ONLY - {"org.organization"}:
        if not may(caller, label):
            continue
        model = page_of(label)[1]
        keys = {field.name: field.remote_field.model for field in model._meta.fields if field.remote_field}
        foreign = {name: house.foreign[kind].pk for name, kind in keys.items() if kind in house.foreign}
        before = model._default_manager.count()
        answer = house.callers[caller].post(url(label, "add"), foreign)
        assert answer.status_code == 200, label
        assert foreign.keys() <= answer.context["adminform"].errors.keys(), label
        assert model._default_manager.count() == before


SECRETS = [
    ("outgoing.channel", "secret__startswith"),
    ("outgoing.channel", "address__contains"),
    ("outgoing.channel", "organization__name__startswith"),
    ("outgoing.channel", "organization__alert_channels__secret__startswith"),
    ("org.apikey", "digest__startswith"),
    ("org.organization", "memberships__user__password__startswith"),
    ("org.wallboard", "digest__startswith"),
    ("alerts.rule", "organization__api_keys__digest__startswith"),
]


def test_no_lookup_reads_a_secret_letter_by_letter(house: House):
    for label, lookup in SECRETS:
        for caller in ("admin", "superuser"):
            answer = house.callers[caller].get(url(label, "changelist"), {lookup: "e"})
            assert (answer.status_code, answer.headers.get("Location", "")) in ((302, "?e=1"), (400, "")), lookup


def test_a_search_of_thousands_of_words_asks_for_a_hundred_at_most(house: House):
    """Each word is looked for in each field that the page searches, of which none has ten."""
    searched = [label for label in ROLES if page_of(label)[0].search_fields]
    assert searched
    for label in searched:
        asked = partial(house.callers["superuser"].get, url(label, "changelist"), {"q": "e " * 4_000})
        most = max(each.upper().count(" LIKE ") for each in statements(asked))
        assert 0 < most < 100 * 10, label


def test_the_filters_on_a_page_work(house: House):
    for label in ROLES:
        page, _ = page_of(label)
        text = house.callers["superuser"].get(url(label, "changelist")).content.decode()
        for link in set(re.findall(r'href="(\?[^"]+)"', text)):
            answer = house.callers["superuser"].get(url(label, "changelist") + link.replace("&amp;", "&"))
            assert answer.status_code == 200, (label, link)
        assert ("?" in text) >= bool(page.list_filter)


def test_acting_on_a_foreign_alert_is_not_found(house: House):
    alert, rule = house.foreign[Alert], house.foreign[Rule]
    client = house.callers["admin"]
    client.post(reverse("admin:alerts_alert_act", args=[alert.pk, "resolve"]))
    alert.refresh_from_db()
    assert isinstance(alert, Alert)
    assert alert.status == "pending"
    assert client.post(reverse("admin:alerts_rule_test", args=[rule.pk])).status_code == 404
    assert client.post(f"{reverse('admin:alerts_rule_preview')}?rule={rule.pk}").status_code == 404
    for caller in ("supervisor", "analyst", "viewer", "clerk"):
        answer = house.callers[caller].post(reverse("admin:alerts_rule_preview"))
        assert answer.status_code in (302, 403)


@pytest.mark.parametrize("pk", ["abc", "1; DROP", "9" * 40, "00000000-0000-4000-8000-000000000000", "a/b"])
def test_a_page_of_no_row_is_not_found(house: House, pk: str):
    for label in ROLES:
        for page in ("change", "history", "delete"):
            answer = house.callers["superuser"].get(url(label, page, pk))
            assert answer.status_code in (302, 403, 404), (label, page)


# --- members ---------------------------------------------------------------------------------------------------------
def members(*rows: dict[str, Any]) -> dict[str, Any]:
    form = {"name": f"Name {MINE}", "time_zone": "UTC", "memberships-TOTAL_FORMS": len(rows)}
    form |= {"memberships-INITIAL_FORMS": 0}
    return form | {f"memberships-{index}-{key}": value for index, row in enumerate(rows) for key, value in row.items()}


def change_members(client: Client, *rows: dict[str, Any]) -> Any:
    return client.post(url("org.organization", "change", f"org_{MINE}"), members(*rows), follow=True)


def test_an_administrator_adds_a_person_who_chooses_the_password_by_a_link(house: House):
    admin_client, newcomer = house.callers["admin"], Client()
    answer = change_members(admin_client, {"username": "nora", "email": "nora@example.com", "role": "analyst"})
    [link] = re.findall(r"http://testserver(/password/[^\s<]+)", answer.content.decode())
    member = Membership.objects.get(user__username="nora")
    assert (member.organization_id, member.role, member.user.email) == (f"org_{MINE}", "analyst", "nora@example.com")
    assert not member.user.has_usable_password()
    assert (member.user.is_staff, member.user.is_superuser) == (False, False)
    form = newcomer.get(link, follow=True)
    chosen = {"new_password1": "of my own choice", "new_password2": "of my own choice"}
    assert newcomer.post(form.redirect_chain[-1][0], chosen).status_code == 302
    assert newcomer.post("/signin", {"username": "nora", "password": "of my own choice"}).status_code == 302
    again = Client().get(link, follow=True)
    assert "was used already" in again.content.decode()


def test_a_known_person_is_added_by_name_and_keeps_address_and_password(house: House):
    known = User.objects.get(username=f"member_{FOREIGN}")
    known.email = "own@example.com"
    known.set_password("a password of hers")
    known.save()
    theirs = {"username": known.username, "email": "", "role": "viewer"}
    assert "The name is taken" in change_members(house.callers["admin"], theirs).content.decode()
    refused = change_members(house.callers["superuser"], {**theirs, "email": "taken@example.com"})
    assert "leave this empty" in refused.content.decode()
    answer = change_members(house.callers["superuser"], theirs)
    assert "/password/" not in answer.content.decode()
    known.refresh_from_db()
    assert (known.email, known.check_password("a password of hers")) == ("own@example.com", True)
    assert set(known.memberships.values_list("organization_id", "role")) == {
        (f"org_{FOREIGN}", "admin"),
        (f"org_{MINE}", "viewer"),
    }


def test_nobody_is_a_member_twice(house: House):
    answer = change_members(
        house.callers["admin"], {"username": "nora", "role": "viewer"}, {"username": "nora", "role": "admin"}
    )
    assert "Already a member: nora." in answer.content.decode()
    assert not User.objects.filter(username="nora").exists()
    answer = change_members(house.callers["admin"], {"username": f"viewer_{MINE}", "role": "admin"})
    assert "Already a member" in answer.content.decode()


def test_an_administrator_makes_no_organization_and_removes_none(house: House):
    client = house.callers["admin"]
    assert client.get(url("org.organization", "add")).status_code == 403
    assert client.get(url("org.organization", "delete", f"org_{MINE}")).status_code == 403
    assert "delete_selected" not in client.get(url("org.organization", "changelist")).content.decode()


def test_an_administrator_makes_a_key_of_her_organization(house: House):
    form = {"organization": f"org_{MINE}", "name": "acd", "scopes": ["ingest"]}
    text = house.callers["admin"].post(url("org.apikey", "add"), form, follow=True).content.decode()
    assert len(re.findall(r"ik_[\w-]{40,}", text)) == 1
    assert ApiKey.objects.get(name="acd").organization_id == f"org_{MINE}"
