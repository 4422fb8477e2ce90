"""The rules that an organization starts with."""

import math
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from alerts import rule_services, selectors, services
from alerts.default_rules import DEFAULT_RULES
from alerts.models import Rule, RuleState
from alerts.rules.catalogue import CATALOGUE
from intraday.org.models import Organization, Role
from tests.access.people import browser_of, person
from tests.alerts.world import OWNER, TEN, World, at

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def test_every_default_rule_is_valid_and_says_what_it_means(organization: Organization):
    made = services.install_rules(organization=organization, now=timezone.now())
    words = {rule["name"]: rule["in_words"] for rule in selectors.rules(organization)}
    assert words.keys() == {rule.name for rule in made}
    assert words["Occupancy too high"] == (
        "For each queue: when occupancy is over 92 % for 10 min, raise a high alert. "
        "It is over after 1 h at most 88 %. After 15 min unattended, tell supervisor."
    )
    assert words["Backlog growing"] == (
        "For each queue: when backlog trend is growing for 30 min, raise a medium alert. "
        "It is over after 10 min within bounds."
    )


def test_every_default_rule_has_its_entry_in_the_runbook(organization: Organization):
    headings = {line.removeprefix("## ") for line in RUNBOOK.read_text().splitlines() if line.startswith("## ")}
    made = services.install_rules(organization=organization, now=timezone.now())
    linked = {rule.runbook.partition("#")[2] for rule in made}
    assert linked == headings


def test_the_link_of_an_alert_leads_to_its_entry_on_a_page(organization: Organization):
    browser = browser_of(person("vera", organization, Role.VIEWER))
    for rule in services.install_rules(organization=organization, now=timezone.now()):
        address, _, anchor = rule.runbook.partition("#")
        assert f'<h2 id="{anchor}">{anchor}</h2>' in browser.get(address).content.decode()


def test_what_was_installed_once_is_not_installed_again(organization: Organization, capsys: pytest.CaptureFixture[str]):
    call_command("rules", "install", organization="org_123")
    count = Rule.objects.count()
    assert len(capsys.readouterr().out.splitlines()) == count
    rule = Rule.objects.get(name="No-show")
    rule_services.delete_rule(organization=organization, rule_id=rule.pk, actor=OWNER, now=timezone.now())
    call_command("rules", "install", organization="org_123")
    assert Rule.objects.count() == count
    assert capsys.readouterr().out.startswith("Nothing to add")


def test_for_an_organization_that_is_not_there_nothing_is_installed(db: None):
    with pytest.raises(CommandError, match="bootstrap"):
        call_command("rules", "install", organization="org_1")


# --- each default rule against figures --------------------------------------------------------------------------------
def kpi(**fields: Any) -> dict[str, Any]:
    """A calm figure, with these fields instead."""
    calm: dict[str, Any] = {
        "utilization": {"occupancy": 80.0},
        "headcount_gap": {"gap_percent": 0.0, "short_percent": 0.0, "status": "balanced"},
        "sla_risk": {"risk_score": 10.0, "outlook_risk": 10.0, "target_service_level": 80.0},
        "service": {"service_level": 85.0, "volume_variance_percent": 1.0, "day_forecast": 400.0},
        "state": {"level": "ok", "components": dict.fromkeys(("service", "staffing", "backlog", "volume"), "ok")},
        "quality": "ok",
        "latest": True,
    }
    for name, value in fields.items():
        calm[name] = {**calm[name], **value} if isinstance(value, dict) else value
    return calm


def component(name: str, level: str | None) -> dict[str, Any]:
    return {"state": {"level": level or "ok", "components": {name: level}}}


SHORT = "headcount_gap"
# The figure, for how many minutes it goes on, and what fires.
FIRES: dict[str, tuple[dict[str, Any], int, set[str]]] = {
    "calm": ({}, 60, set()),
    "occupied": ({"utilization": {"occupancy": 92.1}}, 10, {"Occupancy too high"}),
    "occupied, not for long enough": ({"utilization": {"occupancy": 92.1}}, 9, set()),
    "short": ({SHORT: {"short_percent": 10.0}}, 10, {"Understaffed"}),
    "very short": ({SHORT: {"short_percent": 20.0}}, 10, {"Understaffed", "Critically understaffed"}),
    "short within the dead-band": ({SHORT: {"short_percent": 0.0, "gap_percent": -33.0}}, 60, set()),
    "outlook bad": ({"sla_risk": {"outlook_risk": 65.0}}, 10, {"Service level at risk"}),
    "only this interval is lost by chance": ({"sla_risk": {"risk_score": 99.0}}, 60, set()),
    "service critical": (component("service", "critical"), 0, {"Service level will be missed"}),
    "service at risk": (component("service", "at_risk"), 60, set()),
    "volume off": ({"service": {"volume_variance_percent": 15.1}}, 15, {"Volume off forecast"}),  # 3/sqrt(400) = 15 %
    "volume off within chance": ({"service": {"volume_variance_percent": 14.9}}, 60, set()),
    "volume off, downwards": ({"service": {"volume_variance_percent": -15.1}}, 15, {"Volume off forecast"}),
    "volume off of a large day": (
        {"service": {"volume_variance_percent": 12.1, "day_forecast": 10_000.0}},
        15,
        {"Volume off forecast"},
    ),
    "volume gone": ({**component("volume", "critical"), "quality": "suspect"}, 0, {"Volume far below forecast"}),
}


@pytest.mark.parametrize(("figure", "minutes", "fires"), FIRES.values(), ids=FIRES)
def test_figures_that_default_rules_fire_on(world: World, figure: dict[str, Any], minutes: int, fires: set[str]):
    services.install_rules(organization=world.organization, now=TEN)
    for minute in range(minutes + 1):
        world.kpi.show(world.scope(), at(60 * minute), kpi(**figure))
        world.again(60 * minute)
    assert {alert.rule_name for alert in world.alerts} == fires


def test_a_figure_of_before_this_version_fires_nothing_new_and_breaks_nothing(world: World):
    """Stored figures lack the state, the outlook, and the forecast of the day."""
    services.install_rules(organization=world.organization, now=TEN)
    old = kpi()
    del old["state"], old["sla_risk"]["outlook_risk"], old["service"]["day_forecast"], old[SHORT]["short_percent"]
    for minute in range(30):
        world.kpi.show(world.scope(), at(60 * minute), old)
        world.again(60 * minute)
    assert world.alerts == []
    assert not RuleState.objects.filter(data="error").exists()


@pytest.mark.parametrize(
    ("variance", "forecast", "points"),
    [
        (12.0, 10_000.0, 0.0),  # the larger of 12 % and 3 %
        (-20.0, 400.0, 5.0),  # 3/sqrt(400) = 15 %
        (60.0, 30.0, 60.0 - 300 / math.sqrt(30)),
        (90.0, 29.9, None),
        (None, 400.0, None),
        (90.0, None, None),
    ],
)
def test_how_far_the_volume_is_off_beyond_chance(variance: float | None, forecast: float | None, points: float | None):
    metric = CATALOGUE["schedule", "service.volume_off_points"]
    found = metric.read({"service": {"volume_variance_percent": variance, "day_forecast": forecast}})
    assert found == (None if points is None else pytest.approx(points))


@pytest.mark.parametrize(
    ("level", "read"),
    [("ok", "ok"), ("at_risk", "at_risk"), ("critical", "critical")]
    + [(level, None) for level in ("stale", "closed", "unknown", None)],
)
def test_of_a_state_only_what_was_judged_counts(level: str | None, read: str | None):
    assert CATALOGUE["kpi", "state.level"].read({"state": {"level": level}}) == read


def test_one_broken_line_is_notified_once_at_the_highest_level(world: World):
    """The organization, its department and two queues are far below forecast: four records, one message."""
    services.install_rules(organization=world.organization, now=TEN)
    lost = kpi(**component("volume", "critical"), quality="suspect")
    for queue, department in [("support", "dept_456"), ("billing", "dept_456"), ("", "dept_456"), ("", "")]:
        world.kpi.show(world.scope(queue, department), at(0), lost)
    world.again(0)
    notified = {str(alert.scope): not alert.suppressed for alert in world.alerts}
    assert len(notified) == 4
    assert [scope for scope, is_notified in notified.items() if is_notified] == ["org_123"]


def test_renewed_rules_are_those_of_this_version(organization: Organization, capsys: pytest.CaptureFixture[str]):
    """An organization that installed the rules of an earlier version gets no second rule for the same matter."""
    old = {"name": "Service level at risk", "alert_type": "sla_risk", "source": "kpi"}
    old |= {"metric": "sla_risk.risk_score", "operator": ">=", "threshold": 65, "clear_threshold": 55}
    services.install_rules(organization=organization, now=timezone.now(), rules=[{**old, "severity": "high"}])
    call_command("rules", "install", organization="org_123")
    assert Rule.objects.get(name="Service level at risk").metric == "sla_risk.risk_score"
    names = list(Rule.objects.values_list("name", flat=True))
    assert len(names) == len(set(names)) == len(DEFAULT_RULES)
    capsys.readouterr()
    call_command("rules", "install", "--renew", organization="org_123")
    assert capsys.readouterr().out == "high      Service level at risk (renewed)\n"
    assert Rule.objects.get(name="Service level at risk").metric == "sla_risk.outlook_risk"
    call_command("rules", "install", "--renew", organization="org_123")
    assert capsys.readouterr().out.startswith("Nothing to add")
