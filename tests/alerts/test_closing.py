"""Alerts end with opening hours: nothing stays open for days because nobody measures."""

from typing import Any

import pytest

from alerts.evaluation import figure_providers
from alerts.models import Notification, RuleState
from alerts.rule_services import preview_rule
from alerts.services import evaluate
from intraday.org.models import Queue, Scope
from intraday.org.services import add_queues
from kpi.models import QueueSettings
from tests.alerts.intervals import RULE, measured
from tests.alerts.world import TEN, Wall, World, at, names, occupancy
from tests.heard import Hear
from tests.kpi.posting import post_all

STREAM = "alerts:org:org_123"


def close(world: World, queue: str = "support") -> None:
    world.closed = {**world.closed, world.scope(queue).pk: at(86_400)}


@pytest.mark.parametrize("person_did", ["nothing", "acknowledge", "snooze"])
@pytest.mark.parametrize("phase", ["firing", "recovering", "no_data"])
def test_at_closing_time_an_open_alert_is_resolved(world: World, heard: Hear, phase: str, person_did: str):
    world.rule()
    world.judge(95, 0)
    if person_did != "nothing":
        act = {"acknowledge": world.acknowledge, "snooze": lambda alert: world.snooze(alert, 3600)}[person_did]
        act(world.alert)
    world.judge({"firing": 95, "recovering": 70, "no_data": None}[phase], 60)
    close(world)
    with heard(STREAM) as events:
        world.judge(None, 120)
        world.judge(None, 180)
    assert names(events) == ["alert:resolved"]
    assert (events[0]["data"]["resolution"], events[0]["data"]["resolved_by"]) == ("closed", "system")
    assert RuleState.objects.get().phase == "ok"


def test_that_it_closed_is_notified_once(world: World):
    world.rule()
    world.judge(95, 0)
    close(world)
    for seconds in (60, 120, 180):
        world.judge(None, seconds)
    assert list(Notification.objects.order_by("id").values_list("transition", flat=True)) == ["triggered", "resolved"]


def test_the_next_morning_is_judged_afresh(world: World):
    world.rule(for_seconds=300)
    world.judge(95, 0)
    world.judge(95, 300)
    close(world)
    world.judge(None, 360)
    world.closed = {}
    world.judge(95, 86_400)
    world.judge(95, 86_699)
    assert world.statuses() == ["resolved"]
    world.judge(95, 86_700)
    assert world.statuses() == ["resolved", "pending"]


def test_an_alert_about_silence_ends_too(world: World):
    world.rule(no_data_mode="alert", no_data_for_seconds=0)
    world.judge(None, 0)
    close(world)
    world.judge(None, 60)
    assert (world.alert.kind, world.alert.resolution) == ("nodata", "closed")


def test_a_queue_that_stays_open_keeps_its_alert(world: World):
    world.rule()
    world.kpi.show(world.scope("billing"), at(0), occupancy(95))
    world.judge(95, 0)
    close(world, "billing")
    world.again(60)
    assert {alert.scope.queue_name: alert.status for alert in world.alerts} == {
        "support": "pending",
        "billing": "resolved",
    }


def test_a_rule_that_sleeps_at_this_hour_ends_its_alert(world: World):
    world.rule(active_hours=[{"days": ["sat"], "start": "09:00", "end": "11:00"}], time_zone="UTC")
    world.judge(95, 0)
    world.judge(95, 3_600)
    assert (world.alert.status, world.alert.resolution) == ("resolved", "closed")


# --- backlog: judged while data come ---------------------------------------------------------------------------------
WAITING: dict[str, Any] = {"source": "backlog", "metric": "total_items", "threshold": 90, "clear_threshold": None}


def test_backlog_of_a_closed_queue_is_judged_while_data_come_and_then_ends(world: World):
    world.rule(**WAITING)
    world.backlog.show(world.scope(), at(0), {"total_items": 100, "quality": "ok"})
    world.again(0)
    close(world)
    world.backlog.show(world.scope(), at(60), {"total_items": 110, "quality": "ok"})
    world.again(60)
    assert (world.alert.status, world.alert.current_value) == ("pending", 110)
    world.backlog.show(world.scope(), at(60), {"total_items": 110, "quality": "stale"})
    world.again(600)
    assert (world.alert.status, world.alert.resolution) == ("resolved", "closed")


def test_backlog_of_an_open_queue_without_data_stays_as_it_was(world: World):
    world.rule(**WAITING)
    world.backlog.show(world.scope(), at(0), {"total_items": 100, "quality": "stale"})
    world.again(0)
    world.again(100_000)
    assert world.statuses() == ["pending"]


# --- above queues, with real opening hours ---------------------------------------------------------------------------
def opening(world: World, queue: str, hours: str, **fields: Any) -> None:
    scope = world.scope(queue)
    QueueSettings.objects.update_or_create(scope=scope, defaults={"opening_hours": hours, **fields})


WEEKDAYS, SATURDAY = "Mon-Fri 08:00-18:00", "Sat 00:00-24:00"


@pytest.mark.parametrize(
    ("support", "billing", "closed"),
    [
        (WEEKDAYS, WEEKDAYS, {"support", "billing", "dept_456", ""}),
        (WEEKDAYS, SATURDAY, {"support"}),
        (SATURDAY, SATURDAY, set()),
        (WEEKDAYS, "", {"support"}),  # always open
    ],
)
def test_a_level_is_closed_while_all_its_queues_are(world: World, support: str, billing: str, closed: set[str]):
    opening(world, "support", support)
    opening(world, "billing", billing)
    Queue.objects.filter(name="sales").delete()
    found = figure_providers.closed("org_123", at=TEN)
    scopes = Scope.objects.filter(pk__in=found)
    assert {scope.queue_name or scope.department_id for scope in scopes} == closed


def test_another_department_that_is_open_keeps_the_organization_open(world: World):
    for queue in ("support", "billing", "sales"):
        opening(world, queue, WEEKDAYS)
    add_queues(world.organization, [("dept_999", "night line")])
    found = Scope.objects.filter(pk__in=figure_providers.closed("org_123", at=TEN))
    assert {scope.queue_name or scope.department_id for scope in found} == {
        "support",
        "billing",
        "sales",
        "dept_456",
    }


def test_a_queue_that_was_removed_keeps_no_department_open(world: World):
    opening(world, "support", WEEKDAYS)
    Queue.objects.filter(name__in=["billing", "sales"]).delete()
    found = Scope.objects.filter(pk__in=figure_providers.closed("org_123", at=TEN))
    assert {scope.queue_name or scope.department_id for scope in found} >= {"support", "dept_456", ""}


def test_an_alert_without_any_figure_is_swept_at_closing_time(world: World):
    world.rule()
    world.judge(95, 0)
    opening(world, "support", WEEKDAYS)
    assert world.resolve_unreachable() == 1
    assert world.alert.resolution == "closed"


# --- attendance ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scheduled", "status", "resolution"),
    [
        (0, "resolved", "closed"),  # the last shift has ended: there is no rate any more
        (3, "pending", ""),  # a rate is missing although people are scheduled: no data resolves nothing
    ],
)
def test_attendance_ends_with_the_last_shift(world: World, scheduled: int, status: str, resolution: str):
    world.rule(
        source="attendance",
        metric="attendance_rate",
        operator="<",
        threshold=85,
        clear_threshold=88,
        evaluate_each="department",
    )
    wall = Wall()
    providers = figure_providers.FigureProviders(
        {"attendance": figure_providers.FigureProvider(wall.figures)}, world.providers.closed
    )
    wall.show(world.scope(""), at(0), {"scheduled_count": 10, "attendance_rate": 70.0})
    evaluate(organization_id="org_123", now=at(0), providers=providers)
    wall.show(world.scope(""), at(60), {"scheduled_count": scheduled, "attendance_rate": None})
    evaluate(organization_id="org_123", now=at(60), providers=providers)
    assert (world.alert.status, world.alert.resolution) == (status, resolution)


# --- previews --------------------------------------------------------------------------------------------------------
def test_a_preview_ends_its_alerts_at_closing_time_too(world: World):
    rule = world.rule()
    world.kpi.show(world.scope(), at(0), occupancy(95))
    world.kpi.show(world.scope(), at(60), occupancy(None, closed_until="2026-02-02T08:00:00Z"))
    answer = preview_rule(
        organization=world.organization, since=at(-1), until=at(600), rule_id=rule.pk, providers=world.providers
    )
    [alert] = answer["current"]["alerts"]
    assert (alert["from"], alert["to"]) == (at(0), at(60))


def test_a_preview_of_closed_intervals_ends_with_opening_hours_and_begins_anew(world: World, api):
    """Open from 8 to 11. Each pair of half hours at 60 % is 20 points short: known at 10:30, and at 9 the next day."""
    opening(world, "support", "Mon-Sun 08:00-11:00")
    post_all(api, *(measured(minutes, 60) for minutes in (-30, 0, 30, 22 * 60, 22 * 60 + 30)))
    answer = preview_rule(
        organization=world.organization,
        since=at(-3_600),
        until=at(24 * 3_600),
        draft={"source": "kpi", "operator": ">", "severity": "high", **RULE},
    )
    begins_and_ends = [(alert["from"], alert["to"]) for alert in answer["draft"]["alerts"]]
    assert begins_and_ends == [(at(1_800), at(3_600)), (at(23 * 3_600), None)]


def test_a_preview_ends_an_alert_whose_queue_closed_after_its_last_figure(world: World, api):
    """Short at 10:30, and nothing is measured afterwards: closed at 11."""
    opening(world, "support", "Mon-Sun 08:00-11:00")
    post_all(api, *(measured(minutes, 60) for minutes in (-30, 0)))
    draft = {"source": "kpi", "operator": ">", "severity": "high", **RULE}
    answer = preview_rule(organization=world.organization, since=at(-3_600), until=at(8 * 3_600), draft=draft)
    [alert] = answer["draft"]["alerts"]
    assert at(3_600) <= alert["to"] <= at(2 * 3_600)


def test_the_real_sources_close_an_alert_whose_queue_closes(world: World):
    world.rule()
    world.judge(95, 0)
    opening(world, "support", WEEKDAYS)
    real = figure_providers.FigureProviders(world.providers.by_name, figure_providers.closed)
    evaluate(organization_id="org_123", now=at(60), providers=real)
    assert world.alert.resolution == "closed"
