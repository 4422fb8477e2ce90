"""`manage.py notify`: channels and routes by scripts, checked as in the admin."""

import io
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from alerts.notifications.models import Channel, Route
from intraday.audit.models import AuditEntry
from intraday.org.models import Organization
from tests.notifications.receiver import receiver

HOOK = "https://hooks.example/T0/secret-part"
SLACK = ("channel", "ops", "--kind", "slack", "--address")


def run(*words: str) -> str:
    out = StringIO()
    call_command("notify", *words, "--organization", "org_123", stdout=out, stderr=StringIO())
    return out.getvalue()


def test_setting_a_channel_and_a_route_again_changes_them_and_makes_no_others(organization: Organization):
    for severity in ("high", "low"):
        run(*SLACK, HOOK)
        run("route", "ops", "--severity", severity, "--queue", "support")
    assert Channel.objects.get().address == HOOK
    assert Route.objects.get().minimum_severity == "low"
    run("route", "ops", "--severity", "critical")
    assert Route.objects.count() == 2
    run("channel", "ops", "--disabled")
    channel = Channel.objects.get()
    assert (channel.enabled, channel.address) == (False, HOOK)
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"channel.saved", "route.saved"}


def test_the_list_shows_no_address(organization: Organization):
    run(*SLACK, HOOK)
    run("route", "supervisor", "--disabled")
    assert [line.split() for line in run("list").splitlines()] == [
        ["slack", "enabled", "ops"],
        ["route", "disabled", "supervisor:", "high", "and", "graver"],
    ]


def test_an_address_is_read_from_standard_input_and_the_secret_of_a_webhook_is_all_that_is_printed(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{HOOK}\nnot this\n"))
    printed = run("channel", "program", "--kind", "webhook", "--address", "-")
    channel = Channel.objects.get()
    assert channel.address == HOOK
    assert printed == f"{channel.secret}\n"


def test_a_test_reaches_the_channel_or_says_what_it_met_with(organization: Organization, settings: object):
    with receiver() as slack:
        run(*SLACK, slack.url)
        assert "ops: " in run("test", "ops")
        slack.status = 404
        with pytest.raises(CommandError, match="ops: answered 404"):
            run("test", "ops")
    assert len(slack.requests) == 2


def test_what_is_removed_is_gone(organization: Organization):
    run(*SLACK, HOOK)
    run("route", "ops")
    run("remove-route", "ops")
    run("remove-channel", "ops")
    assert run("list") == ""
    with pytest.raises(CommandError, match="No route of this place leads to 'ops'"):
        run("remove-route", "ops")
    with pytest.raises(CommandError, match="no channel 'ops'; there are: none"):
        run("remove-channel", "ops")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*SLACK, "ftp://hooks.example"), "address: Expected an address such as"),
        (("channel", "ops", "--address", HOOK), "kind: This field is required"),
        (("channel", "supervisor", "--kind", "slack", "--address", HOOK), "name: This is the name of a role"),
        (("channel", "pager", "--kind", "pagerduty"), "secret: PagerDuty needs"),
        (("channel", "there", "--kind", "mail"), "'there' is of the kind slack"),
        (("route", "nobody"), "to: Select a valid choice"),
        (("route", "there", "--queue", "unknown"), "queue_name: Select a valid choice"),
    ],
)
def test_what_the_admin_refuses_is_refused_and_changes_nothing(
    organization: Organization, words: tuple[str, ...], said: str
):
    run("channel", "there", "--kind", "slack", "--address", HOOK)
    with pytest.raises(CommandError, match=said):
        run(*words)
    assert Channel.objects.get().kind == "slack"
    assert not Route.objects.exists()


def test_an_unknown_organization_is_said(db: None):
    with pytest.raises(CommandError, match="no organization 'org_123'"):
        run("list")
