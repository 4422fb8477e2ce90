"""One bad row costs its queue: its state says that nothing is known, the log says once where it is, and the figures and
alerts of the other queues go on."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from alerts.models import Round
from intraday import tasks
from intraday.jobs.runs import Outcome
from intraday.org.models import Scope
from kpi.models import CurrentKPI, ForecastInterval, IntervalFeed, QueueSettings
from tests.kpi.posting import figure, forecast, interval, post_all, post_forecast

pytestmark = pytest.mark.django_db
NAMES = ("support", "billing", "sales")


@pytest.fixture
def floor(api, organization):
    """Three queues with an interval and a forecast that run now, worked out once."""
    now = timezone.now()
    start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0).isoformat()
    fields = {"interval_start": start}
    assert post_all(api, *(interval(name, as_of=now.isoformat()) | fields for name in NAMES))["status"] == 201
    assert post_forecast(api, *(forecast(name) | fields for name in NAMES))["status"] == 201
    assert tasks.judge_all("org_123") == Outcome.DONE
    assert {figure(api, **place(name))["quality"] for name in NAMES} == {"ok"}
    CurrentKPI.objects.update(time=now - timedelta(seconds=30))
    return api


def place(name: str) -> dict[str, str]:
    return {"organization_id": "org_123", "department_id": "dept_456", "queue_name": name}


def support() -> Scope:
    return Scope.objects.get(organization="org_123", queue_name="support")


def hours_nobody_can_read() -> None:
    QueueSettings.objects.update_or_create(scope=support(), defaults={"opening_hours": "whenever"})


def samples_of_another_shape() -> None:
    IntervalFeed.objects.filter(scope=support()).update(samples={"what": "ever"})


def a_length_that_does_not_exist() -> None:
    ForecastInterval.objects.filter(scope=support()).update(minutes=7)


def a_policy_that_does_not_exist() -> None:
    QueueSettings.objects.update_or_create(scope=support(), defaults={"abandon_policy": "ignore"})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kpi_queuesettings SET concurrency = 0, max_occupancy = 0, target_service_level = 'NaN'")


@pytest.mark.parametrize(
    "plant",
    [hours_nobody_can_read, samples_of_another_shape, a_length_that_does_not_exist, a_policy_that_does_not_exist],
)
def test_a_queue_that_cannot_be_worked_out_is_unknown_and_the_others_are_not(
    floor, plant: Callable[[], None], caplog: pytest.LogCaptureFixture
):
    plant()
    judged_before = Round.objects.get().judged_at
    assert tasks.judge_all("org_123") == Outcome.DONE
    broken = figure(floor, **place("support"))
    assert (broken["quality"], broken["state"]["level"]) == ("no_data", "unknown")
    for name in ("billing", "sales"):
        told = figure(floor, **place(name))
        assert told["quality"] == "ok"
        assert told["headcount_gap"]["required"] is not None
    level = floor.get("/api/intraday/kpi/current", {"organization_id": "org_123"}).json()["current"]
    assert level["state"]["queues"]["unknown"] == 1
    assert Round.objects.get().judged_at > judged_before
    lines = [text for text in caplog.text.splitlines() if "support" in text and "org_123" in text]
    assert any("dept_456" in text for text in lines)
    caplog.clear()
    CurrentKPI.objects.update(time=timezone.now() - timedelta(seconds=20))
    assert tasks.judge_all("org_123") == Outcome.DONE
    assert "Traceback" not in caplog.text  # said once


def test_a_queue_whose_rows_were_mended_is_worked_out_again(floor, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    samples_of_another_shape()
    tasks.judge_all("org_123")
    IntervalFeed.objects.filter(scope=support()).update(samples=[])
    CurrentKPI.objects.update(time=timezone.now() - timedelta(seconds=20))
    tasks.judge_all("org_123")
    assert figure(floor, **place("support"))["quality"] == "ok"
    assert "queue_recovered" in caplog.text


@pytest.mark.parametrize("garbage", [b"{", b"[2, [[1]], 3]", b"\xff\x00", b'"text"'])
def test_a_damaged_memo_counts_as_absent(floor, garbage: bytes):
    CurrentKPI.objects.filter(scope=support()).update(run_memo=garbage)
    assert tasks.judge_all("org_123") == Outcome.DONE
    assert {figure(floor, **place(name))["quality"] for name in NAMES} == {"ok"}


def test_a_damaged_figure_costs_its_own_rules_and_is_replaced_by_the_next_run(floor, caplog: pytest.LogCaptureFixture):
    from alerts import services as alert_services

    CurrentKPI.objects.filter(scope=support()).update(figure=b"{not json")
    now = timezone.now()
    alert_services.install_rules(organization=support().organization, now=now)
    evaluated = alert_services.evaluate(organization_id="org_123", now=now)
    assert evaluated.judged > 0
    assert caplog.text.count("figure_unreadable") == 1
    assert tasks.judge_all("org_123") == Outcome.DONE
    assert figure(floor, **place("support"))["quality"] == "ok"


def test_a_figure_of_the_future_does_not_hold_up_those_of_today(floor):
    """A process whose clock was an hour ahead left one behind."""
    ahead = timezone.now() + timedelta(hours=1)
    CurrentKPI.objects.update(time=ahead)
    tasks.judge_all("org_123")
    assert CurrentKPI.objects.filter(time__lt=ahead - timedelta(minutes=50)).count() == len(NAMES) + 2
    assert json.loads(bytes(CurrentKPI.objects.get(scope=support()).figure))["latest"] is True
