"""Queue settings and holidays, as a person fills them in."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from intraday.jobs.models import DirtyScope
from intraday.org.models import Organization, Scope
from kpi import selectors
from kpi.models import LIMITS, Holiday, OrganizationSettings, QueueSettings
from tests.backlog.posting import TEN, at
from tests.kpi.posting import SUPPORT, clock, compute, interval, post_all


@pytest.fixture
def boss(client: Client, organization: Organization) -> Client:
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def scope(queue="support", department="dept_456"):
    return Scope.objects.get(organization="org_123", department_id=department, queue_name=queue)


def fields(**changed):
    return {
        "scope": scope().pk,
        "kind": "realtime",
        "target_service_level": "80",
        "target_seconds": "20",
        "sla_minutes": "240",
        "aht_seconds": "",
        "max_occupancy": "88",
        "shrinkage": "30",
        "abandon_policy": "ignore",
        "patience_seconds": "",
        "concurrency": "1",
        "opening_hours": "Mon-Fri 08:00-18:00\r\nSat 09:00-13:00",
        "interval_minutes": "15",
        "cadence_seconds": "",
        **changed,
    }


ADD = reverse("admin:kpi_queuesettings_add")


def test_hours_have_a_length(boss):
    answer = boss.post(ADD, fields(opening_hours="Mon 08:00-09:00" + " " * 2_000 + ", 10:00-11:00"))
    assert "At most 2000 characters" in answer.context["adminform"].errors["opening_hours"][0]


def test_a_queue_is_set_up_and_worked_out_anew(boss):
    assert boss.get(ADD).status_code == 200
    assert boss.post(ADD, fields()).status_code == 302
    [rules] = selectors.rules_by_queue("org_123").values()
    assert (rules.target_service_level, rules.shrinkage, rules.interval_minutes) == (0.8, 0.3, 15)
    assert [mark.scope for mark in DirtyScope.objects.all()] == [scope()]
    page = reverse("admin:kpi_queuesettings_change", args=[scope().pk])
    assert "Mon-Fri 08:00-18:00" in boss.get(page).content.decode()
    assert boss.post(page, fields(kind="deferred")).status_code == 302
    assert QueueSettings.objects.get().kind == "deferred"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("opening_hours", "nine to five", "is not like"),
        ("opening_hours", "Mon 08:00-12:00 11:00-13:00", "overlap"),
        ("target_service_level", "0", "greater than or equal to 1"),
        ("target_service_level", "101", "less than or equal to 100"),
        ("target_service_level", "nan", "Enter a number"),
        ("target_seconds", "-1", "greater than or equal to 0"),
        ("shrinkage", "100", "less than or equal to 90"),
        ("max_occupancy", "inf", "Enter a number"),
        ("concurrency", "0", "greater than or equal to 1"),
        ("patience_seconds", "0", "greater than or equal to 1"),
        ("interval_minutes", "7", "Select a valid choice"),
        ("kind", "both", "Select a valid choice"),
        ("scope", "", "required"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(boss, name, value, said):
    page = boss.post(ADD, fields(**{name: value}))
    assert page.status_code == 200
    assert said in " ".join(page.context["adminform"].form.errors[name])
    assert not QueueSettings.objects.exists()


def test_settings_of_the_other_kind_are_kept(boss):
    boss.post(ADD, fields(target_service_level="70", kind="deferred", sla_minutes="90"))
    stored = QueueSettings.objects.get()
    assert (stored.target_service_level, stored.sla_minutes) == (70, 90)


def test_settings_belong_to_queues(boss):
    page = boss.post(ADD, fields(scope=scope("").pk))
    assert "Settings belong to a queue." in page.context["adminform"].form.errors["scope"]
    assert boss.post(ADD, fields()).status_code == 302
    assert boss.post(ADD, fields()).status_code == 200  # a queue has one set of them


def test_without_its_settings_a_queue_is_run_by_the_defaults(boss):
    boss.post(ADD, fields())
    DirtyScope.objects.all().delete()
    assert boss.post(reverse("admin:kpi_queuesettings_delete", args=[scope().pk]), {"post": "yes"}).status_code == 302
    assert selectors.rules_by_queue("org_123") == {}
    assert DirtyScope.objects.count() == 1


JUDGING = reverse("admin:kpi_organizationsettings_add")
WEIGHTS = {
    "organization": "org_123",
    "sla_weight": "0.2",
    "staffing_weight": "0.2",
    "utilization_weight": "0.6",
    "change_minutes": "30",
    "reforecast_prior": "400",
    "forecast_cv": "8",
    **{name: str(default) for name, (default, _, _) in LIMITS.items()},
    "service_minutes": "3",
    "staffing_minutes": "10",
    "recovery_minutes": "5",
}


def test_an_organization_weighs_its_health_score_itself(boss, api):
    with clock(0):
        post_all(api, interval())
        compute(api, -20, **SUPPORT)
        assert boss.post(JUDGING, WEIGHTS).status_code == 302
        assert [mark.scope for mark in DirtyScope.objects.filter(scope__queue_name="")] == [scope("", "")]
        found = compute(api, 0, **SUPPORT)
    health = found["health"]
    weighed = 0.2 * health["sla"] + 0.2 * health["staffing"] + 0.6 * health["utilization"]
    assert found["health_score"] == pytest.approx(weighed, abs=0.01)
    assert found["changes"]["baseline_timestamp"] == at(-20)  # within half an hour
    boss.post(reverse("admin:kpi_organizationsettings_delete", args=["org_123"]), {"post": "yes"})
    with clock(1):
        assert compute(api, 1, **SUPPORT)["health_score"] != found["health_score"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sla_weight", "0.3", "add up to 1, not to 1.1"),
        ("sla_weight", "-0.2", "greater than or equal to 0"),
        ("sla_weight", "", "required"),
        ("utilization_weight", "1.2", "less than or equal to 1"),
        ("change_minutes", "0", "greater than or equal to 1"),
        ("organization", "", "required"),
    ],
)
def test_weights_that_make_no_sense_are_refused(boss, name, value, said):
    page = boss.post(JUDGING, WEIGHTS | {name: value})
    assert page.status_code == 200
    assert said in str(page.context["adminform"].form.errors)
    assert not OrganizationSettings.objects.exists()


def test_a_holiday_closes_all_queues_of_its_scope_for_the_local_day(boss):
    page = reverse("admin:kpi_holiday_add")
    for where in (scope("", ""), scope("", "dept_456"), scope()):
        Holiday.objects.all().delete()
        body = {"scope": where.pk, "date": TEN.date().isoformat(), "name": "Founding day"}
        assert boss.post(page, body).status_code == 302
        closed = selectors.closed("org_123", at=TEN)
        inside = Scope.objects.filter(organization="org_123").exclude(queue_name="")
        expected = [scope()] if where.queue_name else list(inside)
        assert set(closed) == {each.pk for each in expected}
        assert {until.isoformat() for until in closed.values()} == {"2026-02-01T00:00:00+00:00"}
    holiday = Holiday.objects.get()
    action = {"action": "delete_selected", "_selected_action": [holiday.pk], "post": "yes"}
    assert boss.post(reverse("admin:kpi_holiday_changelist"), action).status_code == 302
    assert selectors.closed("org_123", at=TEN) == {}


def test_a_scope_is_found_by_the_names_of_its_queue(boss):
    query = {"app_label": "kpi", "model_name": "queuesettings", "field_name": "scope", "term": "supp"}
    found = boss.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [each["text"] for each in found] == ["org_123 / dept_456 / support"]


def test_facts_are_looked_at_not_edited(boss):
    assert boss.get(reverse("admin:kpi_intervalstats_changelist")).status_code == 200
    assert boss.get(reverse("admin:kpi_intervalstats_add")).status_code == 403


@pytest.mark.parametrize("typed", ["1.000", "1,000", "1 000", "1'000", "1.234,5", "12.345"])
@pytest.mark.parametrize("name", ["sla_minutes", "target_seconds", "aht_seconds"])
def test_a_number_that_may_be_read_in_two_ways_is_refused_and_not_shortened(boss, name, typed):
    page = boss.post(ADD, fields(**{name: typed}))
    assert page.status_code == 200
    [said] = page.context["adminform"].form.errors[name]
    digits = "".join(filter(str.isdecimal, typed))
    assert said.startswith(f"'{typed}' may be read in two ways: write {digits} without separators")
    assert not QueueSettings.objects.exists()


@pytest.mark.parametrize(("typed", "value"), [("1000", 1_000), ("240.5", 240.5), ("1000.25", 1_000.25)])
def test_a_plain_number_is_taken_as_typed(boss, typed, value):
    assert boss.post(ADD, fields(sla_minutes=typed)).status_code == 302
    assert QueueSettings.objects.get().sla_minutes == value
    page = reverse("admin:kpi_queuesettings_change", args=[scope().pk])
    assert f'value="{float(value)}"' in boss.get(page).content.decode()
