"""Recipients of notifications, and that nobody is notified of alerts that are over."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections

from alerts.models import Notification
from alerts.notifications import services
from alerts.notifications.models import Delivery
from intraday.org.models import Role
from tests.access.people import browser_of
from tests.access.people import person as a_person
from tests.alerts.world import at
from tests.notifications.conftest import outcomes, send


def notified() -> list[str]:
    return sorted(address for message in mail.outbox for address in message.to)


def test_a_role_is_notified_by_mail_with_figure_threshold_and_link(world, person, route, settings):
    settings.BASE_URL = "https://console.example"
    person("sam")
    person("vera", Role.VIEWER)
    route("supervisor")
    world.rule(name="busy", for_seconds=0, runbook="/runbook#occupancy-high")
    world.judge(95.25, 0)
    send(at(0))
    [message] = mail.outbox
    assert message.to == ["sam@example.com"]
    assert message.subject == "[high] support: occupancy is 95.25 % (over 90 %)"
    assert message.body == (
        "[high] support: occupancy is 95.25 % (over 90 %)\n\n"
        "Rule: busy\nWhere: org_123 / dept_456 / support\n"
        "Now: 95.25 %\nThreshold: 90 %\nSince: 2026-01-31 10:00:00 UTC\n"
        "What to do: https://console.example/runbook#occupancy-high\n\n"
        f"https://console.example/alerts/{world.alert.pk}"
    )


@pytest.mark.parametrize(
    ("route_fields", "expected"),
    [
        ({"severity": "high"}, ["sam@example.com"]),
        ({"severity": "critical"}, []),
        ({"department_id": "dept_456"}, ["sam@example.com"]),
        ({"queue_name": "support"}, ["sam@example.com"]),
        ({"queue_name": "billing"}, []),
        ({"enabled": False}, []),
    ],
)
def test_routes_ask_for_place_and_severity(world, person, route, route_fields, expected):
    person("sam")
    route("supervisor", **route_fields)
    world.rule()
    world.judge(95, 0)
    send(at(0))
    assert notified() == expected


def test_who_is_limited_to_other_departments_gone_or_without_address_is_not_notified(world, person, route):
    person("here", departments=("dept_456",))
    person("elsewhere", departments=("dept_789",))
    person("gone", is_active=False)
    person("quiet", email="")
    route("supervisor")
    world.rule()
    world.judge(95, 0)
    send(at(0))
    assert notified() == ["here@example.com"]


def test_two_routes_to_one_person_are_one_message(world, person, route):
    person("sam")
    route("supervisor")
    route("sam")
    world.rule()
    world.judge(95, 0)
    send(at(0))
    assert notified() == ["sam@example.com"]


def test_what_nobody_is_to_hear_is_said_in_the_history(world):
    world.rule()
    world.judge(95, 0)
    send(at(0))
    reader = browser_of(a_person("vic", world.organization))
    [line] = reader.get(f"/api/alerts/{world.alert.pk}").json()["deliveries"]
    assert (line["to"], line["outcome"], line["detail"]) == (None, "cancelled", "nobody to tell")


def test_an_alert_that_was_acknowledged_before_it_was_notified_wakes_nobody(world, person, route):
    person("sam")
    route("supervisor")
    world.rule()
    world.judge(95, 0)
    world.acknowledge(world.alert)
    send(at(1))
    assert notified() == []
    assert Notification.objects.get().outcome == "acknowledged meanwhile"


@pytest.mark.parametrize("meanwhile", ["acknowledge", "resolve", "snooze"])
def test_status_is_asked_again_right_before_sending(world, person, route, meanwhile):
    person("sam")
    route("supervisor")
    world.rule()
    world.judge(95, 0)
    services.route(now=at(0))
    world.snooze(world.alert, 600) if meanwhile == "snooze" else getattr(world, meanwhile)(world.alert)
    send(at(1))
    assert notified() == []
    assert Delivery.objects.get().outcome == "cancelled"


def test_one_round_comes_to_the_end_of_what_is_no_longer_wanted(world, person, route):
    for number in range(services.AT_ONCE + 1):
        person(f"sam{number}")
    route("supervisor")
    world.rule()
    world.judge(95, 0)
    services.route(now=at(0))
    world.acknowledge(world.alert)
    send(at(1))
    assert not Delivery.objects.filter(settled_at=None).exists()
    assert notified() == []


def test_that_it_is_over_is_notified_to_those_who_were_notified(world, person, route):
    person("sam")
    person("late")
    route("sam")
    world.rule(recover_for_seconds=0)
    world.judge(95, 0)
    send(at(0))
    route("late")
    world.judge(50, 60)
    send(at(60))
    assert [message.subject[:10] for message in mail.outbox] == ["[high] sup", "[resolved]"]
    assert notified() == ["sam@example.com"] * 2


def test_that_it_is_over_is_no_news_to_who_never_heard_of_it(world, person, route):
    person("sam")
    route("sam")
    world.rule()
    world.judge(95, 0)
    world.resolve(world.alert)
    send(at(1))
    assert notified() == []


def test_an_escalation_goes_to_its_step_and_to_whom_its_severity_now_reaches(world, person, route):
    person("sam")
    person("boss", Role.ADMIN)
    person("pager", Role.ANALYST)
    route("sam")
    route("pager", "critical")
    world.rule(escalation=[{"after_seconds": 300, "to": "admin", "raise_severity": "critical"}])
    world.judge(95, 0)
    send(at(0))
    assert notified() == ["sam@example.com"]
    world.run_timers(300)
    send(at(300))
    assert notified() == ["boss@example.com", "pager@example.com", "sam@example.com"]


def test_what_is_a_day_old_is_not_notified(world, person, route):
    person("sam")
    route("sam")
    world.rule()
    world.judge(95, 0)
    send(at(24 * 3600))
    assert notified() == []
    assert Notification.objects.get().outcome == "too late"


def test_a_mail_server_that_is_away_is_tried_again_and_not_for_ever(world, person, route, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    person("sam")
    route("sam")
    world.rule()
    world.judge(95, 0)
    for hour in range(10):
        send(at(3600 * hour))
    assert Delivery.objects.get().attempts == len(services.RETRY_AFTER) + 1
    outcome, detail = outcomes()["sam"]
    assert outcome == "failed"
    assert re.match("not reached: .*refused", detail)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_everybody_once(world, person, route):
    for number in range(5):
        person(f"sam{number}")
    route("supervisor")
    world.rule()
    for queue in ("support", "billing", "sales"):
        world.judge(95, 0, queue=queue)

    def work(_: int) -> int:
        try:
            return send(at(1))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        settled = sum(workers.map(work, range(4)))
    assert settled == 15
    assert len(notified()) == 15
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 15
    assert set(Delivery.objects.values_list("outcome", "attempts")) == {("sent", 1)}


def test_what_a_worker_took_with_it_is_sent_by_the_next(world, person, route):
    person("sam")
    route("sam")
    world.rule()
    world.judge(95, 0)
    services.route(now=at(0))
    assert services.claim(Delivery.objects.get(), now=at(0)) is not None
    send(at(30))
    assert notified() == []
    send(at(61))
    assert notified() == ["sam@example.com"]
    assert Delivery.objects.get().attempts == 2


BACKEND = "django.core.mail.backends.{}.EmailBackend"


@pytest.mark.parametrize("backend", ["console", "dummy"])
def test_without_a_mail_server_a_mail_has_failed_and_says_why(world, person, route, channel, settings, capsys, backend):
    settings.EMAIL_BACKEND = BACKEND.format(backend)
    person("sam")
    route("sam")
    channel("pager@example.com", name="pager", kind="mail")
    world.rule()
    world.judge(95, 0)
    send(at(0))
    assert set(outcomes().values()) == {("failed", "no mail server is set (EMAIL_URL)")}
    assert set(outcomes()) == {"sam", "pager"}
    assert "sam@example.com" not in capsys.readouterr().out  # of alerts: names and figures do not belong in logs


def test_the_embedded_run_prints_mails_and_says_so(world, person, route, settings, capfd):
    settings.EMAIL_BACKEND, settings.EMBEDDED = BACKEND.format("console"), True
    person("sam")
    route("sam")
    world.rule()
    world.judge(95, 0)
    send(at(0))
    assert outcomes() == {"sam": ("sent", "printed: no mail server is set (EMAIL_URL)")}
    assert "To: sam@example.com" in capfd.readouterr().out
