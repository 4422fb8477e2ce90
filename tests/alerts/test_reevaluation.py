"""Evaluate the open alert of an edited rule anew (E12): any edit, in any phase, in any way."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts import rule_services, services
from alerts.models import Alert, Notification, Rule, RuleState
from alerts.rule_services import preview_rule
from intraday.org.models import Role
from intraday.org.services import add_queues
from tests.access.people import browser_of, person
from tests.alerts.rule_forms import fields as form_of
from tests.alerts.world import OWNER, World, at, names
from tests.heard import Hear

STREAM = "alerts:org:org_123"
WAITING: dict[str, Any] = {
    "source": "backlog",
    "metric": "total_items",
    "threshold": 90,
    "clear_threshold": None,
    "recover_for_seconds": 0,
}


def waits(world: World, total: int, seconds: float, **fields: Any) -> None:
    figure = {"total_items": total, "avg_wait_time_minutes": 3.0, "backlog_trend": "stable", "quality": "ok", **fields}
    world.backlog.show(world.scope(), at(seconds), figure)
    world.again(seconds)


def edited(world: World, seconds: float, **fields: Any) -> None:
    world.now = at(seconds)
    world.edit(Rule.objects.get(), **fields)


# --- the fault itself ------------------------------------------------------------------------------------------------
def test_a_raised_threshold_lets_a_healthy_value_resolve_the_alert(world: World):
    """total_items > 90, 91 fires, the threshold becomes 95, then 50 comes: 50 is healthy, so the alert is over."""
    world.rule(**WAITING)
    waits(world, 91, 0)
    edited(world, 30, threshold=95)
    waits(world, 50, 60)
    assert (world.alert.status, world.alert.resolution, world.alert.current_value) == ("resolved", "auto", 50)


# --- each field that is part of the question -------------------------------------------------------------------------
# The edit, the next value (95 fired over 90, healthy at 80), and the status that the edited rule gives it.
EDITS: dict[str, tuple[dict[str, Any], float, str]] = {
    "threshold up, still over": ({"threshold": 93}, 94, "pending"),
    "threshold up, now between": ({"threshold": 97, "clear_threshold": 80}, 94, "pending"),
    "threshold and clear up, now healthy": ({"threshold": 97, "clear_threshold": 96}, 94, "resolved"),
    "clear threshold up": ({"clear_threshold": 88}, 87, "resolved"),
    "clear threshold gone": ({"clear_threshold": None}, 89, "resolved"),
    "operator turned round, healthy": ({"operator": "<", "threshold": 50, "clear_threshold": 60}, 94, "resolved"),
    "operator turned round, breaching": ({"operator": "<", "threshold": 50, "clear_threshold": 60}, 40, "pending"),
    "for, still over": ({"for_seconds": 600}, 95, "pending"),
    "for, healthy": ({"for_seconds": 600}, 70, "resolved"),
    "recover for longer": ({"recover_for_seconds": 300}, 70, "pending"),
    "no data mode": ({"no_data_mode": "resolve"}, 70, "resolved"),
    "active hours that hold": (
        {"active_hours": [{"days": ["sat"], "start": "00:00", "end": "23:00"}], "time_zone": "UTC"},
        95,
        "pending",
    ),
    "active hours that do not hold": (
        {"active_hours": [{"days": ["sun"], "start": "00:00", "end": "23:00"}], "time_zone": "UTC"},
        95,
        "resolved",
    ),
    "severity": ({"severity": "critical"}, 95, "pending"),
    "another queue": ({"queue_name": "billing"}, 95, "resolved"),
    "another department": ({"department_id": "dept_999"}, 95, "resolved"),
    "another level": ({"evaluate_each": "department"}, 95, "resolved"),
    "the same queue by name": ({"queue_name": "support"}, 95, "pending"),
}


@pytest.fixture
def departments(world: World) -> None:
    add_queues(world.organization, [("dept_999", "other")])


@pytest.mark.usefixtures("departments")
@pytest.mark.parametrize(("fields", "value", "status"), EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("person_did", ["nothing", "acknowledge", "snooze"])
def test_the_next_value_decides_by_the_new_terms(
    world: World, fields: dict[str, Any], value: float, status: str, person_did: str
):
    world.rule(recover_for_seconds=0)
    world.judge(95, 0)
    if person_did == "acknowledge":
        world.acknowledge(world.alert, note="mine")
    if person_did == "snooze":
        world.snooze(world.alert, 3600)
    edited(world, 30, **fields)
    world.judge(value, 60)
    alert = world.alert
    assert len(world.alerts) == 1
    assert ("resolved" if alert.status == "resolved" else "pending") == status
    assert person_did != "acknowledge" or (alert.acknowledged_by, alert.note) == ("dana", "mine")
    assert status == "resolved" or alert.current_value == value


@pytest.mark.parametrize("phase", ["breaching", "firing", "recovering", "no_data"])
def test_in_whatever_phase_the_next_value_decides(world: World, phase: str):
    """Over 90 for two minutes; the edit makes it over 97, healthy at 96: 95 is healthy in every phase."""
    world.rule(for_seconds=120, recover_for_seconds=60)
    world.judge(95, 0)
    if phase != "breaching":
        world.judge(95, 120)
    if phase == "recovering":
        world.judge(70, 150)
    if phase == "no_data":
        world.judge(None, 150)
    edited(world, 160, threshold=97, clear_threshold=96)
    world.judge(95, 180)
    world.judge(95, 240)
    assert world.statuses() == ([] if phase == "breaching" else ["resolved"])
    states = RuleState.objects.exclude(phase="ok")
    assert not states.exists()


def test_a_new_hold_counts_from_the_edit_where_nothing_is_open(world: World):
    world.rule(for_seconds=120)
    world.judge(95, 0)
    edited(world, 100, for_seconds=100)
    world.judge(95, 120)
    assert world.statuses() == []
    world.judge(95, 220)
    assert world.statuses() == ["pending"]


def test_another_metric_is_shown_with_its_own_unit_and_value(world: World):
    world.rule(**WAITING)
    waits(world, 91, 0)
    edited(world, 30, metric="avg_wait_time_minutes", threshold=2)
    alert = world.alert
    assert (alert.unit, alert.current_value, alert.peak_value) == ("minutes", None, None)
    assert alert.message == "support: average wait is unknown (over 2 minutes)"
    waits(world, 50, 60)
    alert = world.alert
    assert (alert.status, alert.current_value, alert.peak_value, alert.threshold_value) == ("pending", 3.0, 3.0, 2)
    assert alert.message == "support: average wait is 3 minutes (over 2 minutes)"


def test_a_word_for_a_number_is_no_failure(world: World):
    world.rule(**WAITING)
    waits(world, 91, 0)
    edited(world, 30, metric="backlog_trend", operator="==", threshold="growing", clear_threshold=None)
    waits(world, 91, 60)
    assert (world.alert.status, world.alert.current_value) == ("resolved", "stable")


# --- the record ------------------------------------------------------------------------------------------------------
def test_the_open_record_says_that_its_rule_changed_and_what_it_is_now(world: World, heard: Hear):
    world.rule(recover_for_seconds=0)
    world.judge(95, 0)
    with heard(STREAM) as events:
        edited(world, 30, name="very busy", threshold=92, clear_threshold=91)
    assert names(events) == ["alert:updated"]
    said = events[0]["data"]
    assert (said["rule_name"], said["threshold_value"], said["version"]) == ("very busy", 92, 2)
    assert said["message"] == "support: occupancy is 95 % (over 92 %)"
    assert world.history() == ["fired", "rule changed"]
    assert world.alert.audit.last().rule_version == 2


def test_an_edit_of_what_the_alert_does_not_show_leaves_it_alone(world: World, heard: Hear):
    world.rule()
    world.judge(95, 0)
    with heard(STREAM) as events:
        edited(world, 30, cooldown_seconds=60, repeat_seconds=600)
    assert (names(events), world.history()) == ([], ["fired"])
    assert RuleState.objects.get().as_of == at(0)


@pytest.mark.parametrize(
    ("before", "after", "notified"),
    [
        ("high", "critical", ["triggered", "raised"]),
        ("critical", "low", ["triggered"]),
        ("high", "high", ["triggered"]),
    ],
)
def test_the_severity_follows_and_a_graver_one_is_notified_once(
    world: World, before: str, after: str, notified: list[str]
):
    world.rule(severity=before)
    world.judge(95, 0)
    edited(world, 30, severity=after)
    assert world.alert.severity == after
    for seconds in (60, 120, 180):
        world.judge(95, seconds)
    assert world.alert.severity == after
    assert list(Notification.objects.order_by("id").values_list("transition", flat=True)) == notified


def test_a_graver_severity_of_what_is_healthy_by_now_is_not_notified(world: World):
    world.rule(recover_for_seconds=0)
    world.judge(95, 0)
    edited(world, 30, severity="critical")
    world.judge(70, 60)
    notified = list(Notification.objects.order_by("id").values_list("transition", flat=True))
    assert notified == ["triggered", "resolved"]


def test_an_escalation_that_raised_it_is_not_undone(world: World):
    world.rule(escalation=[{"after_seconds": 60, "to": "admin", "raise_severity": "critical"}])
    world.judge(95, 0)
    world.run_timers(60)
    edited(world, 90, severity="medium")
    world.judge(95, 120)
    assert world.alert.severity == "critical"


@pytest.mark.parametrize(
    ("fields", "value", "status", "cleared"),
    [
        ({"threshold": 92}, 70, "pending", at(60)),  # healthy by the edited rule, too: it keeps when it cleared
        ({"threshold": 92}, 85, "pending", at(60)),  # between the thresholds
        ({"threshold": 65, "clear_threshold": 60}, 70, "pending", None),  # breaching again
        (
            {"auto_resolve": True},
            70,
            "resolved",
            at(60),
        ),  # alerts that people were to resolve now resolve by themselves
        ({"severity": "critical"}, 70, "pending", at(60)),
    ],
)
def test_when_the_condition_cleared_is_kept(world: World, fields: dict[str, Any], value: float, status: str, cleared):
    world.rule(auto_resolve=False, recover_for_seconds=0)
    world.judge(95, 0)
    world.judge(70, 60)
    edited(world, 90, **fields)
    assert world.alert.condition_cleared_at == at(60)
    world.judge(value, 120)
    assert (world.alert.status, world.alert.condition_cleared_at) == (status, cleared)


def test_an_alert_about_silence_ends_where_the_rule_does_not_report_silence_any_more(world: World):
    world.rule(no_data_mode="alert", no_data_for_seconds=0)
    world.judge(None, 0)
    assert world.alert.kind == "nodata"
    edited(world, 30, no_data_mode="keep_last")
    assert (world.alert.status, world.alert.resolution) == ("resolved", "rule_disabled")


def test_a_disabled_rule_resolves_and_enabled_again_it_begins_anew(world: World):
    world.rule()
    world.judge(95, 0)
    edited(world, 30, enabled=False)
    assert world.alert.resolution == "rule_disabled"
    edited(world, 400, enabled=True, threshold=94)
    world.judge(95, 420)
    assert world.statuses() == ["resolved", "pending"]


def test_an_acknowledgement_does_not_run_out_before_the_edited_rule_was_judged(world: World):
    world.rule(ack_timeout_seconds=600)
    world.judge(95, 0)
    world.acknowledge(world.alert)
    edited(world, 590, threshold=97, clear_threshold=96)
    assert world.run_timers(610) == 0


# --- by whatever way -------------------------------------------------------------------------------------------------
def by_rest(world: World, rule: Rule) -> None:
    boss = browser_of(person("rosa", world.organization, Role.ADMIN))
    answer = boss.patch(f"/api/alerts/rules/{rule.pk}", {"threshold": 97, "clear_threshold": 96}, format="json")
    assert answer.status_code == 200


def by_admin(world: World, rule: Rule) -> None:
    boss = Client()
    boss.force_login(get_user_model().objects.create_superuser("rosa"))
    form = form_of(queue_name="", name=rule.name, threshold="97", clear_threshold="96", seen_version=str(rule.version))
    edited = {"for_seconds": "0 s", "recover_for_seconds": "0 s"}
    address = reverse("admin:alerts_rule_change", args=[rule.pk])
    assert boss.post(address, {**form, **edited}).status_code == 302


def by_reinstall(world: World, rule: Rule) -> None:
    edited = {**STATED, "name": rule.name, "threshold": 97, "clear_threshold": 96}
    renewed = services.renew_rules(organization=world.organization, now=timezone.now(), rules=[edited])
    assert renewed == [rule]


STATED: dict[str, Any] = {
    "alert_type": "occupancy_high",
    "source": "kpi",
    "metric": "utilization.occupancy",
    "operator": ">",
    "threshold": 90,
    "clear_threshold": 80,
    "recover_for_seconds": 0,
    "severity": "high",
}


@pytest.mark.parametrize("edit", [by_rest, by_admin, by_reinstall])
def test_every_way_of_editing_judges_anew(world: World, edit: Any):
    [rule] = services.install_rules(
        organization=world.organization, now=at(0), rules=[{**STATED, "name": "Occupancy too high"}]
    )
    world.judge(95, 0)
    edit(world, rule)
    world.judge(95, 60)
    assert world.statuses() == ["resolved"]


def test_the_reinstall_leaves_alone_what_a_person_has_edited(world: World):
    [rule] = services.install_rules(
        organization=world.organization, now=at(0), rules=[{**STATED, "name": "Occupancy too high"}]
    )
    rule_services.edit_rule(
        organization=world.organization, rule_id=rule.pk, fields={"threshold": 85}, actor=OWNER, now=at(30)
    )
    edited = {**STATED, "name": "Occupancy too high", "threshold": 97}
    assert services.renew_rules(organization=world.organization, now=at(60), rules=[edited]) == []
    assert Rule.objects.get().threshold == 85


def test_a_preview_of_an_edit_touches_no_open_alert(world: World):
    rule = world.rule()
    world.judge(95, 0)
    answer = preview_rule(
        organization=world.organization,
        since=at(-60),
        until=at(60),
        rule_id=rule.pk,
        draft={"threshold": 97},
        providers=world.providers,
    )
    assert (answer["current"]["total"], answer["draft"]["total"]) == (1, 0)
    assert (Alert.objects.get().status, world.history()) == ("pending", ["fired"])
