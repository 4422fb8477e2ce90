"""The job that sends: asked for after evaluations, one run at a time."""

from django.core import mail
from django.utils import timezone

from alerts.notifications import services
from alerts.notifications.models import Delivery
from intraday import tasks
from intraday.jobs.leases import lease


def test_a_run_sends_what_is_due_unless_another_run_is_at_work(world, person, route):
    person("sam")
    route("sam")
    world.now = timezone.now()
    world.rule()
    world.judge(95)
    with lease("tell"):
        tasks.send_notifications()
        assert not Delivery.objects.exists()
    tasks.send_notifications()
    assert [message.to for message in mail.outbox] == [["sam@example.com"]]


def test_a_judgement_that_leaves_something_to_tell_asks_for_a_round(world, person, route):
    person("sam")
    route("sam")
    assert not services.anything_due(now=world.now)
    world.rule()
    world.judge(95, 0)
    assert services.anything_due(now=world.now)
    services.route(now=world.now)
    assert services.anything_due(now=world.now)
    services.send_due(clock=lambda: world.now)
    assert not services.anything_due(now=world.now)


def test_a_round_with_nothing_to_tell_costs_two_queries(world, person, route, django_assert_num_queries):
    person("sam")
    route("sam")
    world.rule()
    for queue in ("support", "billing"):
        world.judge(95, 0, queue=queue)
    services.send_due(clock=lambda: world.now)
    with django_assert_num_queries(2):  # notices and deliveries
        services.send_due(clock=lambda: world.now)
