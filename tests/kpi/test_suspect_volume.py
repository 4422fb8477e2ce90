"""A drop in volume is no low demand: it makes a scope suspect, until the volume is back (DOMAIN 1.9).

Support is forecast 60 contacts in half an hour, two a minute, so that twelve are due in six minutes.
"""

from datetime import timedelta

import pytest

from intraday.org.models import Organization, Role, Scope
from kpi import services
from kpi.models import QueueSettings, VolumeDrop
from tests.access.people import browser_of, person
from tests.backlog.posting import TEN, at, post
from tests.kpi.posting import (
    INTERVALS,
    KPI,
    SUPPORT,
    clock,
    compute,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
    round_of,
)

CONFIRM = f"{KPI}/volume-confirmation"
DEPARTMENT = {"department_id": "dept_456"}
FAILS, RETURNS = 10, 20
"""The line breaks at ten past ten, and is mended at twenty past."""


def counts(offered):
    return {"offered": offered, "answered": offered, "answered_in_target": offered, "handle_seconds": 180.0 * offered}


def plan(api, offered=60.0, *queues):
    names = queues or ("support",)
    rows = [forecast(name, 30 * place, offered=offered) for name in names for place in range(-4, 6)]
    assert post_forecast(api, *rows)["status"] == 201


def by(minutes):
    """Contacts offered since ten: two a minute while the line works."""
    return 2 * min(minutes, FAILS) + 2 * max(0, minutes - RETURNS)


def minute(api, organization, minutes, offered):
    """The feed posts, and a round works the figures out."""
    start = 30 * (minutes // 30)
    with clock(minutes):
        post_all(api, interval(minutes=start, as_of=at(minutes), **counts(offered)))
        round_of(organization, minutes)


def live(api, organization, since, until):
    """Post every minute; yield the figure of each."""
    for minutes in range(since, until):
        minute(api, organization, minutes, by(minutes))
        with clock(minutes):
            yield minutes, figure(api, **SUPPORT)


@pytest.fixture
def working(api):
    """Four half hours as forecast, before ten."""
    with clock(0):
        plan(api)
        post_all(api, *(interval(minutes=minutes, **counts(60)) for minutes in (-120, -90, -60, -30)))


# --- from the first missing contact to the last ----------------------------------------------------------------------
def test_a_broken_line_is_suspect_after_twelve_missing_contacts_and_until_six_in_ten_are_back(
    api, organization, working
):
    """Six minutes of nothing at 10:16. From 10:20 on two contacts a minute: 8 of the 12 of six minutes at 10:24, more
    than 60 %; 6 at 10:23."""
    suspect = [minutes for minutes, found in live(api, organization, 1, 28) if found["quality"] == "suspect"]
    assert suspect == list(range(16, 24))
    [row] = VolumeDrop.objects.filter(scope__queue_name="support")
    assert (row.since, row.until) == (TEN + timedelta(minutes=10), TEN + timedelta(minutes=24))


def test_while_suspect_the_figure_says_so_and_stays_on_the_forecast(api, organization, working):
    *_, (_, healthy) = live(api, organization, 1, 11)
    *_, (_, found) = live(api, organization, 11, 17)
    assert (found["quality"], found["reasons"]["quality"]) == ("suspect", "volume_implausibly_low")
    assert found["volume"] == {
        "since": at(10),
        "offered": 0.0,
        "forecast": 12.0,
        "span_minutes": 6.0,
        "inherited": False,
    }
    assert (found["health_score"], found["health"]["cap_reason"]) == (None, "suspect")
    assert found["reasons"]["health_score"] == "volume_implausibly_low"
    state = found["state"]
    assert (state["level"], state["since"], state["components"]["volume"]) == ("critical", at(16), "critical")
    said = {"code": "volume_implausibly_low", "value": 0.0, "limit": 12.0, "level": "critical"}
    assert state["reasons"] == [said]
    assert found["headcount_gap"]["required"] == healthy["headcount_gap"]["required"]
    assert found["service"]["expected"] == 60.0  # the forecast: the ratio is 1
    assert found["sla_risk"]["risk_score"] is not None


def test_the_span_counts_neither_in_the_variance_nor_in_the_ratio(api, organization, working):
    """240 of 240 before ten. The half hour of the outage is left out, while it runs and afterwards; at 11:00 the
    whole next one is added."""
    for minutes, found in live(api, organization, 1, 27):
        service = found["service"]
        assert service["reforecast_ratio"] == 1.0
        if minutes >= 16:
            assert (service["day_offered"], service["day_forecast"]) == (240.0, 240.0), minutes
            assert service["volume_variance_percent"] == 0.0
    minute(api, organization, 30, 40)
    with clock(60):
        post_all(api, interval(minutes=30, **counts(70)))
        found = compute(api, 60, **SUPPORT)["service"]
    assert (found["day_offered"], found["day_forecast"]) == (310.0, 300.0)
    assert found["reforecast_ratio"] == 1.0143  # (400 + 310) / (400 + 300)


def test_after_the_outage_its_interval_still_says_nothing_of_demand(api, organization, working):
    """At 10:25 thirty have come of fifty: the half hour is expected to bring 60 as forecast, not 54."""
    *_, (_, found) = live(api, organization, 1, 26)
    assert (found["quality"], found["service"]["offered"]) == ("ok", 30)
    assert found["service"]["expected"] == 60.0


def test_the_grid_marks_the_intervals_of_a_drop(api, organization, working):
    for _ in live(api, organization, 1, 25):
        pass
    with clock(35):
        rows = {row["start"]: row["suspect"] for row in api.get(INTERVALS, SUPPORT).json()["intervals"]}
    assert [start for start, suspect in rows.items() if suspect] == [at(0)]


@pytest.mark.parametrize(("offered", "quality"), [(6, "suspect"), (7, "ok")])
def test_a_tenth_of_the_forecast_is_the_line(api, organization, working, offered, quality):
    """Feeds that post half hours are judged by whole half hours: 60 were forecast."""
    with clock(30):
        post_all(api, interval(minutes=0, **counts(offered)))
        found = compute(api, 30, **SUPPORT)
    assert found["quality"] == quality
    if quality == "suspect":
        assert (found["volume"]["since"], found["volume"]["span_minutes"]) == (at(0), 30.0)
        assert found["service"]["reforecast_ratio"] == 1.0
        assert (found["service"]["day_offered"], found["service"]["day_forecast"]) == (240.0, 240.0)
        assert found["service"]["expected"] == 60.0


@pytest.mark.parametrize(("offered", "quality"), [(35, "suspect"), (36, "ok")])
def test_six_tenths_of_the_forecast_end_it(api, organization, working, offered, quality):
    with clock(30):
        post_all(api, interval(minutes=0, **counts(0)))
        compute(api, 30)
    with clock(60):
        post_all(api, interval(minutes=30, **counts(offered)))
        found = compute(api, 60)
        assert figure(api, **SUPPORT)["quality"] == quality
        assert ("volume" in found) == (quality == "suspect")


def test_low_demand_is_no_drop(api, organization, working):
    """A fifth of the forecast all the time: 24 of 120 would be suspect only once a drop had begun."""
    with clock(30):
        post_all(api, interval(minutes=0, **counts(12)))
        found = compute(api, 30, **SUPPORT)
    assert found["quality"] == "ok"
    assert "volume" not in found
    assert found["state"]["components"]["volume"] == "ok"


def test_too_small_a_forecast_to_tell_is_not_judged(api, organization):
    """5.9 contacts in half an hour are 11.8 in the longest span, an hour."""
    with clock(30):
        plan(api, 5.9)
        post_all(api, *(interval(minutes=minutes, **counts(0)) for minutes in (-30, 0)))
        found = compute(api, 30, **SUPPORT)
    assert found["quality"] != "suspect"
    assert found["state"]["components"]["volume"] is None


def test_the_first_ten_minutes_after_opening_are_not_looked_at(api, organization):
    """Open at ten: the six minutes begin at ten past, so that nothing is suspect before 10:16."""
    with clock(0):
        plan(api)
        scope = Scope.objects.get(queue_name="support")
        services.save_queue_settings(QueueSettings(scope=scope, opening_hours="Mon-Sun 10:00-20:00"), now=TEN)
    qualities = {}
    for minutes in range(1, 18):
        minute(api, organization, minutes, 0)
        with clock(minutes):
            qualities[minutes] = figure(api, **SUPPORT)["quality"]
    assert [minutes for minutes, quality in qualities.items() if quality == "suspect"] == [16, 17]


def test_a_closed_queue_is_never_suspect(api, organization, working):
    with clock(30):
        scope = Scope.objects.get(queue_name="support")
        services.save_queue_settings(QueueSettings(scope=scope, opening_hours="Mon-Sun 08:00-10:15"), now=TEN)
        post_all(api, interval(minutes=0, **counts(0)))
        found = compute(api, 30, **SUPPORT)
    assert (found["quality"], found["state"]["level"]) == ("ok", "closed")
    assert "volume" not in found


def test_without_a_forecast_the_same_weekday_of_the_last_weeks_stands_in(api, organization):
    """Four Saturdays brought 50, 60, 60 and 70 contacts in each half hour: 60 on average, and so many are expected."""
    week = 7 * 24 * 60
    for weeks, offered in ((4, 50), (3, 60), (2, 60), (1, 70)):
        with clock(60 - weeks * week):
            starts = [minutes - weeks * week for minutes in (-60, -30, 0, 30)]
            post_all(api, *(interval(minutes=start, **counts(offered)) for start in starts))
    with clock(30):
        post_all(api, *(interval(minutes=minutes, **counts(60)) for minutes in (-60, -30)))
        post_all(api, interval(minutes=0, **counts(0)))
        found = compute(api, 30, **SUPPORT)
    assert (found["quality"], found["volume"]["offered"], found["volume"]["forecast"]) == ("suspect", 0.0, 60.0)
    assert found["state"]["level"] == "critical"
    assert found["service"]["forecast"] is None
    assert found["service"]["expected"] == 60.0


# --- levels ----------------------------------------------------------------------------------------------------------
SMALL = ("support", "billing", "sales")


@pytest.fixture
def small(api, organization):
    """Three queues of six contacts in half an hour: twelve are due in an hour in each, in twenty minutes in all."""
    with clock(0):
        plan(api, 6.0, *SMALL)
        post_all(api, *(interval(name, -30, **counts(6)) for name in SMALL))
    for minutes in (5, 10, 15, 20):
        with clock(minutes):
            now = {name: 1 if name == "support" else 0 for name in SMALL}
            rows = [interval(name, 0, as_of=at(minutes), **counts(offered)) for name, offered in now.items()]
            post_all(api, *rows)
            round_of(organization, minutes)


def test_a_department_is_suspect_where_its_queues_are_too_small_to_tell(api, small):
    """1 of 12 in twenty minutes. Support had that one, and is not suspect; the others had none, and inherit it."""
    with clock(20):
        above, below = figure(api, **DEPARTMENT), {name: figure(api, queue_name=name) for name in SMALL}
    assert above["quality"] == "suspect"
    assert (above["volume"]["offered"], above["volume"]["forecast"], above["volume"]["span_minutes"]) == (1, 12, 20)
    assert above["volume"]["inherited"] is False
    assert (above["state"]["level"], above["state"]["components"]["volume"]) == ("critical", "critical")
    assert above["health_score"] is None
    assert [below[name]["quality"] for name in SMALL] == ["ok", "suspect", "suspect"]
    for name in ("billing", "sales"):
        assert below[name]["volume"]["inherited"] is True
        assert (below[name]["state"]["level"], below[name]["service"]["expected"]) == ("critical", 6.0)
    assert above["state"]["queues"]["critical"] == 2
    assert set(above["state"]["worst"]) >= {"billing", "sales"}


def test_what_was_inherited_ends_with_the_drop_above(api, organization, small):
    """Four of six due contacts in each queue by half past ten: 12 of 18 are more than 60 %."""
    with clock(30):
        post_all(api, *(interval(name, 0, **counts(5)) for name in SMALL))
        round_of(organization, 30)
        assert {figure(api, queue_name=name)["quality"] for name in SMALL} == {"ok"}
        assert figure(api, **DEPARTMENT)["quality"] == "ok"
    assert not VolumeDrop.objects.filter(until=None).exists()


# --- a person knows better -------------------------------------------------------------------------------------------
@pytest.fixture
def outage(api, organization, working):
    with clock(30):
        post_all(api, interval(minutes=0, **counts(0)))
        compute(api, 30)


def caller(organization: Organization, role: str):
    return browser_of(person(role, organization, role))


def test_a_person_confirms_that_the_volume_is_real(api, organization, outage):
    """No contact came, and the half hour counts: (400 + 240) / (400 + 300)."""
    with clock(31):
        answer = post(caller(organization, Role.ANALYST), SUPPORT, CONFIRM)
        assert (answer["status"], answer["quality"]) == (200, "ok")
        assert "volume" not in answer
        assert answer["service"]["reforecast_ratio"] == 0.9143
        assert answer["state"]["components"]["volume"] == "ok"
        assert answer["health_score"] is not None
    row = VolumeDrop.objects.get(scope__queue_name="support")
    assert (row.confirmed_by, row.confirmed_at) == (Role.ANALYST, TEN + timedelta(minutes=31))


def test_a_confirmed_drop_does_not_come_back_while_it_lasts(api, organization, outage):
    with clock(31):
        post(caller(organization, Role.ANALYST), {}, CONFIRM)
    with clock(60):
        post_all(api, interval(minutes=30, **counts(0)))
        compute(api, 60)
        for scope in (SUPPORT, DEPARTMENT, {}):
            assert figure(api, **scope)["quality"] != "suspect"
    assert VolumeDrop.objects.filter(scope__queue_name="support").count() == 1


def test_confirming_a_department_confirms_its_queues(api, organization, outage):
    with clock(31):
        assert post(caller(organization, Role.SUPERVISOR), DEPARTMENT, CONFIRM)["quality"] != "suspect"
        assert figure(api, **SUPPORT)["quality"] == "ok"


def test_where_nothing_is_suspect_there_is_nothing_to_confirm_and_the_figure_is_answered(api, organization, working):
    with clock(0):
        answer = post(caller(organization, Role.ANALYST), SUPPORT, CONFIRM)
    assert (answer["status"], answer["quality"]) == (200, "ok")
    assert not VolumeDrop.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 403), (Role.ANALYST, 200), (Role.SUPERVISOR, 200), (Role.ADMIN, 200)]
)
def test_analysts_and_above_may_confirm(organization, role, status):
    with clock(0):
        assert post(caller(organization, role), SUPPORT, CONFIRM)["status"] == status


def test_a_key_that_posts_and_reads_may_not_confirm(api):
    assert post(api, SUPPORT, CONFIRM)["status"] == 403


def test_an_unknown_queue_is_not_found(organization):
    assert post(caller(organization, Role.ANALYST), {"queue_name": "nowhere"}, CONFIRM)["status"] == 404
