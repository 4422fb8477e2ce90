"""The rules that an organization starts with."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from alerts import editing, selectors, services
from alerts.models import Rule
from intraday.org.models import Organization, Role
from tests.access.people import browser_of, person
from tests.alerts.world import OWNER

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def test_every_rule_of_the_pack_is_valid_and_says_what_it_means(organization: Organization):
    made = services.install_rules(organization=organization, now=timezone.now())
    words = {rule["name"]: rule["in_words"] for rule in selectors.rules(organization)}
    assert words.keys() == {rule.name for rule in made}
    assert words["Occupancy too high"] == (
        "For each queue: when occupancy is over 92 % for 10 min, raise a high alert. "
        "It is over after 30 min at most 88 %. After 15 min unattended, tell supervisor."
    )
    assert words["Backlog growing"] == (
        "For each queue: when backlog trend is growing for 30 min, raise a medium alert. "
        "It is over after 10 min within bounds."
    )


def test_every_rule_of_the_pack_has_its_entry_in_the_runbook(organization: Organization):
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
    editing.delete_rule(organization=organization, rule_id=rule.pk, actor=OWNER, now=timezone.now())
    call_command("rules", "install", organization="org_123")
    assert Rule.objects.count() == count


def test_for_an_organization_that_is_not_there_nothing_is_installed(db: None):
    with pytest.raises(CommandError, match="bootstrap"):
        call_command("rules", "install", organization="org_1")
