"""One bad row costs its rule, its silence, its alert or its notification, and not those of the others."""

import pytest
from django.core import mail
from django.utils import timezone

from alerts.models import Alert, Notification, RuleState, Silence
from alerts.notifications import services as notification_services
from alerts.notifications.models import Channel, Delivery, Outcome, Route
from tests.alerts.world import World, at


def test_a_damaged_state_of_a_rule_begins_anew_and_the_others_are_evaluated(world: World):
    world.rule()
    for queue in ("support", "billing"):
        world.judge(95, 0, queue=queue)
    RuleState.objects.filter(scope__queue_name="support").update(phase="whatever")
    assert world.judge(95, 60, queue="sales").triggered == 1
    assert Alert.objects.filter(scope__queue_name="sales").exists()


def test_a_silence_that_nobody_can_read_silences_nothing(world: World, caplog: pytest.LogCaptureFixture):
    Silence.objects.create(
        organization=world.organization,
        starts_at=at(-60),
        ends_at=at(3600),
        weekly="now and then",
        created_by="rosa",
        created_at=at(-60),
    )
    world.rule()
    world.judge(95, 0)
    assert not world.alert.suppressed
    assert "silence_unreadable" in caplog.text


def test_a_notification_that_cannot_be_routed_is_put_off_and_the_others_are_sent(world: World):
    from alerts.notifications import channel_services

    channel = Channel(organization=world.organization, name="ops", kind="mail", address="ops@example.com")
    channel_services.save_channel(channel)
    channel_services.save_route(Route(organization=world.organization, to="ops", minimum_severity="low"))
    world.rule()
    for queue in ("support", "billing"):
        world.judge(95, 0, queue=queue)
    Alert.objects.filter(scope__queue_name="support").update(severity="terrible")
    world.now = timezone.now()
    Notification.objects.update(created_at=world.now, due_at=world.now)
    notification_services.send_due(clock=lambda: world.now)
    assert [message.to for message in mail.outbox] == [["ops@example.com"]]
    [sent] = Delivery.objects.all()
    assert sent.outcome == Outcome.SENT
    assert sent.notification.alert.scope.queue_name == "billing"
    put_off = Notification.objects.get(settled_at=None)
    assert put_off.due_at == world.now + notification_services.PUT_OFF
