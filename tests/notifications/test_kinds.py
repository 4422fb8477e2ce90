"""PagerDuty and ntfy get what their documentation asks for; every kind stands in one table."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

from alerts.evaluation.changes import Actor
from alerts.models import Notification
from alerts.notifications import channel_services, kinds
from alerts.notifications.kinds import ntfy, pagerduty
from alerts.notifications.models import Channel, Route
from alerts.notifications.services import try_channel
from alerts.services import Caller, acknowledge, resolve
from intraday.org.models import Organization
from tests.alerts.world import at
from tests.notifications.conftest import outcomes, send
from tests.notifications.receiver import Receiver, receiver

ROUTING_KEY = "R0UT1NGKEY0123456789abcdef012345"
TOKEN = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"
OMAR = Caller("org_123", Actor("omar"))
ADD = reverse("admin:outgoing_channel_add")


def made(organization: Organization, kind: str, url: str, secret: str = "") -> Channel:
    channel = Channel(organization=organization, name=kind, kind=kind)
    channel_services.enter(channel, address=url, secret=secret)
    channel_services.save_channel(channel)
    channel_services.save_route(Route(organization=organization, to=kind, minimum_severity="low"))
    return channel


def bodies(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in hook.requests]


def test_a_pager_is_triggered_acknowledged_and_resolved_under_one_key(world, organization, settings):
    settings.BASE_URL = "https://console.example"
    with receiver(status=202) as hook:
        made(organization, "pagerduty", hook.url, ROUTING_KEY)
        world.rule(name="busy")
        world.judge(95, 0)
        send(at(5))
        acknowledge(caller=OMAR, alert_id=world.alert.pk, now=at(10))
        send(at(15))
        resolve(caller=OMAR, alert_id=world.alert.pk, now=at(20))
        send(at(25))
    triggered, acknowledged, resolved = bodies(hook)
    key = {"routing_key": ROUTING_KEY, "dedup_key": str(world.alert.pk)}
    assert acknowledged == key | {"event_action": "acknowledge"}
    assert resolved == key | {"event_action": "resolve"}
    assert triggered.items() >= (key | {"event_action": "trigger"}).items()
    assert triggered["client_url"] == f"https://console.example/alerts/{world.alert.pk}"
    payload = triggered["payload"]
    assert payload.keys() >= {"summary", "source", "severity", "timestamp", "class", "custom_details"}
    assert payload["summary"] == "[high] support: occupancy is 95 % (over 90 %)"
    assert (payload["source"], payload["severity"]) == ("org_123 / dept_456 / support", "error")
    assert payload["custom_details"]["Threshold"] == "90 %"


def test_nobody_is_told_of_an_acknowledgement_but_who_hears_it(world, organization, channel, person, route):
    person("sam")
    route("sam")
    with receiver() as hook:
        channel(hook.url)
        world.rule()
        world.judge(95, 0)
        send(at(5))
        acknowledge(caller=OMAR, alert_id=world.alert.pk, now=at(10))
        send(at(15))
    assert len(hook.requests) == 1
    assert [each.transition for each in Notification.objects.all()] == ["triggered"]


def test_an_alert_that_no_pager_was_told_of_is_not_acknowledged_there(world, organization):
    with receiver(status=202) as hook:
        made(organization, "pagerduty", hook.url, ROUTING_KEY)
        world.rule()
        world.judge(95, 0)
        acknowledge(caller=OMAR, alert_id=world.alert.pk, now=at(1))
        send(at(5))
    assert hook.requests == []


def test_an_acknowledgement_that_was_overtaken_is_dropped(world, organization):
    with receiver(status=202) as hook:
        made(organization, "pagerduty", hook.url, ROUTING_KEY)
        world.rule()
        world.judge(95, 0)
        send(at(5))
        acknowledge(caller=OMAR, alert_id=world.alert.pk, now=at(10))
        resolve(caller=OMAR, alert_id=world.alert.pk, now=at(11))
        send(at(15))
    assert [each["event_action"] for each in bodies(hook)] == ["trigger", "resolve"]


@pytest.mark.parametrize(
    ("severity", "expected", "priority"),
    [("low", "info", 2), ("medium", "warning", 3), ("high", "error", 4), ("critical", "critical", 5)],
)
def test_severities_have_their_words_and_priorities(severity: str, expected: str, priority: int):
    assert pagerduty.SEVERITIES[severity] == expected
    assert ntfy.PRIORITIES[severity] == priority


def test_a_phone_gets_title_priority_tags_and_the_link(world, organization, settings):
    settings.BASE_URL = "https://console.example"
    with receiver() as server:
        made(organization, "ntfy", server.url.replace("/hook", "/floor-7"), TOKEN)
        world.rule(name="später & <busy>", severity="critical")
        world.judge(95, 0)
        send(at(5))
        resolve(caller=OMAR, alert_id=world.alert.pk, now=at(10))
        send(at(15))
    (headers, _), _ = server.requests
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert server.paths == ["/", "/"]
    fired, over = bodies(server)
    assert (fired["topic"], fired["priority"]) == ("floor-7", 5)
    assert fired["title"] == "[critical] support: occupancy is 95 % (over 90 %)"
    assert "Rule: später & <busy>" in fired["message"].splitlines()
    assert fired["tags"] == ["rotating_light", "critical"]
    assert fired["click"] == f"https://console.example/alerts/{world.alert.pk}"
    assert (over["priority"], over["tags"]) == (3, ["white_check_mark", "critical"])


def test_a_topic_without_a_token_is_published_to_without_one(world, organization):
    with receiver() as server:
        made(organization, "ntfy", server.url)
        world.rule()
        world.judge(95, 0)
        send(at(5))
    [(headers, _)] = server.requests
    assert "authorization" not in headers
    assert "x-intraday-signature" not in headers


def test_a_refusal_stands_in_the_history(world, organization):
    with receiver(status=400) as hook:
        made(organization, "pagerduty", hook.url, ROUTING_KEY)
        world.rule()
        world.judge(95, 0)
        send(at(5))
    assert outcomes() == {"pagerduty": ("failed", "answered 400")}


@pytest.mark.parametrize("kind", ["pagerduty", "ntfy"])
def test_private_networks_are_refused_to_every_kind(organization, settings, kind: str):
    settings.WEBHOOK_PRIVATE = False
    with receiver() as hook:
        sent = try_channel(made(organization, kind, hook.url, ROUTING_KEY), now=at(0))
        assert hook.requests == []
    assert not sent.succeeded
    assert "private network" in sent.detail


def test_addresses_and_secrets_are_encrypted_in_the_database(organization):
    made(organization, "pagerduty", "", ROUTING_KEY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM outgoing_channel")
        [row] = cursor.fetchall()
    assert ROUTING_KEY not in str(row)
    assert "pagerduty.com" not in str(row)
    channel = Channel.objects.get()
    assert (channel.secret, channel.address) == (ROUTING_KEY, pagerduty.ENQUEUE)


# --- the form --------------------------------------------------------------------------------------------------------
@pytest.fixture
def owner(client: Client, organization: Organization) -> Client:
    client.force_login(get_user_model().objects.create_superuser("rosa"))
    return client


def filled(kind: str, **changed: str) -> dict[str, str]:
    return {"organization": "org_123", "name": "ops", "kind": kind, "enabled": "on", **changed}


def test_the_form_takes_a_pager_by_its_key_alone_and_shows_the_key_no_more(owner):
    answer = owner.post(ADD, filled("pagerduty", secret=ROUTING_KEY), follow=True)
    assert answer.status_code == 200
    channel = Channel.objects.get()
    assert (channel.address, channel.secret) == (pagerduty.ENQUEUE, ROUTING_KEY)
    page = owner.get(reverse("admin:outgoing_channel_change", args=[channel.pk])).content.decode()
    assert ROUTING_KEY not in page
    assert f"…{ROUTING_KEY[-4:]}" in page


def test_a_secret_that_is_left_empty_stays_and_a_new_one_replaces_it(owner):
    owner.post(ADD, filled("ntfy", address="https://ntfy.example/floor", secret=TOKEN))
    change = reverse("admin:outgoing_channel_change", args=[Channel.objects.get().pk])
    owner.post(change, {"name": "ops", "enabled": "on"})
    assert Channel.objects.get().secret == TOKEN
    owner.post(change, {"name": "ops", "enabled": "on", "secret": "tk_other"})
    assert Channel.objects.get().secret == "tk_other"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (filled("pagerduty"), "PagerDuty needs the integration key"),
        (filled("slack", address="https://hooks.example/x", secret="s"), "take no secret"),
        (filled("webhook", address="https://hooks.example/x", secret="s"), "take no secret"),
        (filled("mail", address="ops@example.com", secret="s"), "take no secret"),
        (filled("ntfy"), "Expected an address such as"),
        (filled("fax", address="https://hooks.example/x"), "Select a valid choice"),
    ],
)
def test_a_channel_without_what_its_kind_needs_is_refused(owner, body: dict[str, str], said: str):
    assert said in owner.post(ADD, body).content.decode()
    assert not Channel.objects.exists()


def test_every_kind_is_offered_by_the_form(owner):
    page = owner.get(ADD).content.decode()
    assert all(f'<option value="{name}"' in page for name, _ in kinds.choices())
