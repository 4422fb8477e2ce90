"""Channels and routes as a person fills them in, and tests sent from there."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.urls import reverse

from alerts.notifications.models import Channel, Route
from intraday.org.models import Organization
from tests.notifications.receiver import receiver

CHANNELS = reverse("admin:outgoing_channel_changelist")
ADD_CHANNEL = reverse("admin:outgoing_channel_add")
ADD_ROUTE = reverse("admin:outgoing_route_add")


@pytest.fixture
def owner(client: Client, organization: Organization) -> Client:
    client.force_login(get_user_model().objects.create_superuser("rosa"))
    return client


def text(answer):
    return " ".join(answer.content.decode().split())


def fields(**changed):
    whole = {"organization": "org_123", "name": "ops", "kind": "webhook", "enabled": "on"}
    return {**whole, "address": "https://hooks.example/T0/secret-part", **changed}


def test_a_secret_is_shown_once_and_the_address_never(owner):
    shown = text(owner.post(ADD_CHANNEL, fields(), follow=True))
    channel = Channel.objects.get()
    assert channel.secret in shown
    assert "hooks.example/…" in shown
    change = reverse("admin:outgoing_channel_change", args=[channel.pk])
    for page in (change, CHANNELS):
        again = text(owner.get(page))
        assert channel.secret not in again
        assert "secret-part" not in again


def test_an_empty_address_keeps_the_one_that_is_there(owner):
    owner.post(ADD_CHANNEL, fields())
    change = reverse("admin:outgoing_channel_change", args=[Channel.objects.get().pk])
    assert owner.post(change, {"name": "night", "address": "", "enabled": "on"}).status_code == 302
    channel = Channel.objects.get()
    assert (channel.name, channel.address) == ("night", "https://hooks.example/T0/secret-part")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "supervisor"}, "This is the name of a role: choose another one."),
        ({"address": "ftp://hooks.example"}, "Expected an address such as"),
        ({"address": "https://me:pw@hooks.example"}, "without a user name in it"),
        ({"address": ""}, "Expected an address such as"),
        ({"address": "https://a]b/"}, "Expected an address such as"),  # one library reads it, the other does not
        ({"address": "https://[a/"}, "Expected an address such as"),
        ({"address": "https://x[y]z/"}, "Expected an address such as"),
        ({"kind": "mail"}, "Enter a valid email address."),
    ],
)
def test_a_channel_that_leads_nowhere_is_refused(owner, changed, said):
    assert said in text(owner.post(ADD_CHANNEL, fields(**changed)))
    assert not Channel.objects.exists()


def test_a_name_is_one_channel_s(owner):
    owner.post(ADD_CHANNEL, fields())
    assert "already exists" in text(owner.post(ADD_CHANNEL, fields()))


def test_a_renewed_secret_is_another(owner):
    owner.post(ADD_CHANNEL, fields())
    before = Channel.objects.get()
    chosen = {"_selected_action": [str(before.pk)], "action": "renew_secret"}
    shown = text(owner.post(CHANNELS, chosen, follow=True))
    after = Channel.objects.get()
    assert after.secret != before.secret
    assert after.secret in shown


def test_a_route_leads_to_roles_channels_and_people_of_the_organization(owner, person):
    owner.post(ADD_CHANNEL, fields())
    person("sam")
    shown = text(owner.get(ADD_ROUTE))
    for name in ("supervisor", "ops", "sam"):
        assert f'<option value="{name}">' in shown
    body = {"organization": "org_123", "to": "ops", "minimum_severity": "high", "queue_name": "support"}
    assert owner.post(ADD_ROUTE, body).status_code == 302
    assert str(Route.objects.get()) == "ops: high and graver of support"
    assert "Select a valid choice" in text(owner.post(ADD_ROUTE, {**body, "to": "nobody"}))


def test_a_test_of_a_channel_says_what_came_of_it(owner, channel):
    with receiver() as well, receiver(hangs=True) as stuck:
        chosen = [channel(well.url, "well").pk, channel(stuck.url, "stuck").pk]
        answer = owner.post(CHANNELS, {"_selected_action": chosen, "action": "send_test"}, follow=True)
    said = [str(each) for each in answer.context["messages"]]
    assert sorted(said) == ["stuck: no answer within 2 s.", "well: answered 200."]
    assert b'"transition":"test"' in well.requests[0][1]


def test_a_test_of_a_rule_goes_to_all_whom_its_alerts_may_reach(owner, world, channel, person, route):
    person("sam")
    person("boss", "admin")
    with receiver() as hook, receiver() as other:
        channel(hook.url)
        channel(other.url, "critical only", minimum_severity="critical")
        rule = world.rule(name="busy", escalation=[{"after_seconds": 300, "to": "admin"}])
        shown = text(owner.post(reverse("admin:alerts_rule_test", args=[rule.pk])))
    assert re.search("<td>ops</td><td>yes</td><td>answered 200</td>", shown)
    assert "<td>boss (admin)</td><td>yes</td>" in shown
    assert [message.to for message in mail.outbox] == [["boss@example.com"]]
    assert mail.outbox[0].subject == "[test] org_123: occupancy is 90 % (over 90 %)"
    assert len(hook.requests) == 1
    assert other.requests == []


def test_a_test_that_reaches_nobody_says_so(owner, world):
    rule = world.rule()
    assert "Nobody: no route" in text(owner.post(reverse("admin:alerts_rule_test", args=[rule.pk])))
