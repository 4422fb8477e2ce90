"""The audit log: each deed with its actor, values, address and request; for administrators alone; never changed."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from alerts.models import Rule, Silence
from alerts.notifications.models import Channel, Route
from intraday.audit import maintenance, retention
from intraday.audit import services as audit
from intraday.audit.models import AppendOnlyError, AuditEntry
from intraday.clock.database import clock
from intraday.org.models import ApiKey, Membership, Organization, Role, Scope, WallBoard
from intraday.retention.personal_data import services as personal_data
from kpi.models import Holiday, QueueSettings
from tests.access.people import bearer, browser_of, person, token_of
from tests.alerts.world import BUSY
from tests.conftest import client_of

AUDIT = "/api/audit"
FROM = {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_REQUEST_ID": "req-1"}


@pytest.fixture
def dana(house: Organization) -> Any:
    """An administrator's browser."""
    client = browser_of(person("dana", house, Role.ADMIN))
    client.defaults |= FROM
    maintenance.permit()
    AuditEntry.objects.all()._raw_delete(AuditEntry.objects.db)
    with connection.cursor() as cursor:  # the transaction of the test goes on
        cursor.execute("SELECT set_config(%s, '', true)", [maintenance.SETTING])
    return client


def newest() -> AuditEntry:
    return AuditEntry.objects.latest("id")


def in_words(entry: AuditEntry) -> tuple[Any, ...]:
    return entry.organization_id, entry.actor, entry.action, entry.target


def ends_at() -> str:
    return (clock.now() + timedelta(hours=1)).isoformat()


def post(path: str, body: Any) -> Callable[[Any], Any]:
    return lambda client: client.post(path, body, format="json")


DEEDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "rule.created": (post("/api/alerts/rules", {**BUSY, "name": "busy"}), "busy"),
    "silence.created": (lambda client: silenced(client), "works"),
    "wall.created": (post("/api/walls", {"name": "Lobby", "department_id": "dept_456"}), "Lobby"),
    "kpi.computed": (
        post("/api/intraday/kpi/compute", {"department_id": "dept_456", "as_of_time": "2026-01-31T10:00:00Z"}),
        "org_123 / dept_456",
    ),
}


def silenced(client: Any) -> Any:
    return client.post(
        "/api/alerts/silences", {"comment": "works", "ends_at": ends_at(), "department_id": "dept_456"}, format="json"
    )


@pytest.mark.parametrize("action", DEEDS)
def test_a_deed_over_the_api_has_its_actor_address_and_request(dana: Any, action: str):
    do, target = DEEDS[action]
    assert do(dana).status_code == 201
    entry = newest()
    assert in_words(entry) == ("org_123", "dana", action, target)
    assert (entry.address, entry.request_id) == ("192.0.2.7", "req-1")
    assert entry.before is None
    assert entry.after


def test_a_change_says_what_was_and_what_is(dana: Any):
    rule = dana.post("/api/alerts/rules", {**BUSY, "name": "busy"}, format="json").json()
    dana.patch(f"/api/alerts/rules/{rule['rule_id']}", {"threshold": 85}, format="json")
    entry = newest()
    assert in_words(entry) == ("org_123", "dana", "rule.changed", "busy")
    assert (entry.before, entry.after) == ({"threshold": 90}, {"threshold": 85})
    dana.delete(f"/api/alerts/rules/{rule['rule_id']}")
    assert in_words(newest()) == ("org_123", "dana", "rule.deleted", "busy")
    assert Rule.objects.get().deleted_at is not None


def test_the_trail_says_who_changed_and_who_ended_a_silence(dana: Any, house: Organization):
    made = silenced(dana).json()
    sam = browser_of(person("sam", house, Role.SUPERVISOR))
    sam.patch(f"/api/alerts/silences/{made['silence_id']}", {"comment": "longer works"}, format="json")
    entry = newest()
    assert in_words(entry) == ("org_123", "sam", "silence.changed", "longer works")
    assert (entry.before, entry.after) == ({"comment": "works"}, {"comment": "longer works"})
    dana.delete(f"/api/alerts/silences/{made['silence_id']}")
    assert in_words(newest()) == ("org_123", "dana", "silence.ended", "longer works")
    count = AuditEntry.objects.count()
    dana.delete(f"/api/alerts/silences/{made['silence_id']}")  # it is over
    assert AuditEntry.objects.count() == count
    assert Silence.objects.count() == 1


def test_what_fails_or_changes_nothing_leaves_no_entry(dana: Any):
    rule = dana.post("/api/alerts/rules", {**BUSY, "name": "busy"}, format="json").json()
    count = AuditEntry.objects.count()
    dana.patch(f"/api/alerts/rules/{rule['rule_id']}", {"threshold": 90}, format="json")
    dana.patch(f"/api/alerts/rules/{rule['rule_id']}", {"threshold": "no number"}, format="json")
    dana.post("/api/alerts/rules", {**BUSY, "name": "busy"}, format="json")
    dana.post("/api/walls", {"name": "", "department_id": "dept_456"}, format="json")
    assert AuditEntry.objects.count() == count


def admin_url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label}_{page}", args=args)


def test_pages_of_the_admin_leave_the_same_trail(dana: Any, house: Organization):
    support = Scope.objects.get(department_id="dept_456", queue_name="support")
    channel = {"organization": "org_123", "name": "ops", "kind": "webhook", "address": "https://hooks.example/secret-x"}
    browser = Client(**FROM)
    browser.force_login(person("dana", house, Role.ADMIN))
    browser.post(admin_url("org_apikey", "add"), {"organization": "org_123", "name": "acd", "scopes": ["read"]})
    key = ApiKey.objects.get()
    browser.post(admin_url("org_apikey", "changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    browser.post(admin_url("outgoing_channel", "add"), {**channel, "enabled": "on"})
    hook = Channel.objects.get()
    browser.post(admin_url("outgoing_channel", "changelist"), {"action": "renew_secret", "_selected_action": [hook.pk]})
    route = {"organization": "org_123", "to": "ops", "minimum_severity": "high", "enabled": "on"}
    browser.post(admin_url("outgoing_route", "add"), route)
    browser.post(admin_url("outgoing_route", "delete", Route.objects.get().pk), {"post": "yes"})
    browser.post(admin_url("outgoing_channel", "delete", hook.pk), {"post": "yes"})
    browser.post(admin_url("kpi_holiday", "add"), {"scope": support.pk, "date": "2026-12-25", "name": "Christmas"})
    browser.post(admin_url("kpi_holiday", "delete", Holiday.objects.get().pk), {"post": "yes"})
    entries = AuditEntry.objects.exclude(action__startswith="person.").order_by("id")
    assert [entry.action for entry in entries] == [
        "key.created",
        "key.revoked",
        "channel.saved",
        "channel.renewed",
        "route.saved",
        "route.removed",
        "channel.removed",
        "holiday.saved",
        "holiday.removed",
    ]
    assert {(entry.actor, entry.address) for entry in entries} == {("dana", "192.0.2.7")}
    kept = str([(entry.before, entry.after) for entry in entries])
    assert "secret-x" not in kept
    assert hook.secret not in kept
    assert "(hidden)" in kept


def test_settings_of_a_queue_are_compared(dana: Any, house: Organization):
    support = Scope.objects.get(department_id="dept_456", queue_name="support")
    settings = QueueSettings.objects.create(scope=support)
    browser = Client(**FROM)
    browser.force_login(person("dana", house, Role.ADMIN))
    page = browser.get(admin_url("kpi_queuesettings", "change", settings.pk))
    form = {name: value for name, value in page.context["adminform"].form.initial.items() if value is not None}
    browser.post(admin_url("kpi_queuesettings", "change", settings.pk), {**form, "target_seconds": "33"})
    entry = newest()
    assert in_words(entry) == ("org_123", "dana", "queue_settings.saved", "org_123 / dept_456 / support")
    assert entry.after == {"target_seconds": 33}
    assert entry.before is not None
    assert entry.before.keys() == {"target_seconds"}


def test_memberships_are_in_the_trail_wherever_they_are_changed(dana: Any, house: Organization):
    person("ben", house, Role.VIEWER)
    person("ben", house, Role.ANALYST, "dept_456")
    Membership.objects.get(user__username="ben").delete()
    entries = AuditEntry.objects.filter(action__startswith="membership.").order_by("id")
    found = [(entry.action, entry.before, entry.after) for entry in entries]
    viewer, analyst = {"role": "viewer", "department_ids": []}, {"role": "analyst", "department_ids": ["dept_456"]}
    assert found == [
        ("membership.created", None, viewer),
        ("membership.changed", viewer, analyst),
        ("membership.removed", analyst, None),
    ]
    assert {entry.actor for entry in AuditEntry.objects.all()} == {"system"}


def test_sign_ins_and_failures_are_in_the_trail_and_typed_secrets_are_not(dana: Any, house: Organization):
    ben = person("ben", house)
    ben.set_password("right")
    ben.save()
    browser = Client(**FROM)
    browser.post("/signin", {"username": "ben", "password": "wrong"})
    browser.post("/signin", {"username": "my password by mistake", "password": "x"})
    browser.post("/signin", {"username": "ben", "password": "right"})
    browser.post("/signout")
    found = [in_words(entry) for entry in AuditEntry.objects.filter(action__startswith="person.").order_by("id")]
    assert found == [
        ("org_123", "ben", "person.sign_in_failed", "ben"),
        ("", "(unknown name)", "person.sign_in_failed", "(unknown name)"),
        ("org_123", "ben", "person.signed_in", "ben"),
        ("org_123", "ben", "person.signed_out", "ben"),
    ]
    assert {entry.address for entry in AuditEntry.objects.filter(action__startswith="person.")} == {"192.0.2.7"}
    assert "mistake" not in str(list(AuditEntry.objects.values()))


def test_changes_of_accounts_are_in_the_trail_of_their_organizations_without_values(dana: Any, house: Organization):
    ben = person("ben", house)
    ben.set_password("another")
    ben.email = "ben@example.com"
    ben.save()
    entry = newest()
    assert in_words(entry) == ("org_123", "system", "account.changed", "ben")
    assert entry.before == entry.after == {"email": "(hidden)", "password": "(hidden)"}
    ben.is_superuser = True
    ben.save(update_fields=["is_superuser"])
    assert (newest().before, newest().after) == ({"is_superuser": False}, {"is_superuser": True})
    count = AuditEntry.objects.count()
    ben.last_login = clock.now()
    ben.save()
    assert AuditEntry.objects.count() == count


def test_a_token_for_a_user_of_the_customer_is_in_the_trail(dana: Any, house: Organization):
    client_of(house, "token").post("/api/ws/token", {"user_id": "kim", "role": "analyst"}, format="json")
    entry = newest()
    assert in_words(entry) == ("org_123", "key test", "token.minted", "kim")
    assert entry.after is not None
    assert entry.after["role"] == "analyst"


# --- reading ---------------------------------------------------------------------------------------------------------
def test_administrators_read_the_trail_of_their_organization_alone(
    dana: Any, house: Organization, stranger: Organization
):
    audit.record("rule.changed", organization_id="org_123", target="mine", before={"a": 1}, after={"a": 2})
    audit.record("rule.changed", organization_id="org_999", target="foreign", before={"a": 1}, after={"a": 2})
    items = dana.get(AUDIT).json()["items"]
    assert [item["target"] for item in items] == ["mine"]
    assert (items[0]["before"], items[0]["after"], items[0]["actor"]) == ({"a": 1}, {"a": 2}, "system")
    assert dana.get(AUDIT, {"organization_id": "org_999"}).status_code == 404
    for role in (Role.VIEWER, Role.ANALYST, Role.SUPERVISOR):
        assert browser_of(person(f"one_{role}", house, role)).get(AUDIT).status_code == 403
    assert browser_of(person("limited", house, Role.ADMIN, "dept_456")).get(AUDIT).status_code == 403
    assert client_of(house, "ingest", "read", "publish", "token").get(AUDIT).status_code == 403
    assert bearer(token_of(person("dana", house, Role.ADMIN), house)).get(AUDIT).status_code == 200


def test_pages_follow_one_another_and_filters_narrow_them(dana: Any):
    for number in range(7):
        audit.record("key.created" if number % 2 else "rule.created", organization_id="org_123", target=str(number))
    first = dana.get(AUDIT, {"limit": 3}).json()
    second = dana.get(AUDIT, {"limit": 3, "cursor": first["next"]}).json()
    third = dana.get(AUDIT, {"limit": 3, "cursor": second["next"]}).json()
    pages = [[item["target"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert third["next"] is None
    assert [item["target"] for item in dana.get(AUDIT, {"action": "key."}).json()["items"]] == ["5", "3", "1"]
    assert dana.get(AUDIT, {"actor": "dana"}).json()["items"] == []
    assert dana.get(AUDIT, {"until": "2026-01-01T00:00:00Z"}).json()["items"] == []
    assert dana.get(AUDIT, {"cursor": "x"}).status_code == 400


def test_the_trail_comes_as_csv(dana: Any):
    audit.record(
        "rule.changed", organization_id="org_123", target="=1+1", before={"a": 1, "b": 2}, after={"a": 3, "b": 4}
    )
    text = dana.get(AUDIT, {"format": "csv"}).getvalue().decode()
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["action"], row["target"], row["before"], row["after"]) == (
        "rule.changed",
        "'=1+1",
        "a: 1; b: 2",
        "a: 3; b: 4",
    )


# --- keeping ---------------------------------------------------------------------------------------------------------
def test_nobody_changes_or_removes_an_entry(dana: Any):
    audit.record("rule.created", organization_id="org_123", target="x")
    entry = newest()
    entry.target = "y"
    for attempt in (entry.save, entry.delete, AuditEntry.objects.all().delete):
        with pytest.raises(AppendOnlyError):
            attempt()
    with pytest.raises(AppendOnlyError):
        AuditEntry.objects.update(target="y")
    assert newest().target == "x"


@pytest.mark.parametrize("statement", ["UPDATE audit_auditentry SET target = 'y'", "DELETE FROM audit_auditentry"])
def test_the_database_refuses_what_goes_around_the_models(dana: Any, statement: str):
    audit.record("rule.created", organization_id="org_123", target="x")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEntry._base_manager.update(target="y")
    assert newest().target == "x"


def test_old_entries_are_purged(dana: Any, settings: Any):
    audit.record("rule.created", organization_id="org_123", target="old")
    later = clock.now() + timedelta(seconds=1)
    settings.KEEP_ACCESS = timedelta(days=2)
    assert retention.purge(now=later + timedelta(days=1)) == 0
    assert retention.purge(now=later + timedelta(days=2)) == 1
    assert AuditEntry.objects.count() == 0


def test_an_erased_person_is_in_no_entry_and_the_entries_stay(dana: Any, house: Organization):
    """Deeds of hers, deeds about her, and that she left."""
    dana.post("/api/walls", {"name": "of dana", "department_id": "dept_456"}, format="json")
    person("dana", house, Role.SUPERVISOR)
    count = AuditEntry.objects.count()
    erased = personal_data.erase(personal_data.find(house, "dana"))
    kept = str(list(AuditEntry.objects.values("actor", "target", "before", "after", "address")))
    assert AuditEntry.objects.count() == count + 2  # she left, and her account was closed
    assert "dana" not in kept
    assert "192.0.2.7" not in kept
    assert erased.pseudonym in kept


def test_a_wall_is_in_the_trail_when_it_is_made_and_revoked(dana: Any):
    made = dana.post("/api/walls", {"name": "Lobby", "department_id": "dept_456"}, format="json").json()
    dana.post("/api/walls/revoke", {"wall_id": made["wall_id"]}, format="json")
    assert in_words(newest()) == ("org_123", "dana", "wall.revoked", "Lobby")
    assert WallBoard.objects.get().digest not in str(list(AuditEntry.objects.values()))
