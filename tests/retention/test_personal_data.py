"""Everything of one person: exported whole, and gone from the whole database, while the figures stay."""

import json
from io import StringIO
from typing import Any

import msgspec
import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from alerts.models import Alert, AlertAudit
from attendance.models import AgentState, Person, Shift
from intraday.org.models import Membership, Organization, Role
from intraday.retention.personal_data.subject import Kind, Subject
from realtime import services as realtime_services
from realtime.eventlog import store
from realtime.models import Segment
from tests.access.people import person, session_of
from tests.alerts.world import World
from tests.attendance.posting import CURRENT, at, moment, plan, post, record, say, shift
from tests.conftest import client_of
from tests.realtime.notes import scope_of
from tests.retention.rows import make


def run(verb: str, *words: str) -> str:
    out = StringIO()
    call_command("person", verb, "org_123", *words, stdout=out)
    return out.getvalue()


def found_anywhere(*names: str) -> list[tuple[str, str]]:
    """Return the rows of any table that contain a name, bytes read as text: (table, row)."""
    with connection.cursor() as cursor:
        found = []
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'SELECT t.* FROM "{table}" t')
            for row in cursor.fetchall():
                text = "\t".join(_text(value) for value in row).lower()
                found += [(table, text) for name in names if name.lower() in text]
    return found


def _text(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, (bytes, memoryview)) else str(value)


# --- employees -------------------------------------------------------------------------------------------------------
GRETA = {"employee_id": "E-4711", "employee_name": "Greta Gruß"}


@pytest.fixture
def floor(organization: Organization) -> Any:
    """Greta and a namesake at work since nine; it is ten past."""
    api = client_of(organization, "ingest", "read")
    with time_machine.travel(moment(10), tick=False):
        plan(api, shift("E-4711"), shift("ben"), shift("E-47112"))
        say(
            api,
            record("E-4711", employee_name="Greta Gruß"),
            record("ben", 5),
            record("E-47112", 6, employee_name="Greta Gruß"),
        )
        say(api, record("E-4711", 8, "on_break", employee_name="Greta Gruß"))
    alert = make("alerts.Alert", organization, note="Greta Gruß is ill, E-4711 swaps with ben", message="E-4711")
    Alert.objects.filter(pk=alert.pk).update(message="late")
    scope = scope_of(organization)
    realtime_services.notify(
        scope=scope,
        data={"title": "Shift swap", "message": "E-4711 is off", "severity": "low"},
        by="x",
        now=timezone.now(),
    )
    make("intake.Feed", organization, last_error="row 3: employee_id 'E-4711' is in another department")
    return api


def figures(api: Any) -> dict[str, Any]:
    current = api.get(CURRENT).json()["current"]
    return {name: value for name, value in current.items() if name.endswith("_count") or name == "attendance_rate"}


def test_after_erasing_an_employee_nothing_names_her_and_every_figure_is_the_same(
    floor: Any, organization: Organization
):
    counts = {model: model.objects.count() for model in apps.get_app_config("attendance").get_models()}
    before = figures(floor)
    seqs = [(each.first_seq, each.last_seq) for each in Segment.objects.order_by("pk")]
    said = run("erase", "E-4711", "--yes")
    assert found_anywhere("e-4711\t", "'E-4711'", '"E-4711"', "E-4711 ", "4711:") == []
    assert all("e-47112" in text for _, text in found_anywhere("Gruß")), "of her namesake alone"
    assert counts == {model: model.objects.count() for model in counts}
    assert figures(floor) == before
    assert [(each.first_seq, each.last_seq) for each in Segment.objects.order_by("pk")] == seqs
    pseudonym = Person.objects.exclude(employee_id__in=["ben", "E-47112"]).get().employee_id
    assert pseudonym.startswith("erased-")
    assert pseudonym in said
    assert Alert.objects.get().note == f"{pseudonym} is ill, {pseudonym} swaps with ben"


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_the_log_is_served_as_before(floor: Any):
    def events() -> list[dict[str, Any]]:
        page = store.read("attendance:org:org_123", after=0, max_events=1000, max_bytes=10**7)
        assert page is not None
        assert page.complete
        return [msgspec.json.decode(record.full) for record in page.records]

    before = events()
    run("erase", "E-4711", "--yes")
    after = events()
    assert [each["seq"] for each in after] == [each["seq"] for each in before]
    assert [list(each) for each in after] == [list(each) for each in before]
    changed = [one["event"] for one, other in zip(before, after, strict=True) if one != other]
    assert {"attendance:checkin", "attendance:update"} <= set(changed)


@pytest.mark.django_db(transaction=True)
def test_the_next_count_says_nothing_new_of_her(floor: Any):
    run("erase", "E-4711", "--yes")
    with time_machine.travel(moment(20), tick=False):
        say(floor, record("ben", 20))
    assert found_anywhere('"E-4711"') == []


def test_the_export_of_an_employee_holds_all_that_is_hers(floor: Any):
    exported = json.loads(run("export", "E-4711"))
    own = exported["attendance"]
    assert own["person"]["name"] == "Greta Gruß"
    assert [each["status"] for each in own["records"]] == ["present", "on_break"]
    assert len(own["shifts"]) == 1
    assert {"alerts.Alert", "attendance.Snapshot", "intake.Feed"} <= exported["named_in"].keys()
    assert {"attendance:checkin", "system:notification"} <= {each["event"] for each in exported["events"]}


@pytest.mark.django_db(transaction=True)
def test_states_are_exported_and_lose_their_reasons(floor: Any):
    state = {"department_id": "dept_456", "employee_id": "E-4711", "state": "other", "since": at(5)}
    body = {"items": [{**state, "reason": "Greta phones home"}, {**state, "since": at(6)}]}
    assert post(floor, body, "/api/intraday/attendance/states/batch-ingest")["status"] == 201
    own = json.loads(run("export", "E-4711"))["attendance"]["agent_states"]
    assert [(each["state"], each["since"], each["reason"]) for each in own] == [
        ("other", at(5), "Greta phones home"),
        ("other", at(6), ""),
    ]
    assert "attendance.AgentState" in run("erase", "E-4711")
    run("erase", "E-4711", "--yes")
    assert set(AgentState.objects.values_list("reason", flat=True)) == {""}
    assert AgentState.objects.count() == 2


def test_without_yes_nothing_changes(floor: Any):
    before = sorted(found_anywhere("E-4711"))
    said = run("erase", "E-4711")
    assert "Nothing was changed" in said
    assert "attendance.Snapshot" in said
    assert sorted(found_anywhere("E-4711")) == before


# --- accounts --------------------------------------------------------------------------------------------------------
@pytest.fixture
def dana(organization: Organization) -> User:
    """A supervisor who did everything that leaves a name."""
    world = World(organization)
    user = person("dana.doe", organization, Role.SUPERVISOR)
    user.email, user.first_name, user.last_name = "dana@mail.example", "Dana", "Doe"
    user.set_password("correct horse battery")
    user.save()
    world.rule(for_seconds=0)
    world.judge(95, 0)
    world.acknowledge(world.alert, "dana.doe", note="Dana Doe looks after it")
    world.resolve(world.alert, "ben", note="told dana.doe")
    world.judge(95, 1000)
    world.acknowledge(world.alert, "dana.doe by key wfm")
    rule = world.rule(name="hers", escalation=[{"after_seconds": 60, "to": "dana.doe"}])
    world.edit(rule, escalation=[{"after_seconds": 90, "to": "dana.doe"}])
    made: Any = {Alert: world.alert}
    make("outgoing.Route", organization, to="dana.doe")
    make("alerts.Notification", organization, made, to="dana.doe")
    make("outgoing.Delivery", organization, made, to="dana.doe (supervisor)", mailbox="dana@mail.example")
    make("alerts.Silence", organization, created_by="dana.doe", comment="asked by Dana Doe")
    make("kpi.VolumeDrop", organization, confirmed_by="dana.doe")
    make("realtime.Cursor", organization, user_id="dana.doe")
    make("intake.Feed", organization, source="dana.doe")
    make("org.WallBoard", organization, created_by="dana.doe")
    session_of(user)
    AccessAttempt.objects.create(username="dana.doe", ip_address="127.0.0.1", failures_since_start=1)
    EmailAddress.objects.create(user=user, email="dana@mail.example")
    SocialAccount.objects.create(user=user, provider="acme", uid="dana-1", extra_data={"name": "Dana Doe"})
    Authenticator.objects.create(user=user, type="totp", data={"secret": "dana"})
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=user, content_type=content_type, object_id=user.pk, object_repr="dana.doe", action_flag=2
    )
    return user


def test_after_erasing_an_account_nothing_names_it_and_the_rest_is_counted(dana: User, organization: Organization):
    countable = [Alert, AlertAudit, LogEntry, *apps.get_app_config("outgoing").get_models()]
    before = [model.objects.count() for model in countable]
    said = run("erase", "dana.doe", "--yes")
    assert found_anywhere("dana") == []
    assert [model.objects.count() for model in countable] == before
    dana.refresh_from_db()
    assert (dana.is_active, dana.email, dana.has_usable_password()) == (False, "", False)
    assert not Membership.objects.filter(user=dana).exists()
    assert not Session.objects.exists()
    assert not any(model.objects.exists() for model in (Authenticator, EmailAddress, SocialAccount))
    assert "outgoing.Route names her as a recipient" in said
    assert Alert.objects.filter(acknowledged_by=f"{dana.username} by key wfm").exists()


def test_the_export_of_an_account_holds_what_it_did_and_no_secret(dana: User):
    exported = json.loads(run("export", "dana.doe"))
    assert exported["account"]["email"] == "dana@mail.example"
    assert len(exported["account"]["sessions"]) == 1
    assert len(exported["account"]["failed_sign_ins"]) == 1
    assert [row["type"] for row in exported["account"]["second_factors"]] == ["totp"]
    assert [row["uid"] for row in exported["account"]["identity_providers"]] == ["dana-1"]
    named = exported["named_in"]
    assert {each["acknowledged_by"] for each in named["alerts.Alert"] if "acknowledged_by" in each} >= {"dana.doe"}
    assert {"alerts.AlertAudit", "alerts.RuleChange", "alerts.Silence", "outgoing.Delivery"} <= named.keys()
    assert "alert:acknowledged" in {each["event"] for each in exported["events"]}
    assert dana.password not in json.dumps(exported)


def test_a_member_of_another_organization_keeps_the_account(dana: User, stranger: Organization):
    person("dana.doe", stranger)
    make("alerts.Alert", stranger, acknowledged_by="dana.doe")
    said = run("erase", "dana.doe", "--yes")
    assert "Her account stays: she is a member of org_999, too" in said
    dana.refresh_from_db()
    assert (dana.username, dana.is_active) == ("dana.doe", True)
    assert Alert.objects.filter(acknowledged_by="dana.doe").get().organization_id == "org_999"


def test_a_user_of_the_customers_own_application_is_found_by_what_he_did(organization: Organization):
    make("alerts.Alert", organization, acknowledged_by="eve by key wfm")
    run("erase", "eve", "--yes")
    assert found_anywhere("eve by") == []


def test_an_employee_and_an_account_of_one_name_are_told_apart(organization: Organization):
    make("attendance.Person", organization, employee_id="dana")
    person("dana", organization)
    with pytest.raises(CommandError, match="--as employee or --as account"):
        run("erase", "dana", "--yes")
    run("erase", "dana", "--yes", "--as", "employee")
    assert User.objects.filter(username="dana").exists()
    assert not Person.objects.filter(employee_id="dana").exists()


@pytest.mark.parametrize("verb", ["export", "erase"])
def test_nobody_of_that_name(organization: Organization, verb: str):
    with pytest.raises(CommandError, match="Nobody in 'org_123' is called 'nemo'"):
        run(verb, "nemo")


def test_shifts_get_ids_that_do_not_tell_whose_they_are(floor: Any):
    run("erase", "E-4711", "--yes")
    assert all("E-4711 " not in each for each in Shift.objects.values_list("shift_id", flat=True))


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (["ana"], "ana looks, says Ana.", "X looks, says X."),
        (["ana"], "banana, ana.b, ana-b, ana@mail", "banana, ana.b, ana-b, ana@mail"),
        (["ana", "ana@mail.example"], "to ana@mail.example", "to X"),
        (["1234"], "waited 1234 s", "waited 1234 s"),
        (["12345"], "employee 12345 is late", "employee X is late"),
        (["E 1", "Jo"], "(E 1) Jo, Joe", "(X) X, Joe"),
    ],
)
def test_names_are_found_as_words(names: list[str], text: str, expected: str):
    assert Subject("org_123", Kind.ACCOUNT, frozenset(names), "X").mentioned(text) == expected
