"""The day's run moves the forecast of its rest, by what was measured and forecast for the same time (DOMAIN 1.9)."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from intraday.org.models import Scope
from kpi import services
from kpi.models import OrganizationSettings, QueueSettings
from tests.backlog.posting import TEN, at, post
from tests.kpi.posting import (
    INTERVALS,
    SUPPORT,
    WHAT_IF,
    clock,
    compute,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
)

QUARTER, HALF, HOUR = 15, 30, 60


@pytest.fixture(autouse=True)
def ten_o_clock():
    with clock(0):
        yield


def measured(*offered, length=HALF, queue="support", until=0, **fields):
    """Intervals one after the other, the last of which ends so many minutes after ten."""
    first = until - length * len(offered)
    counts = [{"offered": each, "answered": each, "answered_in_target": min(each, 20)} for each in offered]
    return [interval(queue, first + length * place, length, **each, **fields) for place, each in enumerate(counts)]


def planned(*offered, length=HALF, queue="support", until=0):
    first = until - length * len(offered)
    return [forecast(queue, first + length * place, length, offered=each) for place, each in enumerate(offered)]


def day(api, intervals, forecasts, **scope):
    """Contacts of the day so far that were offered and forecast, as compared."""
    post_all(api, *intervals)
    post_forecast(api, *forecasts)
    service = compute(api, **(scope or SUPPORT))["service"]
    return service["day_offered"], service["day_forecast"]


def grid(api, **scope):
    return api.get(INTERVALS, scope or SUPPORT).json()["intervals"]


# --- the same time ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("intervals", "forecasts", "compared"),
    [
        pytest.param(measured(40, 80), planned(50, 70), (120, 120), id="halves and halves"),
        pytest.param(
            measured(40, 80),
            planned(20, 20, 30, 50, length=QUARTER),
            (120, 120),
            id="quarters planned",
        ),
        pytest.param(
            measured(20, 20, 30, 50, length=QUARTER),
            planned(40, 80),
            (120, 120),
            id="quarters measured",
        ),
        pytest.param(
            measured(10, 20, 30, length=QUARTER, until=-15), planned(40, 80), (60, 80), id="no quarter before ten yet"
        ),
        pytest.param(
            measured(100, length=HOUR) + measured(25, 25, 25, 25, length=QUARTER),
            planned(100, length=HOUR),
            (100, 100),
            id="an hour and its four quarters are one hour",
        ),
        pytest.param(
            measured(100, length=HOUR),
            planned(120, length=HOUR) + planned(20, 20, 30, 30, length=QUARTER),
            (100, 100),
            id="of forecasts of two lengths the finer",
        ),
        pytest.param(
            measured(100, length=HOUR, until=-60) + measured(30, 30, length=HALF),
            planned(20, 20, 20, 20, 10, 10, 10, 10, length=QUARTER),
            (160, 120),
            id="a feed that changed its length",
        ),
        pytest.param(
            measured(30, until=-30, as_of=at(-50)), planned(60, until=-30), (30, 20), id="measured to 09:10 of 09:30"
        ),
        pytest.param(measured(30, until=-30), planned(60, until=0), (None, None), id="nothing in common"),
    ],
)
def test_what_is_compared_covers_the_same_time(api, intervals, forecasts, compared):
    assert day(api, intervals, forecasts) == compared


def test_an_interval_measured_to_ten_past_nine_is_ten_minutes_of_data_also_later(api):
    """40 in ten minutes of 60 in thirty: twice the forecast."""
    post_all(api, *measured(40, until=-30, as_of=at(-50)))
    post_forecast(api, *planned(60, 60, until=0))
    found = compute(api, **SUPPORT)["service"]
    assert (found["forecast"], found["forecast_so_far"]) == (60.0, 20.0)
    assert found["volume_variance_percent"] == 100.0
    assert found["reforecast_ratio"] == 1.0476  # (400 + 40) / (400 + 20)


def test_an_hour_and_its_quarters_do_not_add_up_on_any_screen(api):
    """100 contacts, not 200: 4 * 20 of 100 in target by the quarters, 20 of 100 by the hour."""
    post_all(api, *measured(100, length=HOUR), *measured(25, 25, 25, 25, length=QUARTER))
    post_forecast(api, *planned(100, length=HOUR), *planned(100, length=HOUR, until=60))
    assert compute(api, **SUPPORT)["service"]["day_service_level"] == 80.0
    row = next(each for each in grid(api) if each["start"] == at(-60))
    assert (row["offered"], row["forecast"], row["service_level"]) == (100, 100.0, 80.0)


# --- one ratio -------------------------------------------------------------------------------------------------------
def test_the_ratio_is_shrunk_to_the_forecast_and_one_for_the_organization(api):
    """450 and 50 against 300 and 50: (400 + 500) / (400 + 350), for the queue that keeps to its forecast, too."""
    post_all(api, *measured(150, 150, 150), *measured(10, 20, 20, queue="billing"))
    plans = [*planned(*[100] * 5, until=60), *planned(10, 20, 20, 15, 15, queue="billing", until=60)]
    post_forecast(api, *plans)
    compute(api)
    for scope in (SUPPORT, {"queue_name": "billing"}, {}):
        assert figure(api, **scope)["service"]["reforecast_ratio"] == 1.2
    rows = [each for each in grid(api, queue_name="billing") if each["forecast"] is not None]
    assert [row["reforecast"] for row in rows] == [None, None, None, 18.0, 18.0]
    assert figure(api, queue_name="billing")["service"]["expected"] == 18.0
    assert post(api, {"queue_name": "billing"}, WHAT_IF)["baseline"]["calls"] == 18.0


@pytest.mark.parametrize(("prior", "ratio"), [(400, 1.2143), (1, 1.4983), (1_000_000, 1.0001)])
def test_an_organization_says_how_much_its_forecast_weighs(api, organization, prior, ratio):
    """450 against 300: (K + 450) / (K + 300)."""
    services.save_organization_settings(
        OrganizationSettings(organization=organization, reforecast_prior=prior), now=TEN
    )
    post_all(api, *measured(150, 150, 150))
    post_forecast(api, *planned(100, 100, 100))
    assert compute(api, **SUPPORT)["service"]["reforecast_ratio"] == ratio


def test_the_weight_of_the_forecast_is_set_in_the_admin(client, organization):
    client.force_login(get_user_model().objects.create_superuser("boss"))
    page = client.get(reverse("admin:kpi_organizationsettings_add")).content.decode()
    assert 'name="reforecast_prior" value="400"' in page
    assert 'name="forecast_cv" value="8"' in page


def test_deferred_queues_keep_their_forecast_and_move_no_other(api):
    scope = Scope.objects.get(queue_name="billing")
    services.save_queue_settings(QueueSettings(scope=scope, kind="deferred", aht_seconds=600), now=TEN)
    post_all(api, *measured(100, 100), *measured(500, 500, queue="billing"))
    post_forecast(api, *planned(100, 100, 100, until=30), *planned(50, 50, 50, queue="billing", until=30))
    compute(api)
    assert figure(api, **SUPPORT)["service"]["reforecast_ratio"] == 1.0
    assert figure(api, queue_name="billing")["service"]["expected"] == 50.0
    rows = grid(api, queue_name="billing")
    assert [each["reforecast"] for each in rows if each["reforecast"] is not None] == [50.0]


def test_the_running_interval_corrects_its_own_expectation_only(api):
    """Ten minutes in, 50 came where 33.3 were forecast. K = 1/.08^2 = 156.25: 100 * (156.25 + 50) / (156.25 + 33.33).
    The half hours to come keep the day's ratio: (400 + 200) / (400 + 200)."""
    post_all(api, *measured(100, 100))
    post_forecast(api, *planned(100, 100, 100, 100, until=60))
    with clock(10):
        post_all(api, *measured(50, until=30, as_of=at(10)))
        found = compute(api, 10, **SUPPORT)["service"]
        assert (found["expected"], found["reforecast_ratio"]) == (108.79, 1.0)
        now, coming = (each for each in grid(api) if each["state"] != "past" and each["forecast"])
        assert (now["reforecast"], coming["reforecast"]) == (108.79, 100.0)


# --- variance --------------------------------------------------------------------------------------------------------
def test_the_variance_is_of_the_day_so_far(api):
    """90, 120 and 40 in ten minutes against 100, 100 and a third of 90: 250 against 230. One interval alone says
    +33 %."""
    post_all(api, *measured(90, 120))
    post_forecast(api, *planned(100, 100, 90, until=30))
    with clock(10):
        post_all(api, *measured(40, until=30, as_of=at(10)))
        service = compute(api, 10, **SUPPORT)["service"]
    assert (service["day_offered"], service["day_forecast"]) == (250.0, 230.0)
    assert service["volume_variance_percent"] == 8.7  # 20 / 230


def test_the_variance_above_queues_is_of_all_contacts(api):
    """300 of 200 and 50 of 100: 350 of 300, not the mean of +50 % and -50 %."""
    post_all(api, *measured(150, 150), *measured(25, 25, queue="billing"))
    post_forecast(api, *planned(100, 100), *planned(50, 50, queue="billing"))
    service = compute(api)["service"]
    assert (service["day_offered"], service["day_forecast"]) == (350.0, 300.0)
    assert service["volume_variance_percent"] == 16.67


def test_a_day_that_nobody_forecast_has_no_variance(api):
    post_all(api, *measured(100, 100))
    found = compute(api, **SUPPORT)
    assert found["service"]["day_offered"] is found["service"]["volume_variance_percent"] is None
    assert found["reasons"]["service.volume_variance_percent"] == "no time of today is both measured and forecast"
