"""Webhooks: what receivers get, and what they can do to us, which is nothing."""

import hashlib
import hmac
import json
import socket

import pytest
from django.core import mail

from alerts.evaluation.changes import Actor
from alerts.models import AlertAudit, Notification
from alerts.notifications import addresses, channel_services, services
from alerts.notifications.models import Channel, Delivery, Route
from alerts.services import Caller, resolve
from tests.access.people import browser_of
from tests.access.people import person as a_person
from tests.alerts.world import World, at
from tests.notifications.conftest import outcomes, send
from tests.notifications.receiver import receiver


def fire(world, **fields):
    world.rule(**fields)
    world.judge(95, 0)


def test_a_webhook_gets_the_alert_signed(world, channel, settings):
    settings.BASE_URL = "https://console.example"
    with receiver() as hook:
        made = channel(hook.url)
        fire(world, name="busy")
        send(at(5))
    [(headers, body)] = hook.requests
    said = json.loads(body)
    assert said["transition"] == "triggered"
    assert said["link"] == f"https://console.example/alerts/{world.alert.pk}"
    assert said["alert"]["alert_id"] == str(world.alert.pk)
    assert (said["alert"]["current_value"], said["alert"]["threshold_value"]) == (95, 90)
    assert said["delivery_id"] == headers["x-intraday-delivery"] == str(Delivery.objects.get().pk)
    # as a receiver would verify it
    parts = dict(part.split("=", 1) for part in headers["x-intraday-signature"].split(","))
    expected = hmac.new(made.secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, parts["v1"])
    assert int(parts["t"]) == int(at(5).timestamp())


def test_a_webhook_names_the_request_that_changed_the_alert(world, channel):
    with receiver() as hook:
        channel(hook.url)
        fire(world)
        send(at(5))
        omar = Caller("org_123", Actor("omar", request_id="shift-lead-7"))
        resolve(caller=omar, alert_id=world.alert.pk, now=at(10))
        send(at(15))
    [judged, resolved] = [headers for headers, _ in hook.requests]
    assert "x-request-id" not in judged
    assert resolved["x-request-id"] == "shift-lead-7"


def test_slack_and_teams_get_what_they_understand(world, channel):
    with receiver() as slack, receiver() as teams:
        channel(slack.url, "slack", "slack")
        channel(teams.url, "teams", "teams")
        fire(world, name="<busy> & co")
        send(at(0))
    said = json.loads(slack.requests[0][1])
    assert said["text"] == "[high] support: occupancy is 95 % (over 90 %)"
    assert "*Rule*: &lt;busy&gt; &amp; co" in said["blocks"][0]["text"]["text"]
    assert f"/alerts/{world.alert.pk}|Open the alert>" in said["blocks"][0]["text"]["text"]
    card = json.loads(teams.requests[0][1])["attachments"][0]["content"]
    assert {"title": "Threshold", "value": "90 %"} in card["body"][1]["facts"]
    assert card["body"][0]["text"] == r"\[high\] support: occupancy is 95 % (over 90 %)"
    assert card["actions"][0]["url"].endswith(f"/alerts/{world.alert.pk}")


def test_a_name_cannot_write_links_into_a_card(world, channel):
    with receiver() as teams:
        channel(teams.url, "teams", "teams")
        fire(world, name="[Sign in](https://evil.example) *now* `x` _y_ ~z~ \\")
        send(at(0))
    card = json.loads(teams.requests[0][1])["attachments"][0]["content"]
    shown = next(fact["value"] for fact in card["body"][1]["facts"] if fact["title"] == "Rule")
    assert shown == r"\[Sign in\](https://evil.example) \*now\* \`x\` \_y\_ \~z\~ \\"


def history(world):
    reader = browser_of(a_person("vic", world.organization))
    found = reader.get(f"/api/alerts/{world.alert.pk}").json()["deliveries"]
    return {line["to"]: (line["outcome"], line["attempts"], line["detail"]) for line in found}


def test_a_receiver_that_hangs_delays_nobody_and_stands_in_the_history(world, channel, person, route):
    person("sam")
    with receiver(hangs=True) as stuck, receiver(drips=True) as slow, receiver() as well:
        channel(stuck.url, "stuck")
        channel(slow.url, "slow")
        channel(well.url, "well")
        route("sam")
        fire(world)
        order = _order_of_settling(at(0))
    assert set(order[:2]) == {"well", "sam"}
    assert len(well.requests) == len(mail.outbox) == 1
    assert history(world) == {
        "stuck": ("waiting", 1, "no answer within 2 s"),
        "slow": ("waiting", 1, "no answer within 2 s"),
        "well": ("sent", 1, "answered 200"),
        "sam": ("sent", 1, "handed to the mail server"),
    }


def test_many_receivers_that_hang_delay_no_other_organization(world, channel, stranger, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", services.AT_ONCE_EACH + 1)
    with receiver(hangs=True) as stuck, receiver() as well:
        for number in range(services.AT_ONCE_EACH + 2):
            channel(stuck.url, f"stuck {number}")
        made = Channel(organization=stranger, name="well", kind="webhook", address=well.url)
        channel_services.save_channel(made)
        channel_services.save_route(Route(organization=stranger, to="well", minimum_severity="low"))
        fire(world)
        fire(World(stranger))
        assert _order_of_settling(at(0))[0] == "well"
        assert len(stuck.requests) == services.AT_ONCE_EACH + 2


def _order_of_settling(now):
    """Return the recipients in the order of settling, by a clock that ticks each time it is read."""
    ticks = iter(range(100_000))
    services.send_due(clock=lambda: now.replace(microsecond=next(ticks)))
    rows = Delivery.objects.all()
    return [row.to for row in sorted(rows, key=lambda row: row.settled_at or row.due_at - services.RETRY_AFTER[0])]


def test_what_waits_behind_a_channel_that_fails_waits_with_it(world, channel):
    with receiver(status=500) as hook:
        channel(hook.url)
        world.rule()
        for queue in ("support", "billing", "sales"):
            world.judge(95, 0, queue=queue)
        send(at(0))
        assert len(hook.requests) == 1
        send(at(29))
        assert len(hook.requests) == 1
        hook.status = 204
        send(at(30))
    assert len(hook.requests) == 4
    assert set(Delivery.objects.values_list("outcome", flat=True)) == {"sent"}


@pytest.mark.parametrize(
    ("status", "outcome", "detail"),
    [
        (500, "waiting", "answered 500"),
        (503, "waiting", "answered 503"),
        (429, "waiting", "answered 429"),
        (404, "failed", "answered 404"),
        (410, "failed", "answered 410"),
    ],
)
def test_what_may_go_better_later_is_tried_again(world, channel, status, outcome, detail):
    with receiver(status=status) as hook:
        channel(hook.url)
        fire(world)
        send(at(0))
        assert history(world) == {"ops": (outcome, 1, detail)}


def test_attempts_are_bounded(world, channel):
    with receiver(status=500) as hook:
        channel(hook.url)
        fire(world)
        for hour in range(10):
            send(at(3600 * hour))
        assert len(hook.requests) == 6
    assert history(world) == {"ops": ("failed", 6, "answered 500")}


def test_a_redirect_is_not_followed_wherever_it_leads(world, channel):
    with receiver() as inside, receiver(status=302, location=inside.url) as hook:
        channel(hook.url)
        fire(world)
        send(at(0))
    assert inside.requests == []
    assert history(world) == {"ops": ("failed", 1, "answered 302: redirects are not followed")}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0", "[::]"])
def test_private_addresses_are_refused_however_they_are_spelled(world, channel, settings, host):
    settings.WEBHOOK_PRIVATE = False
    with receiver() as hook:
        channel(hook.url.replace("127.0.0.1", host))
        fire(world)
        send(at(0))
    assert hook.requests == []
    outcome, detail = outcomes()["ops"]
    assert outcome == "failed"
    assert "private network" in detail


def test_a_public_name_of_a_private_address_is_refused(settings, monkeypatch):
    """The name server is the attacker's: it says what it likes, so one wrong address among good ones is enough."""
    settings.WEBHOOK_PRIVATE = False
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(addresses.RefusedError):
        addresses.resolve("hooks.example", 443)
    answers.pop()
    assert addresses.resolve("hooks.example", 443) == "93.184.215.14"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::1", False),
        ("2001:0:1::f5ff:fffe", False),
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b:1::5db8:d70e", False),
        ("fec0::1", False),
        ("::127.0.0.1", False),
        ("::93.184.215.14", False),
        ("::ffff:0:10.0.0.1", False),
        ("100::1", False),
        ("2001:2::1", False),
        ("2001:db8::1", False),
        ("2001:20::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("fd00:ec2::254", False),
        ("168.63.129.16", False),
        ("100.100.100.200", False),
        ("192.0.0.192", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.7", False),
        ("240.0.0.1", False),
        ("2606:4700::1111", True),
    ],
)
def test_which_addresses_are_public(address, public):
    assert addresses.is_public(addresses.ip_address(address)) is public


def test_a_channel_that_was_removed_keeps_its_place_in_the_history(world, channel):
    with receiver(status=500) as hook:
        made = channel(hook.url)
        fire(world)
        send(at(0))
        channel_services.remove_channel(made, now=at(1))
        send(at(30))
    assert len(hook.requests) == 1
    assert history(world) == {"ops": ("cancelled", 1, "channel removed")}


def test_a_channel_that_was_disabled_is_not_notified_what_waits(world, channel):
    with receiver() as hook:
        made = channel(hook.url)
        fire(world)
        services.route(now=at(0))
        Channel.objects.filter(pk=made.pk).update(enabled=False)
        send(at(1))
    assert hook.requests == []
    assert outcomes()["ops"] == ("cancelled", "channel disabled")


def test_failing_to_tell_undoes_nothing(world, channel):
    channel("http://127.0.0.1:9/nobody")
    fire(world)
    before = AlertAudit.objects.count()
    send(at(0))
    assert world.alert.status == "pending"
    assert AlertAudit.objects.count() == before
    assert Notification.objects.get().outcome == "to 1"
