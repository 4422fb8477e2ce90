"""`manage.py apikey` and `manage.py bootstrap`."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from intraday.org import access
from intraday.org.models import ApiKey, Organization, Scope
from tests.conftest import key_of


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


# --- apikey ----------------------------------------------------------------------------------------------------------
def test_create_prints_the_key_alone_so_that_scripts_can_read_it(organization: Organization):
    out, err = run("apikey", "create", "--organization", "org_123", "--name", "acd", "--scope", "ingest")
    secret = out.strip()
    assert "\n" not in secret
    assert "only now" in err
    assert secret not in err
    principal = access.by_api_key(secret)
    assert principal is not None
    assert (principal.name, principal.grants) == ("key acd", {"ingest"})


@pytest.mark.parametrize(
    ("words", "grants"),
    [([], {"ingest"}), (["--scope", "read"], {"read"}), (["--scope", "read", "--scope", "ingest"], {"read", "ingest"})],
)
def test_scopes_of_a_key(organization: Organization, words: list[str], grants: set[str]):
    out, _ = run("apikey", "create", "--organization", "org_123", *words)
    assert access.by_api_key(out.strip()).grants == grants  # type: ignore[union-attr]


def test_list_shows_prefixes_and_never_keys(organization: Organization, stranger: Organization):
    secrets = [key_of(organization), key_of(stranger)]
    out, _ = run("apikey", "list")
    assert len(out.splitlines()) == 2
    for secret in secrets:
        assert secret[:9] in out
        assert secret not in out
    only, _ = run("apikey", "list", "--organization", "org_999")
    assert secrets[1][:9] in only
    assert secrets[0][:9] not in only


def test_revoke_takes_the_key_or_its_prefix(organization: Organization):
    for given in (lambda secret: secret, lambda secret: secret[:9]):
        secret = key_of(organization)
        run("apikey", "revoke", given(secret))
        assert access.by_api_key(secret) is None
    out, _ = run("apikey", "list")
    assert out.count("revoked") == 2


@pytest.mark.parametrize("given", ["ik_nothing", "", "%"])
def test_revoke_says_what_it_did_not_find(organization: Organization, given: str):
    key_of(organization)
    with pytest.raises(CommandError, match="0 active keys"):
        run("apikey", "revoke", given)
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_a_key_is_rotated_by_its_prefix(organization: Organization):
    first = key_of(organization)
    second, told = run("apikey", "rotate", first[:9], "--overlap-days", "2")
    ending = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d")
    assert f"test ({first[:9]}…) holds until {ending}" in told
    assert access.by_api_key(first) is not None
    assert access.by_api_key(second.strip()) is not None
    listed, _ = run("apikey", "list")
    assert f"in force until {ending}" in listed
    assert f"replaced by {second[:9]}…  never used" in listed
    with pytest.raises(CommandError, match="was rotated already"):
        run("apikey", "rotate", first)


def test_a_key_with_an_end_and_a_role_for_its_tokens(organization: Organization):
    words = ["--scope", "token", "--token-role", "analyst", "--expires", "2999-01-31"]
    run("apikey", "create", "--organization", "org_123", *words)
    key = ApiKey.objects.get()
    assert (key.token_role, key.expires_at) == ("analyst", datetime(2999, 1, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "--organization", "org_123", "--expires", "2026-01-01"], "2026-01-01 has begun"),
        (["create", "--organization", "org_123", "--expires", "soon"], "'soon' is no day such as 2027-01-31"),
        (["create", "--organization", "org_123", "--token-role", "owner"], "invalid choice"),
        (["rotate", "ik_x", "--overlap-days", "-1"], "'-1' is no number of days from 0 to 365"),
        (["rotate", "ik_x", "--overlap-days", "366"], "'366' is no number of days from 0 to 365"),
    ],
)
def test_a_key_command_says_what_is_wrong(organization: Organization, words: list[str], said: str):
    with pytest.raises(CommandError, match=said):
        run("apikey", *words)
    assert not ApiKey.objects.exists()


def test_an_unknown_organization_gets_no_key(db: None):
    with pytest.raises(CommandError, match="There is no organization 'org_000'"):
        run("apikey", "create", "--organization", "org_000")


@pytest.mark.parametrize("words", [["apikey"], ["apikey", "create"], ["apikey", "create", "--scope", "root"]])
def test_half_a_command_is_refused(db: None, words: list[str]):
    with pytest.raises(CommandError):
        run(*words)


# --- bootstrap -------------------------------------------------------------------------------------------------------
def test_bootstrap_makes_an_organization_with_its_queues_and_can_be_repeated(db: None):
    words = ["bootstrap", "--organization", "acme", "--name", "Acme", "--time-zone", "Europe/Berlin"]
    words += ["--queue", "sales/inbound", "--queue", "sales/out/bound", "--queue", "back_office"]
    for _ in range(2):
        out, _ = run(*words)
        assert out.strip() == "acme: 2 queues"
    organization = Organization.objects.get()
    assert (organization.id, organization.name, organization.time_zone) == ("acme", "Acme", "Europe/Berlin")
    scopes = Scope.objects.values_list("department_id", "queue_name")
    assert set(scopes) == {("", ""), ("sales", ""), ("sales", "inbound"), ("sales", "out/bound"), ("back_office", "")}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="nothing"),
        pytest.param(["--organization", "a b"], id="a bad id"),
        pytest.param(["--organization", "ok", "--time-zone", "Atlantis"], id="a bad zone"),
        pytest.param(["--organization", "ok", "--queue", "bad id/queue"], id="a bad department"),
        pytest.param(["--organization", "ok", "--queue", "/queue"], id="no department"),
        pytest.param(["--organization", "ok", "--queue", "dept/a\nb"], id="a bad queue"),
    ],
)
def test_bootstrap_refuses_bad_names_and_makes_nothing(db: None, words: list[str]):
    with pytest.raises(CommandError):
        run("bootstrap", *words)
    assert not Organization.objects.exists()


ACME = ["bootstrap", "--organization", "acme", "--queue", "sales/inbound"]


def test_the_first_administrator_is_a_member_and_sees_the_console(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "six wise owls")
    words = [*ACME, "--admin", "anna", "--email", "anna@acme.example"]
    for _ in range(2):
        out, _ = run(*words)
        assert out.splitlines() == ["anna: administrator of acme", "acme: 1 queues"]
    anna = User.objects.get()
    assert (anna.is_superuser, anna.email, anna.check_password("six wise owls")) == (True, "anna@acme.example", True)
    client = Client()
    client.force_login(anna)
    listed = client.get("/api/alerts/rules")
    assert (listed.status_code, client.get("/admin/org/organization/").status_code) == (200, 200)
    assert [(each.organization_id, each.role) for each in anna.memberships.all()] == [("acme", "admin")]


def test_a_person_who_is_there_already_only_becomes_a_member(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "six wise owls")
    User.objects.create_user("ben", "ben@acme.example", "her own password")
    run(*ACME, "--admin", "ben")
    ben = User.objects.get()
    assert (ben.is_superuser, ben.check_password("her own password")) == (False, True)
    assert ben.memberships.get().role == "admin"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        pytest.param("short", ["--admin", "anna"], id="a short password"),
        pytest.param("password1", ["--admin", "anna"], id="a common password"),
        pytest.param("", ["--admin", "anna"], id="no terminal to ask on"),
        pytest.param("six wise owls", ["--admin", "a b?"], id="a bad name"),
        pytest.param("six wise owls", ["--admin", "anna", "--email", "anna"], id="a bad address"),
    ],
)
def test_an_administrator_who_cannot_be_made_leaves_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch, password: str, words: list[str]
):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    with pytest.raises(CommandError):
        run(*ACME, *words)
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_the_demo_does_not_go_into_a_real_database(db: None):
    with pytest.raises(CommandError, match="embedded database"):
        run("bootstrap", "--demo")
    assert not Organization.objects.exists()


def test_the_demo_goes_into_the_embedded_one(db: None, settings: Settings, tmp_path):
    settings.EMBEDDED, settings.VAR_DIR = True, tmp_path
    out, _ = run("bootstrap", "--demo")
    assert out.startswith("org_123: ")
