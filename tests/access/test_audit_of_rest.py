"""Every deed over the API and on our pages: it leaves an entry in the audit log, or stands here with a reason.

The deeds come from the URL table; one that is in neither list fails. test_audit_of_admin does the same for the admin.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from intraday.audit.models import AuditEntry
from intraday.org.models import Organization, Role
from intraday.org.passwords import new_password_path
from tests.access import alerts as fixtures
from tests.access.people import browser_of, person
from tests.access.url_table import endpoints, posted_pages

WORDS = Path(__file__).parents[2] / "console/src/audit/words.ts"
ORG = {"organization_id": "org_123"}
AS_OF = {"as_of_time": "2026-01-31T10:00:00Z"}
PASSWORD = "a password of hers"
NEW_PASSWORD = {"new_password1": "one of her own", "new_password2": "one of her own"}

KINDS_OF_THE_ADMIN = {"account", "channel", "department", "holiday", "key", "membership", "organization"}
KINDS_OF_THE_ADMIN |= {"organization_settings", "queue", "queue_settings", "route"}

FACT = "a fact of a feed; feeds are counted, and each row tells when it was received"
HISTORY = "in the history of the alert, with the person and the note"
NOTHING = "stores nothing"
OWN = "how one person likes to see the table of queues; nobody else sees it"
FACTOR = "a step with a second factor, whose entries tests/sign_in/test_second_factor.py looks at"
SILENT = {
    ("POST", "api/schedulesbacklog/ingest"): FACT,
    ("POST", "api/schedulesbacklog/batch-ingest"): FACT,
    ("POST", "api/intraday/backlog/ingest"): FACT,
    ("POST", "api/intraday/backlog/batch-ingest"): FACT,
    ("POST", "api/intraday/attendance/ingest"): FACT,
    ("POST", "api/intraday/attendance/batch-ingest"): FACT,
    ("POST", "api/intraday/attendance/shifts/batch-ingest"): FACT,
    ("POST", "api/intraday/attendance/states/batch-ingest"): FACT,
    ("POST", "api/intraday/kpi/ingest"): FACT,
    ("POST", "api/intraday/kpi/batch-ingest"): FACT,
    ("POST", "api/intraday/kpi/forecast/batch-ingest"): FACT,
    ("POST", "api/intraday/kpi/what-if"): NOTHING,
    ("POST", "api/alerts/rules/preview"): NOTHING,
    ("POST", "api/alerts/acknowledge"): HISTORY,
    ("POST", "api/alerts/<uuid:alert_id>/acknowledge"): HISTORY,
    ("POST", "api/alerts/<uuid:alert_id>/resolve"): HISTORY,
    ("POST", "api/alerts/<uuid:alert_id>/snooze"): HISTORY,
    ("POST", "api/alerts/<uuid:alert_id>/unsnooze"): HISTORY,
    ("POST", "api/me/views"): OWN,
    ("DELETE", "api/me/views/<uuid:view_id>"): OWN,
    ("POST", "account/confirm"): FACTOR,
    ("POST", "account/confirm/code"): FACTOR,
    ("POST", "account/second-factor"): FACTOR,
    ("POST", "account/second-factor/remove"): FACTOR,
    ("POST", "account/recovery-codes/new"): FACTOR,
    ("POST", "signin/code"): FACTOR,
    ("POST", "password/forgotten"): "its entry follows with the mail, in a thread: tests/sign_in/test_passwords.py",
    ("POST", "api/ws/events"): "data of the customer's programs, kept in the event log; thousands a minute are allowed",
}


def post(**body: Any) -> Callable[[Any, str], Any]:
    return lambda client, path: client.post(path, {**ORG, **body}, format="json")


def revoke_wall(client: Any, path: str) -> Any:
    made = client.post("/api/walls", {**ORG, "name": "Lobby"}, format="json").json()
    return client.post(path, {**ORG, "wall_id": made["wall_id"]}, format="json")


def revoke_key(client: Any, path: str) -> Any:
    made = client.post("/api/keys", {**ORG, "name": "acd", "scopes": ["ingest"]}, format="json").json()
    return client.post(path, {**ORG, "key_id": made["key_id"]}, format="json")


def choose_password(client: Any, path: str) -> Any:
    form = Client()
    where = form.get(new_password_path(User.objects.get(username="dana")), follow=True).redirect_chain[-1][0]
    return form.post(where, NEW_PASSWORD)


DEEDS: dict[tuple[str, str], tuple[Callable[[Any, str], Any], str]] = {
    ("POST", "api/intraday/kpi/compute"): (post(**AS_OF), "kpi.computed"),
    ("POST", "api/intraday/kpi/volume-confirmation"): (post(), "volume.confirmed"),
    ("POST", "api/intraday/actions"): (post(kind="other", note="Asked for help."), "action.noted"),
    ("POST", "api/alerts/evaluate"): (post(), "rule.evaluated"),
    ("POST", "api/alerts/rules"): (post(**fixtures.RULE), "rule.created"),
    ("PATCH", "api/alerts/rules/<uuid:rule_id>"): (
        lambda client, path: client.patch(path, {**ORG, "threshold": 85}, format="json"),
        "rule.changed",
    ),
    ("DELETE", "api/alerts/rules/<uuid:rule_id>"): (lambda client, path: client.delete(path), "rule.deleted"),
    ("POST", "api/alerts/silences"): (post(**fixtures.SILENCE), "silence.created"),
    ("PATCH", "api/alerts/silences/<uuid:silence_id>"): (
        lambda client, path: client.patch(path, {**ORG, "comment": "longer works"}, format="json"),
        "silence.changed",
    ),
    ("DELETE", "api/alerts/silences/<uuid:silence_id>"): (lambda client, path: client.delete(path), "silence.ended"),
    ("POST", "api/ws/token"): (post(), "token.minted"),
    ("POST", "api/ws/notifications"): (post(title="Maintenance"), "notification.published"),
    ("POST", "api/walls"): (post(name="Lobby"), "wall.created"),
    ("POST", "api/walls/revoke"): (revoke_wall, "wall.revoked"),
    ("POST", "api/keys"): (post(name="acd", scopes=["ingest"]), "key.created"),
    ("POST", "api/keys/revoke"): (revoke_key, "key.revoked"),
    ("POST", "signin"): (
        lambda client, path: Client().post(path, {"username": "dana", "password": PASSWORD}),
        "person.signed_in",
    ),
    ("POST", "signout"): (lambda client, path: client.post(path), "person.signed_out"),
    ("POST", "password"): (
        lambda client, path: client.post(path, {"old_password": PASSWORD, **NEW_PASSWORD}),
        "person.password_changed",
    ),
    ("POST", "password/<uidb64>/<token>"): (choose_password, "person.password_chosen"),
    ("POST", "account/sessions/end"): (lambda client, path: client.post(path), "person.sessions_ended"),
}


@pytest.fixture
def dana(house: Organization) -> Any:
    fixtures.make(house)
    user = person("dana", house, Role.ADMIN)
    user.set_password(PASSWORD)
    user.save()
    return browser_of(user)


def newest() -> AuditEntry:
    return AuditEntry.objects.latest("id")


def test_every_mutating_address_is_in_one_of_the_lists():
    mutating = {(method, path) for method, path in endpoints() if method not in ("GET", "HEAD")} | posted_pages()
    assert not SILENT.keys() & DEEDS.keys()
    assert mutating == SILENT.keys() | DEEDS.keys()


@pytest.mark.parametrize("deed", DEEDS, ids=" ".join)
def test_a_deed_over_the_api_or_on_a_page_leaves_an_entry(dana: Any, deed: tuple[str, str]):
    do, action = DEEDS[deed]
    before = newest().pk
    answer = do(dana, "/" + fixtures.named(deed[1], "own"))
    assert answer.status_code < 400, answer.content
    entry = newest()
    assert (entry.pk > before, entry.action, entry.organization_id) == (True, action, "org_123")
    assert entry.address == "127.0.0.1"
    assert entry.request_id


def test_the_console_has_words_for_every_kind_of_entry():
    kinds = set(re.findall(r'^  (\w+): \["', WORDS.read_text(), re.MULTILINE))
    assert {action.partition(".")[0] for _, action in DEEDS.values()} | KINDS_OF_THE_ADMIN <= kinds
