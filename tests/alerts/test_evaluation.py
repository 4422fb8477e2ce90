"""A run over an organization: which figures count, in how many statements, and what a broken rule breaks."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.evaluation import figure_providers, run
from alerts.evaluation.figure_providers import FigureProvider, FigureProviders
from alerts.models import Alert, Rule, RuleState
from alerts.rules import validation
from intraday.feed_health import services as feed_health
from intraday.org.models import Scope
from intraday.org.services import add_queues
from tests.alerts.world import TEN, World, at, occupancy
from tests.backlog.posting import post, row
from tests.heard import Hear

STREAM = "alerts:org:org_123"


# --- which figures count ---------------------------------------------------------------------------------------------
def test_a_figure_that_is_not_the_latest_is_ignored(world: World):
    world.rule()
    world.kpi.show(world.scope(), at(0), occupancy(95, latest=False))
    assert world.again().judged == 0


def test_a_rule_is_judged_at_its_own_level_and_place(world: World):
    world.rule(evaluate_each="queue", department_id="dept_456", queue_name="support")
    world.rule(evaluate_each="department")
    world.rule(evaluate_each="organization")
    for queue, department in [("support", "dept_456"), ("billing", "dept_456"), ("", "dept_456"), ("", "")]:
        world.kpi.show(world.scope(queue, department), at(0), occupancy(95))
    assert world.again().triggered == 3
    found = Alert.objects.values_list("scope__department_id", "scope__queue_name")
    assert set(found) == {("dept_456", "support"), ("dept_456", ""), ("", "")}


def test_a_run_over_some_scopes_leaves_the_others_alone(world: World):
    world.rule()
    for queue in ("support", "billing"):
        world.kpi.show(world.scope(queue), at(0), occupancy(95))
    assert world.again(scopes=[world.scope("billing").pk]).triggered == 1
    assert world.alert.scope.queue_name == "billing"


def test_a_run_as_of_an_instant_leaves_what_has_moved_on_alone(world: World):
    world.rule()
    world.kpi.show(world.scope("support"), at(600), occupancy(95))
    world.kpi.show(world.scope("billing"), at(0), occupancy(95))
    done = world.again(900, as_of=at(300))
    assert (done.judged, world.alert.scope.queue_name) == (1, "billing")


def test_a_figure_of_a_clock_that_runs_ahead_is_judged_at_once(world: World):
    world.rule()
    world.kpi.show(world.scope(), at(30), occupancy(95))
    assert world.again(0).triggered == 1


# --- what came between two runs --------------------------------------------------------------------------------------
WAITING = {"source": "backlog", "metric": "total_items", "threshold": 100, "clear_threshold": None}


def waits(world: World, *totals: tuple[float, int]) -> None:
    """Post this many items, this many seconds after ten."""
    for seconds, total in totals:
        world.backlog.show(world.scope(), at(seconds), {"total_items": total, "quality": "ok"})


def news(world: World, seconds: float) -> run.Evaluated:
    """A run over what feeds posted."""
    return world.again(seconds, scopes=[world.scope().pk])


def news_in_full(world: World, seconds: float) -> run.Evaluated:
    """A run over everything that finds new facts."""
    return world.again(seconds, new_facts=True)


@pytest.mark.parametrize("next_run", [news, news_in_full])
def test_a_value_that_crossed_between_two_runs_fires_though_the_next_was_better(
    world: World, next_run: Callable[[World, float], run.Evaluated]
):
    world.rule(**WAITING)
    waits(world, (0, 20))
    news(world, 0)
    waits(world, (1, 900), (4, 20))
    assert next_run(world, 5).triggered == 1
    assert (world.alert.current_value, world.alert.status) == (900, "pending")
    news(world, 10)
    assert RuleState.objects.get().phase == "recovering"


def test_a_dip_between_two_runs_resets_the_clock(world: World):
    world.rule(**WAITING, for_seconds=60)
    for second in range(0, 60, 5):
        waits(world, (second, 200))
        news(world, second)
    waits(world, (56, 20), (59, 200))
    news(world, 60)
    waits(world, (65, 200))
    assert news(world, 65).triggered == 0
    waits(world, (119, 200))
    assert news(world, 119).triggered == 1


def test_what_came_between_is_judged_once(world: World):
    world.rule(**WAITING)
    waits(world, (0, 200))
    news(world, 0)
    waits(world, (1, 210), (2, 220), (3, 230))
    news(world, 5)
    news(world, 6)
    assert (world.alert.occurrence_count, world.alert.peak_value) == (4, 230)


def test_while_a_queue_is_closed_its_staffing_is_not_judged(world: World):
    world.rule(for_seconds=300, no_data_mode="alert")
    world.judge(95, 0)
    world.judge(95, 240)
    world.closed = {world.scope().pk: at(86_400)}
    world.judge(None, 300)
    world.judge(95, 40_000)
    assert (world.alerts, RuleState.objects.get().data) == ([], "paused")
    world.closed = {}
    world.judge(95, 86_400)
    world.judge(95, 86_459)
    assert world.alerts == []
    world.judge(95, 86_460)
    assert world.statuses() == ["pending"]


def test_a_closed_queue_may_still_have_too_much_backlog(world: World):
    world.rule(source="backlog", metric="total_items", threshold=100, clear_threshold=None)
    world.closed = {world.scope().pk: at(86_400)}
    world.backlog.show(world.scope(), at(0), {"total_items": 101, "quality": "ok"})
    assert world.again().triggered == 1


def test_outside_its_active_hours_a_rule_sleeps(world: World):
    saturday_afternoon = [{"days": ["sat"], "start": "13:00", "end": "18:00"}]  # 12:00 to 17:00 UTC in winter
    world.rule(active_hours=saturday_afternoon, time_zone="Europe/Berlin")
    world.judge(95, 0)
    assert world.alerts == []
    world.judge(95, 7_199)
    assert world.alerts == []
    world.judge(95, 7_200)
    assert world.statuses() == ["pending"]


def test_a_word_may_be_judged(world: World):
    world.rule(
        source="backlog",
        metric="backlog_trend",
        operator="==",
        threshold="growing",
        clear_threshold=None,
        for_seconds=1800,
        recover_for_seconds=0,
    )
    for minutes, trend in [(0, "growing"), (15, "growing"), (30, "growing"), (45, "stable")]:
        world.backlog.show(world.scope(), at(60 * minutes), {"backlog_trend": trend, "quality": "ok"})
        world.again(60 * minutes)
    assert (world.alert.message, world.alert.status) == ("support: backlog trend is growing for 30 min", "resolved")


def test_posted_backlog_is_judged(world: World, api):
    """No double in between: the figures are those of the backlog."""
    world.rule(source="backlog", metric="items_over_sla", operator=">=", threshold=5, clear_threshold=3)
    post(api, row(total=20, items_over_sla=5))
    done = run.evaluate(organization_id="org_123", now=TEN + timedelta(seconds=30))
    assert (done.triggered, world.alert.current_value) == (1, 5)
    assert world.alert.message == "support: 5 items over SLA (at least 5)"


# --- feeds -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("silent", "cadence", "stale"),
    [(60, 60, 0), (300, 60, 0), (480, 60, 3), (1800, 900, 0), (3000, 900, 5), (3000, None, 5)],
)
def test_a_feed_is_stale_after_three_of_its_own_cadences_and_five_minutes(
    silent: float, cadence: float | None, stale: float
):
    feed = {"kind": "kpi", "cadence_seconds": cadence, "last_received_at": at(-silent)}
    minutes = figure_providers.stale_minutes([feed], TEN)
    assert (minutes["stale_minutes"], minutes["kpi_stale_minutes"]) == (stale, stale)
    assert minutes["backlog_stale_minutes"] is None


def test_a_silent_feed_raises_one_alert_of_the_organization(world: World, api):
    world.rule(source="schedule", metric="stale_minutes", threshold=5, clear_threshold=0, evaluate_each="organization")
    post(api, row())
    feed_health.store()
    feed = world.organization.feeds.get()
    for minutes, open_alerts in [(0, 0), (49, 0), (51, 1)]:
        now = feed.last_received_at + timedelta(minutes=minutes)
        run.evaluate(organization_id="org_123", now=now)
        assert Alert.objects.count() == open_alerts
    assert world.alert.scope == world.scope("", "")


def test_while_a_feed_is_critically_down_its_queues_alert_silently(world: World):
    world.rule(
        source="schedule",
        metric="kpi_stale_minutes",
        threshold=5,
        clear_threshold=0,
        severity="critical",
        evaluate_each="organization",
        recover_for_seconds=0,
    )
    world.rule(no_data_mode="alert", no_data_for_seconds=0)
    world.feeds.show(world.scope("", ""), at(0), {"kpi_stale_minutes": 6})
    world.judge(None, 0)
    down, silent = world.alerts if not world.alerts[0].scope.queue_name else reversed(world.alerts)
    assert (down.suppressed, silent.suppressed, silent.kind) == (False, True, "nodata")
    world.feeds.show(world.scope("", ""), at(60), {"kpi_stale_minutes": 0})
    world.again(60)
    world.run_timers(61)
    silent.refresh_from_db()
    assert silent.suppressed is False


def test_of_one_source_in_one_scope_only_the_gravest_alert_is_notified(world: World):
    lesser = world.rule(threshold=90, severity="high", recover_for_seconds=0)
    graver = world.rule(threshold=95, severity="critical", clear_threshold=95, recover_for_seconds=0)
    world.judge(97, 0)
    notified = {alert.rule_id: not alert.suppressed for alert in world.alerts}
    assert notified == {graver.pk: True, lesser.pk: False}
    world.judge(92, 60)
    world.run_timers(61)
    assert {alert.rule_id: alert.suppressed for alert in world.alerts if alert.status == "pending"} == {
        lesser.pk: False
    }


def test_of_two_equal_alerts_the_first_speaks_and_then_the_other(world: World):
    first = world.rule(threshold=90, clear_threshold=90, recover_for_seconds=0)
    second = world.rule(threshold=60, clear_threshold=60, for_seconds=60, recover_for_seconds=0)
    world.judge(95, 0)
    world.judge(95, 60)
    assert {alert.rule_id: alert.suppressed for alert in world.alerts} == {first.pk: False, second.pk: True}
    world.judge(80, 120)
    world.run_timers(121)
    assert [alert.suppressed for alert in world.alerts if alert.status == "pending"] == [False]


def test_a_drop_in_volume_is_told_beside_graver_alerts(world: World):
    """A queue that was busy before its line broke: nobody would learn of the line from the alert that is open."""
    world.rule(severity="critical")
    world.rule(metric="state.components.volume", operator="==", threshold="critical", clear_threshold=None)
    broken = {"state": {"level": "critical", "components": {"volume": "critical"}}, "quality": "suspect"}
    world.judge(97, 0)
    world.kpi.show(world.scope(), at(60), occupancy(20, **broken))
    world.again(60)
    world.run_timers(61)
    assert [(alert.severity, alert.suppressed) for alert in world.alerts] == [("critical", False), ("high", False)]


# --- E10 -------------------------------------------------------------------------------------------------------------
def test_e10_one_broken_rule_stops_no_other(world: World):
    broken = world.rule(name="a metric that is gone")
    Rule.objects.filter(pk=broken.pk).update(metric="no.such")
    failing = world.rule(name="a figure without what is asked", metric="sla_risk.risk_score")
    words = world.rule(name="a threshold of another kind")
    Rule.objects.filter(pk=words.pk).update(threshold="many")
    good = world.rule(name="good")
    world.judge(95, 0)
    assert [alert.rule_id for alert in world.alerts] == [good.pk]
    assert set(RuleState.objects.filter(data="error").values_list("rule", flat=True)) == {failing.pk, words.pk}


# --- how much it costs -----------------------------------------------------------------------------------------------
def statements(world: World, count: int, minute: int) -> tuple[int, Any]:
    """Count the statements of a run over this many queues: some fire, some go on, some recover."""
    for number, scope in enumerate(Scope.objects.exclude(queue_name="").order_by("pk")[:count]):
        world.kpi.show(scope, at(60 * minute), occupancy(95 if (number + minute) % 20 < 2 else 70))
    with CaptureQueriesContext(connection) as captured:
        done = world.again(60 * minute)
    return len(captured), done


def test_a_run_takes_the_same_statements_for_1000_queues_as_for_60(world: World):
    add_queues(world.organization, [(f"dept_{n % 50}", f"queue_{n}") for n in range(1_000)])
    for _ in range(10):
        world.rule(recover_for_seconds=0, cooldown_seconds=0)
    statements(world, 60, 0)
    few, _ = statements(world, 60, 1)
    statements(world, 1_000, 2)
    many, done = statements(world, 1_000, 3)
    assert done.judged == 10_000
    assert min(done.triggered, done.seen, done.resolved) >= 500
    assert many == few <= 20


def test_quiet_queues_cost_no_writing(world: World):
    world.rule()
    world.judge(50, 0)
    with CaptureQueriesContext(connection) as captured:
        world.judge(51, 60)
    changed = [query["sql"] for query in captured if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql.split('"')[1] for sql in changed] == ["alerts_round"] * len(changed)


def test_attending_takes_the_same_statements_for_many(world: World):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            world.run_timers(world.now.timestamp() - TEN.timestamp() + 60)
        return len(captured)

    add_queues(world.organization, [("dept_1", f"queue_{n}") for n in range(100)])
    world.rule(escalation=[{"after_seconds": 60 * n, "to": "supervisors"} for n in range(1, 10)])
    statements(world, 5, 1)
    few = cost()
    statements(world, 100, 2)
    assert cost() == few


def test_an_organization_without_rules_costs_next_to_nothing(world: World):
    with CaptureQueriesContext(connection) as captured:
        assert world.again().judged == 0
    assert len(captured) <= 6


def test_a_source_that_is_not_there_is_no_failure(world: World):
    def nothing(*_: Any, **__: Any) -> Iterator[Any]:
        return iter(())

    world.rule()
    providers = FigureProviders({"backlog": FigureProvider(nothing)}, lambda organization_id, *, at: {})
    assert run.evaluate(organization_id="org_123", now=TEN, providers=providers).judged == 0


def test_the_default_cooldown_is_none_for_critical_rules(world: World):
    assert world.rule(severity="critical").cooldown_seconds == 0
    assert world.rule().cooldown_seconds == validation.COOLDOWN_SECONDS


def test_events_of_one_alert_come_in_the_order_of_its_transitions(world: World, heard: Hear):
    world.rule(recover_for_seconds=0, cooldown_seconds=0)
    with heard(STREAM) as events:
        world.judge(95, 0)
        world.acknowledge(world.alert)
        world.judge(70, 60)
    assert [(event["data"]["status"], event["data"]["version"]) for event in events] == [
        ("pending", 1),
        ("acknowledged", 2),
        ("resolved", 3),
    ]
