"""Second factors: set up, asked for on every way in, used once, and removed."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import User
from django.test import Client

from intraday.audit.models import AuditEntry
from intraday.org.models import Organization, Role
from intraday.sign_in import codes
from tests.access.people import person
from tests.services import Valkey

PASSWORD = "correct horse battery"


@pytest.fixture
def dana(house: Organization) -> User:
    user = person("dana", house, Role.ADMIN)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, following: str = "/") -> Any:
    return client.post("/signin", {"username": "dana", "password": PASSWORD, "next": following})


def code_of(secret: str, periods: int = 0) -> str:
    """Return the code that the app shows now, or so many periods later."""
    counter = int(time.time()) // 30 + periods
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set it up as a person does; return the secret in the app and the recovery codes."""
    answer = client.get("/account/second-factor")
    assert answer["Location"] == "/account/confirm?next=%2Faccount%2Fsecond-factor"
    answer = client.post(answer["Location"], {"password": PASSWORD, "next": "/account/second-factor"})
    assert answer["Location"] == "/account/second-factor"
    secret = re.search(r'class="key">(\w+)<', client.get("/account/second-factor").content.decode())
    assert secret is not None
    answer = client.post("/account/second-factor", {"code": code_of(secret[1])})
    assert answer["Location"] == "/account/recovery-codes"
    shown = client.get("/account/recovery-codes").content.decode()
    return secret[1], re.findall(r"<code>(\d+)</code>", shown)


@pytest.fixture
def factor(dana: User, django_capture_on_commit_callbacks: Any) -> tuple[str, list[str]]:
    client = Client()
    sign_in(client)
    with django_capture_on_commit_callbacks(execute=True):
        return set_up(client)


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="person.").order_by("id").values_list("action", flat=True))


def test_after_it_is_set_up_the_password_alone_opens_nothing(factor: tuple[str, list[str]], client: Client):
    secret, recovery_codes = factor
    assert len(recovery_codes) == 10
    answer = sign_in(client, "/admin/")
    assert answer["Location"] == "/signin/code"
    for closed in ("/", "/account", "/admin/", "/api/intraday/backlog/current?organization_id=org_123"):
        assert client.get(closed).status_code in (302, 401), closed
    assert client.post("/signin/code", {"code": "000000"}).status_code == 200
    answer = client.post("/signin/code", {"code": code_of(secret, 1)})
    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert actions()[-4:] == [
        "person.second_factor_added",
        "person.second_factor_added",
        "person.second_factor_failed",
        "person.signed_in",
    ]


@pytest.mark.parametrize("door", ["/admin/login/?next=/admin/", "/signin?next=/admin/"])
def test_no_door_goes_past_it(factor: tuple[str, list[str]], client: Client, door: str):
    answer = client.get(door, follow=True)
    assert answer.request["PATH_INFO"] == "/signin"
    client.post(door, {"username": "dana", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_a_code_is_good_for_once(factor: tuple[str, list[str]], dana: User):
    secret, recovery_codes = factor
    later, earlier = code_of(secret, 1), code_of(secret)
    for code, opens in (
        (later, True),
        (later, False),
        (earlier, False),
        (recovery_codes[0], True),
        (recovery_codes[0], False),
    ):
        client = Client()
        sign_in(client)
        assert (client.post("/signin/code", {"code": code}).status_code == 302) is opens, code
    assert "person.recovery_code_used" in actions()


@pytest.mark.parametrize("code", ["", "0", "\N{ARABIC-INDIC DIGIT ONE}" * 6, "x" * 5000, "\0", "--------"])
def test_a_code_of_another_shape_is_a_wrong_one(factor: tuple[str, list[str]], client: Client, code: str):
    sign_in(client)
    answer = client.post("/signin/code", {"code": code})
    assert answer.status_code == 200
    assert client.get("/account").status_code == 302


def test_codes_cannot_be_guessed_for_long_in_any_session(factor: tuple[str, list[str]], settings: Any):
    secret, _ = factor
    for _ in range(codes.CODES.at_most):
        client = Client()
        sign_in(client)
        assert client.post("/signin/code", {"code": "000000"}).status_code == 200
    client = Client()
    sign_in(client)
    answer = client.post("/signin/code", {"code": code_of(secret, 1)})
    assert "wait 15 minutes" in answer.content.decode()
    assert client.get("/account").status_code == 302


def test_removing_it_asks_for_the_password(factor: tuple[str, list[str]], client: Client, dana: User):
    client.force_login(dana)
    assert client.post("/account/second-factor/remove")["Location"].startswith("/account/confirm?")
    assert Authenticator.objects.count() == 2
    client.post("/account/confirm", {"password": "wrong"})
    assert client.post("/account/second-factor/remove")["Location"].startswith("/account/confirm?")
    client.post("/account/confirm", {"password": PASSWORD})
    assert client.post("/account/second-factor/remove")["Location"] == "/account"
    assert not Authenticator.objects.exists()
    assert "person.second_factor_removed" in actions()
    other = Client()
    assert sign_in(other)["Location"] == "/"


def test_new_recovery_codes_replace_the_old_ones(
    factor: tuple[str, list[str]], client: Client, dana: User, django_capture_on_commit_callbacks: Any
):
    _, before = factor
    client.force_login(dana)
    client.post("/account/confirm", {"password": PASSWORD})
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/account/recovery-codes/new")["Location"] == "/account/recovery-codes"
    shown = client.get("/account/recovery-codes").content.decode()
    assert not [code for code in before if code in shown]
    assert "person.recovery_codes_renewed" in actions()


def test_a_confirmation_cannot_be_guessed_for_long(dana: User, client: Client):
    client.force_login(dana)
    found = [client.post("/account/confirm", {"password": "wrong"}).status_code for _ in range(11)]
    assert found[-1] == 429
    assert client.post("/password", {"old_password": PASSWORD}).status_code == 429


def test_the_secrets_are_sealed(factor: tuple[str, list[str]], dana: User):
    secret, recovery_codes = factor
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not [code for code in recovery_codes if code in stored]


def test_an_administrator_takes_away_one_that_is_lost(
    factor: tuple[str, list[str]], house: Organization, stranger: Organization, dana: User
):
    admin = Client()
    admin.force_login(person("ada", house, Role.ADMIN))
    chosen = {"action": "remove_second_factor", "_selected_action": [dana.memberships.get(organization=house).pk]}
    person("dana", stranger)
    answer = admin.post("/admin/org/membership/", chosen, follow=True)
    assert "other organizations" in answer.content.decode()
    assert Authenticator.objects.count() == 2
    dana.memberships.filter(organization=stranger).delete()
    admin.post("/admin/org/membership/", chosen)
    assert not Authenticator.objects.exists()
    removed = AuditEntry.objects.get(action="person.second_factor_removed")
    assert (removed.actor, removed.target) == ("ada", "dana")


def test_signing_in_by_a_code_needs_no_cache(factor: tuple[str, list[str]], settings: Any, client: Client):
    secret, _ = factor
    with Valkey() as valkey:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": valkey.url}}
        valkey.kill()
        sign_in(client)
        assert client.post("/signin/code", {"code": code_of(secret, 1)}).status_code == 302


def test_a_sign_in_as_somebody_else_ends_the_session_before(
    factor: tuple[str, list[str]], client: Client, house: Organization
):
    client.force_login(person("eve", house))
    assert sign_in(client)["Location"] == "/signin/code"
    assert client.post("/signin/code", {"code": code_of(factor[0], 1)}).status_code == 302
    assert "dana" in client.get("/account").content.decode()
