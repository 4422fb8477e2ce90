"""Signing in by a real OpenID Connect provider: who is let in, with what, and what is refused."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client

from intraday.audit.models import AuditEntry
from intraday.org.models import Membership, Organization, Role
from intraday.sign_in import groups, identity_providers
from intraday.sign_in.models import GroupGrant, IdentityProvider
from tests.access.people import person
from tests.live import LiveServer
from tests.realtime.notes import in_thread
from tests.sign_in.conftest import register
from tests.sign_in.identity_provider import IdentityProviderProcess, come


def allow(
    provider: IdentityProvider, group: str, organization: Organization, role: str, *departments: str
) -> GroupGrant:
    row = GroupGrant(
        provider=provider, group=group, organization=organization, role=role, department_ids=list(departments)
    )
    row.full_clean()
    row.save()
    return row


def memberships() -> list[tuple[str, str, str, list[str]]]:
    rows = Membership.objects.order_by("user__username", "organization_id")
    return [(row.user.username, row.organization_id, row.role, row.department_ids) for row in rows]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_groups_open_the_organization_with_role_and_departments(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, client: Client
):
    allow(acme, "wfm", house, Role.SUPERVISOR, "dept_456")
    idp.knows("ben-1", preferred_username="ben@acme.example", groups=["staff", "wfm"])
    answer = come(client, idp, "ben-1", "/sso/acme?next=/alerts/a-1")
    assert (answer.status_code, answer["Location"]) == (302, "/alerts/a-1")
    assert memberships() == [("ben@acme", "org_123", "supervisor", ["dept_456"])]
    assert client.get("/api/intraday/backlog/current", {"organization_id": "org_123"}).status_code == 403
    asked = {"organization_id": "org_123", "department_id": "dept_456"}
    assert client.get("/api/intraday/backlog/current", asked).status_code == 200
    assert idp.pkce() == ["right"]
    ben = User.objects.get()
    assert (ben.has_usable_password(), ben.is_staff, ben.is_superuser, ben.email) == (False, False, False, "")
    assert SocialAccount.objects.get().extra_data == {}  # nothing that was told is kept
    assert {"person.groups_granted", "person.signed_in", "membership.created"} <= set(actions())
    granted = AuditEntry.objects.get(action="person.groups_granted")
    assert (granted.actor, granted.target, granted.after["groups"]) == ("provider acme", "ben@acme", ["wfm"])


def test_what_the_groups_say_is_asked_at_every_sign_in(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization
):
    allow(acme, "agents", house, Role.VIEWER)
    allow(acme, "leads", house, Role.ADMIN)
    for told, role in (
        (["agents"], "viewer"),
        (["agents", "leads"], "admin"),
        (["leads"], "admin"),
        (["agents"], "viewer"),
    ):
        idp.knows("eve-1", preferred_username="eve", groups=told)
        assert come(Client(), idp, "eve-1").status_code == 302
        assert memberships() == [("eve@acme", "org_123", role, [])]
    idp.knows("eve-1", preferred_username="eve", groups=["retired"])
    refused = come(Client(), idp, "eve-1")
    assert refused.status_code == 403
    assert "no access" in refused.content.decode()
    assert memberships() == []
    assert "person.groups_withdrawn" in actions()
    assert AuditEntry.objects.filter(action="person.refused", organization_id="org_123", target="eve@acme").exists()


@pytest.mark.parametrize("told", [[], ["unknown"], None, "unknown", {"wfm": True}, [["wfm"]], 7])
def test_unknown_groups_are_no_access_and_leave_no_account(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, client: Client, told: Any
):
    allow(acme, "wfm", house, Role.VIEWER)
    idp.knows("ida-1", preferred_username="ida", **({} if told is None else {"groups": told}))
    assert come(client, idp, "ida-1").status_code == 403
    assert not User.objects.exists()
    assert client.get("/account").status_code == 302


def test_memberships_made_by_hand_stay(idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization):
    allow(acme, "wfm", house, Role.VIEWER)
    idp.knows("max-1", preferred_username="max", groups=["wfm"])
    come(Client(), idp, "max-1")
    Membership.objects.all().delete()
    person("max@acme", house, Role.ANALYST)
    for told in (["wfm"], []):
        idp.knows("max-1", preferred_username="max", groups=told)
        assert come(Client(), idp, "max-1").status_code == 302
        assert memberships() == [("max@acme", "org_123", "analyst", [])]


def test_nobody_is_found_by_name_or_address(idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization):
    allow(acme, "wfm", house, Role.VIEWER)
    root = User.objects.create_superuser("root", "root@acme.example", "a password of root")
    idp.knows("x-1", preferred_username="root", email="root@acme.example", email_verified=True, groups=["wfm"])
    idp.knows("x-2", preferred_username="ROOT@elsewhere", email="root@acme.example", groups=["wfm"])
    first, second = Client(), Client()
    come(first, idp, "x-1")
    come(second, idp, "x-2")
    assert [each[0] for each in memberships()] == ["ROOT2@acme", "root@acme"]
    assert {str(each) for each in SocialAccount.objects.values_list("user__username", flat=True)} == {
        "root@acme",
        "ROOT2@acme",
    }
    assert User.objects.get(username="root@acme").email == "root@acme.example"  # verified: for mails, not for finding
    assert User.objects.get(username="ROOT2@acme").email == ""
    for client in (first, second):
        assert client.get("/admin/", follow=True).status_code == 403
    root.refresh_from_db()
    assert root.last_login is None


def test_the_same_subject_of_another_provider_is_somebody_else(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, stranger: Organization
):
    other = register(idp, "other", stranger)
    allow(acme, "wfm", house, Role.VIEWER)
    allow(other, "wfm", stranger, Role.VIEWER)
    idp.knows("u-1", preferred_username="uma", groups=["wfm"])
    come(Client(), idp, "u-1")
    come(Client(), idp, "u-1", "/sso/other")
    assert memberships() == [("uma@acme", "org_123", "viewer", []), ("uma@other", "org_999", "viewer", [])]


def test_a_bound_provider_grants_no_other_organization(
    idp: IdentityProviderProcess, acme: IdentityProvider, stranger: Organization, client: Client
):
    """Not even by a row that got past the form."""
    with pytest.raises(Exception, match="another organization"):
        allow(acme, "wfm", stranger, Role.ADMIN)
    GroupGrant.objects.create(provider=acme, group="wfm", organization=stranger, role=Role.ADMIN)
    idp.knows("mal-1", preferred_username="mal", groups=["wfm"])
    assert come(client, idp, "mal-1").status_code == 403
    assert memberships() == []


def test_a_shared_provider_opens_several(
    idp: IdentityProviderProcess, house: Organization, stranger: Organization, client: Client
):
    shared = register(idp, "shared")
    allow(shared, "a", house, Role.VIEWER)
    allow(shared, "b", stranger, Role.ANALYST)
    idp.knows("pia-1", name="Pia Roe", groups=["a", "b"])
    assert come(client, idp, "pia-1", "/sso/shared").status_code == 302
    assert memberships() == [("Pia-Roe@shared", "org_123", "viewer", []), ("Pia-Roe@shared", "org_999", "analyst", [])]


# --- what does not fit -----------------------------------------------------------------------------------------------
def test_an_answer_without_its_question_is_refused(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, client: Client
):
    allow(acme, "wfm", house, Role.VIEWER)
    idp.knows("ben-2", preferred_username="ben", groups=["wfm"])
    back = idp.authorize(client.get("/sso/acme")["Location"], "ben-2")
    assert Client().get(back).status_code == 401  # the state is another browser's
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 401  # once
    assert client.get("/sso/acme/callback").status_code == 401
    assert client.get("/sso/acme/callback?error=access_denied").status_code == 401


def test_a_code_of_another_sign_in_is_refused_by_verifier_and_nonce(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, client: Client
):
    allow(acme, "wfm", house, Role.VIEWER)
    idp.knows("ben-3", preferred_username="ben", groups=["wfm"])
    idp.pkce()
    stolen = idp.authorize(Client().get("/sso/acme")["Location"], "ben-3")
    own = idp.authorize(client.get("/sso/acme")["Location"], "ben-3")
    code, state = stolen.split("code=")[1].split("&")[0], own.split("state=")[1].split("&")[0]
    answer = client.get(f"/sso/acme/callback?code={code}&state={state}")  # this provider does not mind the verifier
    assert answer.status_code == 401
    assert idp.pkce() == ["wrong"]
    assert not User.objects.exists()


def test_what_is_refused_at_the_provider_ends_at_the_sign_in_page(
    idp: IdentityProviderProcess, acme: IdentityProvider, client: Client
):
    state = client.get("/sso/acme")["Location"].split("state=")[1].split("&")[0]
    answer = client.get(f"/sso/acme/callback?error=access_denied&state={state}")
    assert (answer.status_code, answer["Location"]) == (302, "/signin")


def test_a_provider_that_is_away_is_said_plainly(acme: IdentityProvider, client: Client):
    IdentityProvider.objects.update(issuer="http://localhost:9")
    answer = client.get("/sso/acme")
    assert answer.status_code == 503
    assert "could not be asked" in answer.content.decode()


def test_the_request_adds_nothing_to_the_question(acme: IdentityProvider, client: Client):
    asked = client.get("/sso/acme?scope=admin&process=connect&auth_params=nonce%3Dmine%26prompt%3Dnone")["Location"]
    assert "scope=openid" in asked.replace("profile+", "").replace("email+", "")
    assert not [word for word in ("admin", "mine", "prompt") if word in asked]


def test_who_comes_by_a_provider_signs_in_anew_after_hours(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, client: Client, settings: Any
):
    allow(acme, "wfm", house, Role.VIEWER)
    idp.knows("ben-4", preferred_username="ben", groups=["wfm"])
    come(client, idp, "ben-4")
    assert client.session.get_expiry_age() == settings.PROVIDER_SESSION


def test_a_closed_account_stays_closed(idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization):
    allow(acme, "wfm", house, Role.VIEWER)
    idp.knows("ben-5", preferred_username="ben", groups=["wfm"])
    come(Client(), idp, "ben-5")
    User.objects.update(is_active=False)
    assert come(Client(), idp, "ben-5").status_code == 403


# --- changes of grants -----------------------------------------------------------------------------------------------
def test_a_change_of_a_grant_counts_at_once(idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization):
    row = allow(acme, "wfm", house, Role.ADMIN)
    idp.knows("ben-6", preferred_username="ben", groups=["wfm"])
    come(Client(), idp, "ben-6")
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    page = f"/admin/sign_in/groupgrant/{row.pk}/change/"
    assert root.post(page, {"group": "wfm", "role": "viewer", "department_ids": '["dept_456"]'}).status_code == 302
    assert memberships() == [("ben@acme", "org_123", "viewer", ["dept_456"])]
    assert root.post(f"/admin/sign_in/groupgrant/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert memberships() == []


def test_a_removed_provider_leaves_nothing_behind(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization
):
    allow(acme, "wfm", house, Role.ADMIN)
    idp.knows("ben-7", preferred_username="ben", groups=["wfm"])
    come(Client(), idp, "ben-7")
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    assert root.post("/admin/sign_in/identityprovider/acme/delete/", {"post": "yes"}).status_code == 302
    assert (memberships(), SocialAccount.objects.count()) == ([], 0)
    assert Client().get("/sso/acme").status_code == 404


def test_an_administrator_grants_groups_of_the_organizations_own_provider_alone(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, stranger: Organization
):
    shared, foreign = register(idp, "shared"), register(idp, "foreign", stranger)
    admin = Client()
    admin.force_login(person("ada", house, Role.ADMIN))
    form = {"group": "wfm", "organization": house.pk, "role": "admin", "department_ids": "[]"}
    for provider in (shared, foreign):
        answer = admin.post("/admin/sign_in/groupgrant/add/", form | {"provider": provider.pk})
        assert "provider" in answer.context["adminform"].errors
    answer = admin.post("/admin/sign_in/groupgrant/add/", form | {"provider": "acme", "organization": stranger.pk})
    assert "organization" in answer.context["adminform"].errors
    assert not GroupGrant.objects.exists()
    assert admin.post("/admin/sign_in/groupgrant/add/", form | {"provider": "acme"}).status_code == 302
    assert GroupGrant.objects.get().organization == house
    kept = GroupGrant.objects.create(provider=shared, group="all", organization=house)
    assert admin.get(f"/admin/sign_in/groupgrant/{kept.pk}/change/").status_code == 302  # the operator's
    assert admin.get("/admin/sign_in/identityprovider/").status_code == 403


@pytest.mark.parametrize(
    "ids",
    [
        "true",
        "5",
        "1.5",
        '"dept_456"',
        "[1]",
        "[[]]",
        '["a b"]',
        '["\\u0000"]',
        '["\\ud800"]',
        "NaN",
        "9" * 5_000,
        "[" * 9_999,
    ],
)
def test_departments_that_are_no_list_of_ids_are_an_error_of_their_field(
    idp: IdentityProviderProcess, acme: IdentityProvider, house: Organization, ids: str
):
    admin = Client()
    admin.force_login(person("ada", house, Role.ADMIN))
    form = {"provider": "acme", "group": "wfm", "organization": house.pk, "role": "admin", "department_ids": ids}
    answer = admin.post("/admin/sign_in/groupgrant/add/", form)
    assert list(answer.context["adminform"].errors) == ["department_ids"]


@pytest.mark.parametrize("departments", ["", "null", "[]"])
def test_no_departments_are_the_whole_organization_however_they_are_written(
    client: Client, acme: IdentityProvider, house: Organization, departments: str
):
    client.force_login(User.objects.create_superuser("boss"))
    grant = allow(acme, "wfm", house, "analyst")
    page = f"/admin/sign_in/groupgrant/{grant.pk}/change/"
    answer = client.post(page, {"group": "wfm", "role": "viewer", "department_ids": departments})
    assert answer.status_code == 302
    grant.refresh_from_db()
    assert (grant.role, grant.department_ids) == ("viewer", [])


def test_a_superuser_adds_a_provider_whose_secret_is_kept_sealed(house: Organization):
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    form = {"id": "acme", "name": "Acme", "organization": house.pk, "client_id": "intraday", "groups_claim": "groups"}
    page = "/admin/sign_in/identityprovider/add/"
    for wrong in (
        {"issuer": "http://acme.example"},
        {"issuer": "https://[acme.example"},
        {"issuer": "https://acme.example", "id": "Acme!"},
        {},
    ):
        assert root.post(page, form | {"secret": "s3cret"} | wrong).status_code == 200
    form["issuer"] = "https://acme.example/realms/x/"
    assert root.post(page, form).status_code == 200  # without a secret
    assert root.post(page, form | {"secret": "s3cret"}).status_code == 302
    row = IdentityProvider.objects.get()
    assert (row.secret, row.issuer) == ("s3cret", "https://acme.example/realms/x")
    assert "s3cret" not in row.sealed_secret
    change = f"/admin/sign_in/identityprovider/{row.pk}/change/"
    assert row.sealed_secret not in root.get(change).content.decode()
    assert root.post(change, {"name": "Acme SSO", "client_id": "intraday", "groups_claim": "roles"}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.secret, row.groups_claim) == ("Acme SSO", "s3cret", "roles")
    assert "s3cret" not in str(list(AuditEntry.objects.values_list("before", "after")))


def test_the_page_offers_the_providers_that_it_should(
    idp: IdentityProviderProcess, acme: IdentityProvider, client: Client
):
    register(idp, "quiet")
    IdentityProvider.objects.filter(pk="quiet").update(is_offered=False)
    page = client.get("/signin?next=/alerts/a-1").content.decode()
    assert 'href="/sso/acme?next=%2Falerts%2Fa-1"' in page
    assert "quiet" not in page


# --- decisions -------------------------------------------------------------------------------------------------------
GRANTS: list[tuple[list[tuple[str, list[str]]], tuple[str, tuple[str, ...]]]] = [
    ([("viewer", [])], ("viewer", ())),
    ([("viewer", ["a"]), ("viewer", ["b"])], ("viewer", ("a", "b"))),
    ([("viewer", ["a"]), ("viewer", [])], ("viewer", ())),
    ([("viewer", []), ("admin", ["a"])], ("admin", ("a",))),  # not admin of the whole
    ([("supervisor", ["a"]), ("analyst", ["b"])], ("supervisor", ("a",))),
]


@pytest.mark.parametrize(("grants", "expected"), GRANTS)
def test_the_highest_role_counts_with_its_departments(
    grants: list[tuple[str, list[str]]], expected: tuple[str, tuple[str, ...]]
):
    rows = [
        GroupGrant(group=f"g{number}", organization_id="o", role=role, department_ids=departments)
        for number, (role, departments) in enumerate(grants)
    ]
    found = groups.decide(rows)["o"]
    assert (found.role, found.department_ids) == expected
    assert groups.decide(reversed(rows)) == groups.decide(rows)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"preferred_username": "ben"}, "ben@acme"),
        ({"preferred_username": "Ben Åker@acme.example"}, "Ben-Åker@acme"),
        ({"email": "ben@elsewhere"}, "ben@acme"),
        ({}, "person@acme"),
        ({"preferred_username": "@@"}, "person@acme"),
        ({"preferred_username": "x" * 500}, "x" * 100 + "@acme"),
        ({"preferred_username": ["ben"]}, "ben@acme"),
        ({"preferred_username": "\N{FULLWIDTH LATIN SMALL LETTER B}en"}, "ben@acme"),
    ],
)
def test_a_name_says_by_which_provider_somebody_came(db: None, claims: dict[str, Any], expected: str):
    assert identity_providers.name_for(IdentityProvider(id="acme"), claims) == expected


async def test_sockets_of_a_withdrawn_membership_close(
    server: LiveServer, idp: IdentityProviderProcess, house: Organization
):
    from tests.access.page_sockets import browser

    acme = await in_thread(register, idp, "acme", house)
    await in_thread(allow, acme, "wfm", house, Role.VIEWER)
    client = Client()
    await in_thread(lambda: idp.knows("ben-8", preferred_username="ben", groups=["wfm"]))
    await in_thread(come, client, idp, "ben-8")
    async with browser(server, client.cookies["sessionid"].value) as socket:
        await socket.until("authenticated")
        await in_thread(lambda: idp.knows("ben-8", preferred_username="ben", groups=[]))
        await in_thread(come, Client(), idp, "ben-8")
        assert await socket.closed() == 4403
