"""Pages of the admin as a rule owner sees them: her pages, her organization, her clock, her queues."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from alerts.models import Silence
from intraday.admin.sections import INSTALLATION, SECTIONS
from intraday.org.models import Organization, Role, Scope
from intraday.org.services import create_organization
from kpi.models import QueueSettings
from tests.access.people import person

QUEUES = reverse("admin:kpi_queuesettings_changelist")
NEW_SILENCE = reverse("admin:alerts_silence_add")


@pytest.fixture
def berlin(organization: Organization) -> Organization:
    organization.time_zone = "Europe/Berlin"
    organization.save()
    return organization


@pytest.fixture
def owner(client: Client, berlin: Organization) -> Client:
    client.force_login(person("rosa", berlin, Role.ADMIN))
    return client


@pytest.fixture
def operator(client: Client, berlin: Organization) -> Client:
    """A superuser beside two organizations in two zones."""
    create_organization(id="org_far", name="Far", time_zone="Asia/Tokyo")
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def sections(client: Client) -> dict[str, list[str]]:
    listed = client.get("/admin/").context["app_list"]
    return {section["name"]: [str(page["name"]) for page in section["models"]] for section in listed}


def test_an_owner_sees_rules_targets_and_access_and_no_rows_of_feeds(owner):
    shown = sections(owner)
    assert list(shown) == list(SECTIONS)
    assert shown["Rules and alerts"] == ["Rules", "Silences", "Alerts", "Routes", "Channels"]
    assert "Queue settings" in shown["Targets and thresholds"]


def test_a_supervisor_sees_the_pages_of_her_role(client, berlin):
    client.force_login(person("sue", berlin, Role.SUPERVISOR))
    assert sections(client) == {
        "Rules and alerts": ["Silences", "Alerts", "Routes", "Channels"],
        "Organization and access": ["Wall boards"],
    }


def test_the_operator_sees_the_installation_last(operator):
    shown = sections(operator)
    assert list(shown) == [*SECTIONS, INSTALLATION]
    assert {"Backlog: snapshots", "Attendance: snapshots"} <= set(shown[INSTALLATION])


def test_the_only_organization_is_filled_in_and_never_asked(owner):
    page = text(owner.get(NEW_SILENCE))
    assert '<input type="hidden" name="organization" value="org_123"' in page
    assert "form-row hidden field-organization" in page
    silence = silenced(owner)
    changed = text(owner.get(reverse("admin:alerts_silence_change", args=[silence.pk])))
    assert "field-organization" not in changed
    assert "column-organization" not in text(owner.get(reverse("admin:alerts_silence_changelist")))


def test_among_several_the_organization_is_chosen_and_listed(operator):
    page = text(operator.get(NEW_SILENCE))
    assert '<select name="organization"' in page
    assert "add_id_organization" not in page
    silenced(operator)
    assert "column-organization" in text(operator.get(reverse("admin:alerts_silence_changelist")))


def silenced(client: Client) -> Silence:
    """A silence typed as from noon to 13:30 of a day to come."""
    day = f"{datetime.now(UTC).year + 1}-01-31"
    times = {"starts_at_0": day, "starts_at_1": "12:00", "ends_at_0": day, "ends_at_1": "13:30"}
    answer = client.post(NEW_SILENCE, {"organization": "org_123", "comment": "moving", **times})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return Silence.objects.get()


def test_times_are_typed_and_shown_in_the_zone_of_the_organization_and_in_24_hours(owner):
    silence = silenced(owner)
    assert silence.ends_at.astimezone(UTC).strftime("%H:%M") == "12:30"
    shown = text(owner.get(reverse("admin:alerts_silence_changelist")))
    assert f"{silence.ends_at:%Y-%m-%d} 13:30" in shown
    assert "Times in Europe/Berlin" in shown


def test_times_of_organizations_in_several_zones_are_utc(operator):
    assert silenced(operator).ends_at.astimezone(UTC).strftime("%H:%M") == "13:30"
    assert "Times in UTC" in text(operator.get("/admin/"))


def test_the_time_zone_is_picked_from_a_list_and_another_word_refused(owner):
    address = reverse("admin:org_organization_change", args=["org_123"])
    page = text(owner.get(address))
    assert 'list="id_time_zone_zones"' in page
    assert '<option value="America/Sao_Paulo">' in page
    members = {f"memberships-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    refused = owner.post(address, {"name": "Owner", "time_zone": "Mars/Base", **members})
    assert "This is not the name of a time zone. Expected one such as Europe/Berlin." in text(refused)
    assert Organization.objects.get().time_zone == "Europe/Berlin"


def test_queues_without_settings_are_listed_with_the_defaults_and_configured_from_there(owner):
    support = Scope.objects.get(queue_name="support")
    QueueSettings.objects.create(scope=support, kind="deferred", sla_minutes=90)
    page = owner.get(QUEUES)
    assert "within 90 min" in text(page)
    assert "2 queues without settings of their own: the defaults apply" in text(page)
    rows = page.context["without"]
    assert [(row["queue"], row["target"]) for row in rows] == [
        ("dept_456 / billing", "80 % in 20 s"),
        ("dept_456 / sales", "80 % in 20 s"),
    ]
    form = text(owner.get(rows[0]["url"]))
    assert "org_123 / dept_456 / billing</option>" in form


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "bill"}, ["dept_456 / billing"]),
        ({"q": "dept_456 sal"}, ["dept_456 / sales"]),
        ({"q": "nothing"}, []),
        ({"kind__exact": "deferred"}, []),
        ({"scope__department_id": "dept_0"}, []),
    ],
)
def test_a_search_and_a_filter_are_of_queues_without_settings_too(owner, asked, found):
    assert [row["queue"] for row in owner.get(QUEUES, asked).context["without"]] == found


def test_settings_of_foreign_queues_are_not_listed(operator, berlin):
    operator.force_login(person("rosa", Organization.objects.get(pk="org_far"), Role.ADMIN))
    assert operator.get(QUEUES).context["without_count"] == 0
