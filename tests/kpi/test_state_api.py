"""One judgement, made on the server: in the tile, the history, the table, with thresholds that people set (3.14)."""

import csv
import io

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from intraday.org.models import Scope
from intraday.org.services import add_queues
from kpi import services
from kpi.models import OrganizationSettings, QueueSettings
from tests.backlog.posting import TEN, at
from tests.backlog.posting import post_batch as post_backlog
from tests.backlog.posting import row as backlog_of
from tests.kpi.posting import (
    CURRENT,
    HISTORY,
    SUPPORT,
    clock,
    compute,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
)

DEPARTMENT = {"department_id": "dept_456"}
EASY = {"handle_seconds": 1_800, "answered_in_target": 100}
"""100 contacts of 18 s are one erlang: nine agents are no risk, whatever planners require."""


def ready(api, queue="support", *, agents, required=10):
    """The half hour up to ten, and what planners require of the next ones."""
    with clock(0):
        post_all(api, interval(queue, agents=agents, **EASY))
        post_forecast(api, *(forecast(queue, minutes, required_agents=required) for minutes in (-30, 0, 30)))


def at_minute(api, minutes, **scope):
    with clock(minutes):
        return compute(api, minutes, **(scope or SUPPORT))


def level(api, minutes):
    return at_minute(api, minutes)["state"]["level"]


# --- over time -------------------------------------------------------------------------------------------------------
def test_a_shortage_counts_after_ten_minutes_and_is_over_after_five_on_the_healthy_side(api):
    """Three of ten are missing from 10:00 to 10:12; at 10:12 all are there."""
    ready(api, agents=7)
    levels = {minutes: level(api, minutes) for minutes in range(12)}
    assert levels == {minutes: "ok" if minutes < 10 else "critical" for minutes in range(12)}
    with clock(12):
        post_all(api, interval(agents=10, as_of=at(12), **EASY))
    levels = {minutes: level(api, minutes) for minutes in range(12, 19)}
    assert levels == {minutes: "critical" if minutes < 17 else "ok" for minutes in range(12, 19)}


def test_the_state_says_since_when_and_why(api):
    ready(api, agents=7)
    states = [at_minute(api, minutes)["state"] for minutes in range(13)]
    assert [state["since"] for state in states] == [at(0)] * 10 + [at(10)] * 3
    assert states[-1]["reasons"] == [{"code": "shortage", "value": 30.0, "limit": 20.0, "level": "critical"}]
    assert states[-1]["components"] == {"service": "ok", "staffing": "critical", "backlog": None, "volume": "ok"}


def test_nobody_there_is_critical_at_once(api):
    ready(api, agents=0)
    state = at_minute(api, 0)["state"]
    assert (state["level"], state["reasons"][0]["code"], state["reasons"][0]["value"]) == (
        "critical",
        "nobody_there",
        10.0,
    )


def test_an_outlook_counts_after_three_minutes(api):
    """Nine agents for ten erlang: the next interval fails almost surely."""
    with clock(0):
        post_all(api, interval(agents=9))
        post_forecast(api, *(forecast(minutes=minutes, required_agents=9) for minutes in (-30, 0, 30)))
    found = [at_minute(api, minutes) for minutes in range(5)]
    assert min(each["sla_risk"]["outlook_risk"] for each in found) > 85
    assert [each["state"]["level"] for each in found] == ["ok", "ok", "ok", "critical", "critical"]
    assert found[4]["state"]["reasons"][0]["code"] == "outlook_risk"
    assert (found[4]["headcount_gap"]["status"], found[4]["state"]["components"]["staffing"]) == ("balanced", "ok")


@pytest.mark.parametrize(
    ("over_sla", "expected"), [(0, "ok"), (5, "ok"), (15, "at_risk"), (26, "critical")], ids=["100", "95", "85", "74"]
)
def test_the_backlogs_compliance_is_a_part_of_the_state(api, over_sla, expected):
    """Below 90 % of the hundred items in time it is at risk, below 75 % critical."""
    ready(api, agents=10)
    with clock(0):
        assert post_backlog(api, backlog_of(total=100, items_over_sla=over_sla))["status"] == 201
    state = at_minute(api, 0)["state"]
    assert (state["level"], state["components"]["backlog"]) == (expected, expected)


def test_data_that_stopped_are_stale_not_ok(api):
    """The default rhythm is a quarter of an hour: after three of them, 45 minutes, the feed is silent."""
    ready(api, agents=10)
    assert level(api, 44) == "ok"
    state = at_minute(api, 46)["state"]
    assert state["level"] == "stale"
    assert state["reasons"] == [{"code": "feed_stale", "value": 2760.0, "limit": 2700.0, "level": "stale"}]


def test_between_two_rounds_the_current_figure_does_not_contradict_its_quality(api):
    ready(api, agents=10)
    at_minute(api, 40)
    with clock(46):
        found = figure(api, **SUPPORT)
    assert (found["quality"], found["state"]["level"], found["state"]["since"]) == ("stale", "stale", at(45))
    assert [reason["code"] for reason in found["state"]["reasons"]] == ["feed_stale"]


def test_where_nothing_is_known_the_state_is_unknown(api):
    state = at_minute(api, 0)["state"]
    assert (state["level"], [reason["code"] for reason in state["reasons"]]) == ("unknown", ["no_data"])


def test_a_quiet_night_is_healthy(api):
    """Forecast 0, nobody calls, two agents wait: nothing is wrong with it."""
    with clock(0):
        nothing = dict.fromkeys(("offered", "answered", "answered_in_target", "handle_seconds", "wait_seconds"), 0)
        post_all(api, *(interval(minutes=minutes, agents=2, **nothing) for minutes in (-60, -30)))
        post_forecast(api, *(forecast(minutes=minutes, offered=0) for minutes in (-60, -30, 0, 30)))
        found = compute(api, **SUPPORT)
        above = compute(api)
    assert (found["headcount_gap"]["required"], found["headcount_gap"]["status"]) == (0, "overstaffed")
    assert found["state"]["level"] == "ok"
    for each in (found, above):
        assert (each["health_score"], each["health"]["cap_reason"]) == (100.0, None)


def test_health_is_capped_by_the_state(api):
    """Nobody is there; without the cap it were .5 * 100 (no risk) + .3 * 0 and .2 * occupancy."""
    ready(api, agents=7)
    for minutes in range(11):
        found = at_minute(api, minutes)
    health = found["health"]
    assert 0.5 * health["sla"] + 0.3 * health["staffing"] + 0.2 * health["utilization"] > 40
    assert (found["health_score"], health["cap_reason"]) == (40.0, "critical")


# --- everywhere the same ---------------------------------------------------------------------------------------------
def test_tile_history_and_table_show_one_state(api):
    ready(api, agents=0)
    at_minute(api, 0)
    told = at_minute(api, 1)["state"]
    with clock(1):
        current = api.get(CURRENT, SUPPORT).json()["current"]["state"]
        [within] = [each for each in api.get(CURRENT).json()["within"] if each.get("queue_name") == "support"]
        history = [item["state"] for item in api.get(HISTORY, SUPPORT).json()["items"]]
        text = api.get(HISTORY, {**SUPPORT, "format": "csv"}).getvalue().decode()
    assert current == within["state"] == history[-1] == told
    row = list(csv.DictReader(io.StringIO(text)))[-1]
    assert (row["state.level"], row["state.since"]) == (told["level"], told["since"])
    assert {name: row[f"state.components.{name}"] for name in told["components"]} == {
        name: found or "" for name, found in told["components"].items()
    }


def test_the_table_of_a_level_counts_its_queues(api):
    ready(api, agents=0)
    with clock(0):
        compute(api)
        text = api.get(HISTORY, {"format": "csv"}).getvalue().decode()
    [row] = csv.DictReader(io.StringIO(text))
    counts = {name: row[f"state.queues.{name}"] for name in ("ok", "at_risk", "critical", "stale", "closed", "unknown")}
    assert counts == {"ok": "0", "at_risk": "0", "critical": "1", "stale": "0", "closed": "0", "unknown": "2"}


# --- above queues ----------------------------------------------------------------------------------------------------
def test_a_level_is_as_its_worst_queue_and_names_the_worst(api):
    ready(api, agents=0)
    ready(api, "billing", agents=10)
    for scope in (DEPARTMENT, {}):
        with clock(0):
            state = compute(api, **scope)["state"]
        assert (state["level"], state["worst"]) == ("critical", ["support", "sales"])
        assert state["queues"] == {"ok": 1, "at_risk": 0, "critical": 1, "stale": 0, "closed": 0, "unknown": 1}
        assert state["reasons"][0]["code"] == "nobody_there"
    assert "queues" not in at_minute(api, 0)["state"]


def test_at_most_five_names_are_told(api, organization):
    names = [f"queue_{number}" for number in range(7)]
    add_queues(organization, [("dept_789", name) for name in names])
    for name in names:
        ready(api, name, agents=0)
    state = at_minute(api, 0, department_id="dept_789")["state"]
    assert (state["queues"]["critical"], state["worst"]) == (7, names[:5])


def test_a_level_is_closed_only_if_all_of_it_is(api, organization):
    """On a Saturday."""
    add_queues(organization, [("dept_789", "claims"), ("dept_789", "returns")])
    for name in ("claims", "returns"):
        scope = Scope.objects.get(queue_name=name)
        services.save_queue_settings(QueueSettings(scope=scope, opening_hours="Mon-Fri 08:00-18:00"), now=TEN)
    ready(api, agents=10)
    assert at_minute(api, 0, department_id="dept_789")["state"]["level"] == "closed"
    with clock(0):
        found = compute(api)["state"]
    assert (found["level"], found["queues"]["closed"], found["queues"]["ok"]) == ("unknown", 2, 1)


# --- thresholds ------------------------------------------------------------------------------------------------------
def organization_settings(organization, **limits):
    settings = OrganizationSettings(organization=organization, staffing_minutes=0, **limits)
    services.save_organization_settings(settings, now=TEN)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({}, "critical", id="30 % short, 20 % by default"),
        pytest.param({"critical_shortage": 31}, "at_risk", id="31 %"),
        pytest.param({"critical_shortage": 50, "at_risk_shortage": 40}, "ok", id="40 % and 50 %"),
        pytest.param({"critical_shortage": 30}, "critical", id="the limit belongs to the level"),
    ],
)
def test_an_organization_has_its_own_thresholds(api, organization, limits, expected):
    organization_settings(organization, **limits)
    ready(api, agents=7)
    state = at_minute(api, 0)["state"]
    assert state["level"] == expected
    if expected != "ok":
        name = "critical_shortage" if expected == "critical" else "at_risk_shortage"
        assert state["reasons"][0]["limit"] == limits.get(name, 20 if expected == "critical" else 10)


def test_a_queue_overrides_the_thresholds_of_its_organization(api, organization):
    organization_settings(organization)
    scope = Scope.objects.get(queue_name="support")
    services.save_queue_settings(QueueSettings(scope=scope, critical_shortage=60, at_risk_shortage=50), now=TEN)
    ready(api, agents=7)
    ready(api, "billing", agents=7)
    with clock(0):
        compute(api)
        assert figure(api, **SUPPORT)["state"]["level"] == "ok"
        assert figure(api, queue_name="billing")["state"]["level"] == "critical"


@pytest.fixture
def boss(client, organization):
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def test_thresholds_are_set_in_the_admin_and_count_at_once(boss, api, organization):
    organization_settings(organization)
    ready(api, agents=7)
    assert level(api, 0) == "critical"
    page = reverse("admin:kpi_organizationsettings_change", args=["org_123"])
    form = boss.get(page).context["adminform"].form
    typed = {name: value for name, value in form.initial.items() if value is not None}
    assert (typed["critical_outlook"], typed["at_risk_compliance"], typed["recovery_minutes"]) == (85, 90, 5)
    answer = boss.post(page, typed | {"critical_shortage": "50", "at_risk_shortage": "40"})
    assert answer.status_code == 302
    row = OrganizationSettings.objects.get()
    assert (row.critical_shortage, row.at_risk_shortage) == (50, 40)
    assert level(api, 1) == "critical"  # until five minutes have passed on the healthy side
    assert [level(api, minutes) for minutes in range(2, 8)][-1] == "ok"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("at_risk_outlook", "90", "At most 85"),
        ("at_risk_points", "21", "At most 20"),
        ("critical_compliance", "95", "At most 90"),
        ("critical_shortage", "101", "less than or equal to 100"),
        ("staffing_minutes", "-1", "greater than or equal to 0"),
        ("recovery_minutes", "61", "less than or equal to 60"),
        ("critical_outlook", "1.000", "may be read in two ways"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(boss, organization, name, value, said):
    organization_settings(organization)
    page = reverse("admin:kpi_organizationsettings_change", args=["org_123"])
    typed = {key: known for key, known in boss.get(page).context["adminform"].form.initial.items() if known is not None}
    answer = boss.post(page, typed | {name: value})
    assert answer.status_code == 200
    assert said in str(answer.context["adminform"].form.errors)
