"""Passwords: how many are checked at once, how often they may be wrong, and how people get another one."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from intraday.audit.models import AuditEntry
from intraday.clock.database import clock
from intraday.org.models import Organization, Role
from intraday.org.services import find_or_add_person
from intraday.sign_in import hashing, limits, passwords, retention
from intraday.sign_in.hashing import Gate, HashingBusyError
from intraday.sign_in.models import Failure
from tests.access.people import person
from tests.live import LiveServer

PASSWORD = "correct horse battery"
NEW = "another one entirely"


@pytest.fixture
def dana(house: Organization) -> User:
    user = person("dana", house, Role.ADMIN)
    user.email = "dana@mail.example"
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(name: str, password: str = "wrong", address: str = "192.0.2.1", client: Client | None = None) -> int:
    client = client or Client()
    form = {"username": name, "password": password}
    return int(client.post("/signin", form, REMOTE_ADDR=address).status_code)


# --- at once ---------------------------------------------------------------------------------------------------------
def test_the_gate_lets_some_in_has_some_wait_and_refuses_the_rest():
    gate = Gate(at_once=2, waiting=1, seconds=20)
    inside, leave, most, refused = [], threading.Event(), [], []

    def enter() -> None:
        try:
            with gate.entered():
                inside.append(1)
                most.append(len(inside))
                leave.wait(20)
                inside.pop()
        except HashingBusyError:
            refused.append(1)

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(refused) < 5:
        time.sleep(0.01)
    leave.set()
    for thread in threads:
        thread.join(20)
    assert (max(most), len(most), len(refused)) == (2, 3, 5)
    with gate.entered():  # it is as before
        pass


def test_who_waits_too_long_is_refused():
    gate = Gate(at_once=1, waiting=1, seconds=0)
    with gate.entered(), pytest.raises(HashingBusyError), gate.entered():
        pass


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, dana: User, real_hashing: None) -> Iterator[None]:
    """A process that is hashing as many passwords as it may, and lets nobody wait."""
    gate = Gate(at_once=1, waiting=0, seconds=0)
    monkeypatch.setattr(hashing, "gate", lambda: gate)
    with gate.entered():
        yield


def test_every_page_that_hashes_says_when_to_come_back(dana: User, full: None):
    signed_in, root = Client(), Client()
    signed_in.force_login(dana)
    root.force_login(User.objects.create_superuser("root"))
    link = f"/password/{passwords.new_password_path(dana).split('/password/')[1]}"
    choosing = Client()
    chosen = choosing.get(link)["Location"]
    new = {"new_password1": NEW, "new_password2": NEW}
    by_root = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    asked = [
        (Client(), "/signin", {"username": "dana", "password": PASSWORD}),
        (Client(), "/signin", {"username": "nobody", "password": PASSWORD}),
        (signed_in, "/password", {"old_password": PASSWORD, **new}),
        (signed_in, "/account/confirm", {"password": PASSWORD}),
        (choosing, chosen, new),
        (
            root,
            "/admin/auth/user/add/",
            {"username": "x", **by_root},
        ),
        (
            root,
            f"/admin/auth/user/{dana.pk}/password/",
            {"password1": NEW, "password2": NEW, "usable_password": "true"},
        ),
    ]
    for client, page, form in asked:
        answer = client.post(page, form)
        assert (answer.status_code, answer["Retry-After"]) == (503, "2"), page
        assert "try again" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="person.sign_in_failed").exists()
    assert not Failure.objects.exists()


def test_a_burst_of_sign_ins_is_answered_by_302_and_503_alone(server: LiveServer, real_hashing: None, dana: User):
    token, found = "t" * 32, []

    def come() -> None:
        form = {"username": "dana", "password": PASSWORD, "csrfmiddlewaretoken": token}
        headers = {"Cookie": f"csrftoken={token}"}
        found.append(httpx.post(f"{server.http}/signin", data=form, headers=headers, timeout=60).status_code)

    threads = [threading.Thread(target=come) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert {302} <= set(found) <= {302, 503}


# --- limits ----------------------------------------------------------------------------------------------------------
def test_an_address_that_tries_many_names_is_stopped(dana: User, settings: Any):
    settings.SIGN_IN_FAILURES_ADDRESS = 4
    assert [sign_in(f"name {number}") for number in range(5)] == [200, 200, 200, 200, 429]
    assert sign_in("dana", PASSWORD) == 429
    assert sign_in("dana", PASSWORD, "192.0.2.2") == 302


def test_many_addresses_of_one_network_count_as_one(dana: User, settings: Any):
    settings.AXES_FAILURE_LIMIT = 3
    tries = [sign_in("dana", "wrong", f"2001:db8:1:2::{number}") for number in range(4)]
    assert tries == [200, 200, 429, 429]
    assert sign_in("dana", PASSWORD, "2001:db8:1:3::1") == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::"),
        ("", ""),
    ],
)
def test_the_network_of_an_address(rf: Any, address: str, network: str):
    assert limits.network(rf.get("/", REMOTE_ADDR=address)) == network


def test_many_addresses_that_try_one_name_are_stopped_and_the_person_is_not(dana: User, settings: Any):
    settings.SIGN_IN_FAILURES_NAME = 4
    hers = Client()
    assert sign_in("dana", PASSWORD, client=hers) == 302
    hers.post("/signout")
    spellings = ["dana", "DANA", " dana ", "\N{FULLWIDTH LATIN SMALL LETTER D}ana", "Dana"]
    tries = [sign_in(name, "wrong", f"192.0.2.{number}") for number, name in enumerate(spellings, 10)]
    assert tries == [200, 200, 200, 200, 429]
    assert sign_in("dana", PASSWORD, "192.0.2.99") == 429
    assert sign_in("dana", PASSWORD, "192.0.2.99", client=hers) == 302  # her browser is known
    assert sign_in("eve", "wrong", "192.0.2.99") == 200
    hers.post("/signout")
    assert [sign_in("eve", "wrong", f"192.0.2.{number}", client=hers) for number in range(20, 24)][-1] == 429


def test_refused_attempts_do_not_prolong_the_limit(dana: User, settings: Any):
    settings.SIGN_IN_FAILURES_NAME = 2
    for number in range(6):
        sign_in("dana", "wrong", f"192.0.2.{number}")
    assert Failure.objects.filter(kind="name").count() == 2


def test_one_stranger_at_one_address_cannot_use_up_a_name(dana: User, settings: Any):
    settings.AXES_FAILURE_LIMIT, settings.SIGN_IN_FAILURES_NAME = 3, 5
    for _ in range(12):
        sign_in("dana")
    assert sign_in("dana", PASSWORD, "192.0.2.2") == 302


def test_the_mark_of_a_browser_is_of_one_name_and_cannot_be_made_up(dana: User, settings: Any):
    settings.SIGN_IN_FAILURES_NAME = 0
    name = limits._cookie("dana")
    for made_up in ("1", limits._digest("dana"), ""):
        client = Client()
        client.cookies[name] = made_up
        assert sign_in("dana", PASSWORD, client=client) == 429


# --- another password ------------------------------------------------------------------------------------------------
def link_for(email: str) -> str | None:
    """Ask for a link; return its path."""
    client = Client()
    answer = client.post("/password/forgotten", {"email": email})
    assert answer.status_code == 200
    assert f"If {email} is the address of somebody" in answer.content.decode()
    passwords._executor.submit(int).result(20)  # what was asked before is done
    if not mail.outbox:
        return None
    found = re.search(r"https?://\S+?(/password/\S+)", str(mail.outbox.pop().body))
    assert found is not None
    return found[1]


@pytest.mark.django_db(transaction=True)
def test_a_forgotten_password_is_replaced_by_mail(dana: User, settings: Any):
    settings.SIGN_IN_FAILURES_NAME = 2
    for number in range(3):
        sign_in("dana", "wrong", f"192.0.2.{number}")
    assert sign_in("dana", PASSWORD) == 429
    link = link_for("DANA@mail.example")
    assert link is not None
    client = Client()
    page = client.get(link)["Location"]
    assert client.post(page, {"new_password1": NEW, "new_password2": NEW})["Location"] == "/signin"
    assert sign_in("dana", NEW, client=client) == 302  # this browser has proved whose it is
    assert "used already" in Client().get(link).content.decode()
    said = AuditEntry.objects.filter(action__startswith="person.password").order_by("id")
    assert list(said.values_list("action", flat=True)) == ["person.password_link_sent", "person.password_chosen"]


@pytest.mark.django_db(transaction=True)
def test_nobody_else_gets_a_link(dana: User, house: Organization):
    User.objects.create_user("closed", "closed@mail.example", PASSWORD, is_active=False)
    provided = User.objects.create_user("ben@acme", "ben@mail.example")
    provided.set_unusable_password()
    provided.save()
    for email in (
        "nobody@mail.example",
        "closed@mail.example",
        "ben@mail.example",
        "d\N{LATIN SMALL LETTER DOTLESS I}na@mail.example",
    ):
        assert link_for(email) is None, email


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_is_not_flooded(dana: User):
    assert [link_for("dana@mail.example") is not None for _ in range(5)] == [True, True, True, False, False]


def test_an_address_asks_for_links_so_many_times(dana: User, client: Client):
    for _ in range(limits.MAIL_REQUESTS.at_most):
        limits.MAIL_REQUESTS.count("127.0.0.1")
    assert client.post("/password/forgotten", {"email": "dana@mail.example"}).status_code == 429


def test_a_console_without_mail_says_whom_to_ask(dana: User, client: Client, settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "administrator" in client.get("/password/forgotten").content.decode()
    assert "forgotten" not in client.get("/signin").content.decode().lower()


def test_a_name_is_kept_as_the_sign_in_page_reads_it(house: Organization):
    user, _ = find_or_add_person("\N{FULLWIDTH LATIN SMALL LETTER Z}oe")
    assert user.username == "zoe"


def test_failures_that_count_no_more_are_purged(dana: User):
    sign_in("dana")
    assert Failure.objects.count() == 2
    assert retention.purge(now=clock.now()) == 0
    assert retention.purge(now=clock.now() + limits.LONGEST + timedelta(minutes=1)) == 2


# --- pages -----------------------------------------------------------------------------------------------------------
def test_no_page_of_these_has_anything_inline(dana: User, client: Client):
    client.force_login(dana)
    for page in ("/signin", "/account", "/account/confirm", "/password", "/password/forgotten"):
        answer = client.get(page)
        assert answer.status_code == 200
        text = answer.content.decode()
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", text), page
        assert "script-src 'self'" in answer["Content-Security-Policy"]
