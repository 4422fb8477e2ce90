"""`current`, `history`, the grid of a day, what-if, and the snapshot of a room."""

import csv
import io
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from intraday.org.models import Scope
from kpi import selectors, services
from kpi.models import QueueSettings
from realtime.protocol.redaction import Redaction
from realtime.protocol.rooms import Room, RoomFilter
from tests.attendance.posting import SHIFTS
from tests.backlog.posting import TEN, at, post
from tests.kpi.posting import (
    COMPUTE,
    CURRENT,
    HISTORY,
    INGEST,
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


@pytest.fixture(autouse=True)
def ten_o_clock():
    with clock(0):
        yield


# --- current ---------------------------------------------------------------------------------------------------------
def test_before_the_first_figure_there_is_none(api):
    for scope in ({}, SUPPORT):
        assert api.get(CURRENT, scope).json() == {"current": None, "within": []}
        assert api.get(HISTORY, scope).json() == {"items": [], "next": None}


def test_a_scope_is_read_with_the_scopes_inside_it(api):
    post_all(api, interval(), interval("billing"))
    compute(api)

    def names(**scope):
        answer = api.get(CURRENT, scope).json()
        inside = [each.get("queue_name") or each.get("department_id") for each in answer["within"]]
        return answer["current"]["service"]["offered"], sorted(inside)

    assert names() == (200, ["billing", "dept_456", "sales", "support"])
    assert names(department_id="dept_456") == (200, ["billing", "sales", "support"])
    assert names(**SUPPORT) == (100, [])


def test_the_current_figure_is_the_event_with_its_age_and_grows_stale(api, heard):
    post_all(api, *(interval(minutes=0, as_of=at(minutes)) for minutes in (-0.0,)))
    with heard("kpi:org:org_123") as events:
        compute(api, **SUPPORT)
    assert figure(api, **SUPPORT) == events.of("support")
    with clock(20):
        assert (figure(api, **SUPPORT)["data_age_seconds"], figure(api, **SUPPORT)["quality"]) == (1200, "partial")
    with clock(45.1):
        assert figure(api, **SUPPORT)["quality"] == "stale"


def test_a_snapshot_of_rooms_has_the_figures_that_they_hear(transactional_db, api):
    compute(api)

    def scopes(*names):
        rooms = RoomFilter([Room.parse(name) for name in names])
        found = [msgspec.json.decode(each) for each in selectors.snapshot("org_123", rooms, Redaction.PEOPLE)]
        return sorted(each.get("queue_name") or each.get("department_id") or "all" for each in found)

    assert scopes("kpi:org:org_123") == ["all", "billing", "dept_456", "sales", "support"]
    assert scopes("kpi:org:org_123:dept:dept_456") == ["billing", "dept_456", "sales", "support"]
    assert scopes("kpi:org:org_123:queue:support") == ["support"]


def test_alert_rules_read_the_newest_figures_and_those_before(api):
    for minutes in (-2, -1, 0):
        compute(api, minutes, **SUPPORT)
    scope = Scope.objects.get(queue_name="support")
    [(found, time, newest)] = selectors.figures("org_123", now=TEN)
    assert (found, time, newest["timestamp"]) == (scope, TEN, at(0))
    past = selectors.past_figures("org_123", since=TEN - timedelta(minutes=2), until=TEN, scopes=[scope.pk])
    assert [time for _, time, _ in past] == [TEN - timedelta(minutes=2), TEN - timedelta(minutes=1)]
    assert list(selectors.figures("org_123", now=TEN, scopes=[])) == []


# --- history ---------------------------------------------------------------------------------------------------------
def times(answer):
    return [item["timestamp"] for item in answer["items"]]


def test_a_history_is_in_order_from_since_up_to_until(api):
    for minutes in (0, -15, 5, -10):
        with clock(10):
            compute(api, minutes, **SUPPORT)
    assert times(api.get(HISTORY, SUPPORT).json()) == [at(-15), at(-10), at(0), at(5)]
    assert times(api.get(HISTORY, {**SUPPORT, "since": at(-10), "until": at(5)}).json()) == [at(-10), at(0)]


def test_pages_follow_one_another(api):
    for minutes in range(-6, 1):
        compute(api, minutes, **SUPPORT)
    seen, query = [], {**SUPPORT, "limit": "3"}
    while True:
        response = api.get(HISTORY, query)
        seen += times(response.json())
        if response.json()["next"] is None:
            break
        assert parse_qs(urlsplit(response["Link"].split(">")[0]).query)["cursor"] == [response.json()["next"]]
        query["cursor"] = response.json()["next"]
    assert seen == [at(minutes) for minutes in range(-6, 1)]


def test_csv_equals_json(api):
    post_all(api, interval())
    post_forecast(api, *(forecast(minutes=minutes) for minutes in (0, 30)))
    for minutes in (-1, 0):
        compute(api, minutes)
    for scope in (SUPPORT, {}):
        items = api.get(HISTORY, scope).json()["items"]
        text = api.get(HISTORY, {**scope, "format": "csv"}).getvalue().decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == len(items) == 2
        assert [{name: cell for name, cell in row.items() if cell} for row in rows] == [flat(item) for item in items]


def flat(item, before=""):
    found = {}
    for name, value in item.items():
        if isinstance(value, dict):
            found |= flat(value, f"{before}{name}.") if name != "reasons" else {}
        elif isinstance(value, list):
            continue  # the reasons and names of a state
        elif value is not None:
            found[f"{before}{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def test_an_empty_table_has_its_columns(api):
    text = api.get(HISTORY, {**SUPPORT, "format": "csv"}).getvalue().decode()
    assert text.strip().split(",") == selectors.COLUMNS


# --- a day's grid ----------------------------------------------------------------------------------------------------
def grid(api, **query):
    return api.get(INTERVALS, SUPPORT | query).json()


def test_the_grid_has_what_was_what_is_and_what_is_to_come(api):
    post_all(api, *(interval(minutes=minutes) for minutes in (-60, -30)), interval(minutes=0, offered=0, agents=12))
    post_forecast(api, *(forecast(minutes=30 * place, scheduled_agents=13) for place in range(-20, 28)))
    found = grid(api)
    assert (found["date"], found["time_zone"], found["interval_minutes"]) == ("2026-01-31", "UTC", 30)
    intervals = found["intervals"]
    assert len(intervals) == 48
    assert [each["state"] for each in intervals] == ["past"] * 20 + ["now"] + ["to_come"] * 27
    assert intervals[19] == {
        "start": at(-30),
        "end": at(0),
        "state": "past",
        "forecast": 100.0,
        "reforecast": None,
        "offered": 100,
        "answered": 100,
        "abandoned": 0,
        "required": 14,
        "scheduled": 13,
        "available": 14,
        "gap": 0,
        "service_level": 90.0,
        "asa_seconds": 8.0,
        "aht_seconds": 180.0,
        "occupancy": 75.0,
        "suspect": False,
        "as_of": None,
    }
    assert (intervals[20]["available"], intervals[20]["gap"], intervals[20]["reforecast"]) == (12, -2, 100.0)
    assert (intervals[21]["available"], intervals[21]["gap"], intervals[21]["offered"]) == (None, -1, None)


def test_the_grid_of_a_department_is_the_sum_of_its_queues(api):
    post_all(api, interval(), interval("billing", offered=50, answered=50, answered_in_target=45))
    post_forecast(api, forecast(minutes=-30), forecast("billing", minutes=-30, offered=50))
    found = api.get(INTERVALS, {"department_id": "dept_456"}).json()["intervals"][19]
    parts = [grid(api, queue_name=name)["intervals"][19] for name in ("support", "billing")]
    for name in ("forecast", "offered", "answered", "required", "available", "gap"):
        assert found[name] == sum(part[name] for part in parts), name
    assert found["aht_seconds"] == 240.0  # 36000 seconds of 150 contacts


def test_shifts_say_who_is_scheduled_where_the_forecast_does_not(api):
    shift = {"department_id": "dept_456", "queue_names": ["support"], "kind": "work", "end": at(45)}
    shifts = [shift | {"shift_id": str(n), "employee_id": str(n), "start": at(-15)} for n in range(4)]
    assert post(api, {"items": shifts}, SHIFTS)["status"] == 201
    scheduled = [each["scheduled"] for each in grid(api)["intervals"][18:23]]
    assert scheduled == [0, 2, 4, 2, 0]


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [("Europe/Berlin", "2026-03-29", 46), ("Europe/Berlin", "2026-10-25", 50), ("Asia/Kathmandu", "2026-01-31", 48)],
)
def test_a_day_of_the_grid_is_local(api, organization, zone, day, count):
    organization.time_zone = zone
    organization.save()
    found = grid(api, date=day)
    assert (len(found["intervals"]), found["time_zone"]) == (count, zone)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "today"])
def test_a_grid_of_no_day_that_could_be_is_refused(api, day):
    answer = api.get(INTERVALS, SUPPORT | {"date": day})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["date"])


def test_a_grid_without_anything_is_empty_cells(api):
    for query in ({}, SUPPORT, {"department_id": "dept_456"}):
        cells = api.get(INTERVALS, query).json()["intervals"]
        assert len(cells) == 48
        assert {each["required"] for each in cells} == {each["offered"] for each in cells} == {None}


def test_quarters_and_half_hours_meet_in_half_hours(api):
    post_all(api, interval(minutes=-30, length=15), interval(minutes=-15, length=15))
    post_forecast(api, forecast(minutes=-30))
    cell = grid(api)["intervals"][19]
    assert (cell["offered"], cell["forecast"]) == (200, 100.0)


# --- what if ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def textbook(api):
    post_all(api, *(interval(minutes=minutes) for minutes in (-60, -30)))
    post_forecast(api, *(forecast(minutes=minutes) for minutes in (0, 30)))


def what_if(api, **change):
    return post(api, SUPPORT | change, WHAT_IF)


def test_the_baseline_is_what_is(api, textbook):
    answer = what_if(api)
    assert (
        answer["baseline"]
        == answer["scenario"]
        == {
            "agents": 14,
            "calls": 100.0,
            "aht_seconds": 180.0,
            "interval_minutes": 30.0,
            "required": 14,
            "gap": 0,
            "service_level": pytest.approx(90.13, abs=0.05),  # as in test_compute, by SciPy
            "occupancy": 71.43,
            "asa_seconds": pytest.approx(6.7, abs=0.1),
            "risk_score": pytest.approx(17.1, abs=0.3),
            "outlook_risk": pytest.approx(17.1, abs=0.3),
            # 180 of 200 so far, 90.13 of this hundred, and 88.84 of the next by Erlang C.
            "day_end_service_level": pytest.approx((180 + 90.13 + 88.84) / 4, abs=0.05),
        }
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"agents": 13}, {"agents": 13, "gap": -1, "risk_score": pytest.approx(32.4, abs=0.3)}),
        # Ten agents are busy all the time, but begin without a queue: by SciPy as above.
        (
            {"agents": 10},
            {"service_level": pytest.approx(41.1, abs=0.2), "risk_score": pytest.approx(84, abs=1), "occupancy": 100.0},
        ),
        ({"agents": 0}, {"agents": 0, "gap": -14, "risk_score": 100.0, "occupancy": None}),
        ({"volume": 0}, {"calls": 0.0, "required": 0, "risk_score": None, "occupancy": 0.0}),
        ({"volume": 200}, {"required": 24, "gap": -10}),
        ({"aht_seconds": 360}, {"required": 25, "aht_seconds": 360.0}),
    ],
)
def test_a_change_moves_what_follows_from_it(api, textbook, change, expected):
    answer = what_if(api, **change)
    assert answer["baseline"]["risk_score"] == pytest.approx(17.1, abs=0.3)
    assert {name: answer["scenario"][name] for name in expected} == expected


def test_a_change_of_the_rest_of_the_day_moves_the_intervals_to_come(api, textbook):
    """With ten agents 41 of this hundred are in time; so few also in the next half hour only if the change goes on."""
    once, on = what_if(api, agents=10)["scenario"], what_if(api, agents=10, rest_of_day=True)["scenario"]
    until = what_if(api, agents=10, until=at(60))["scenario"]
    assert once["day_end_service_level"] == pytest.approx((180 + 41.1 + 88.84) / 4, abs=0.1)
    assert on["day_end_service_level"] == until["day_end_service_level"] == pytest.approx((180 + 2 * 41.1) / 4, abs=0.6)
    assert on["service_level"] == once["service_level"]


def test_agents_who_move_leave_one_queue_and_join_the_other(api, textbook):
    post_all(api, interval("billing", minutes=-30))
    post_forecast(api, *(forecast("billing", minutes=minutes) for minutes in (0, 30)))
    answer = what_if(api, move_agents=2, from_queue_name="billing")
    assert [answer[name]["agents"] for name in ("baseline", "scenario")] == [14, 16]
    source = answer["source"]
    assert (source["queue_name"], source["baseline"]["agents"], source["scenario"]["agents"]) == ("billing", 14, 12)
    assert answer["scenario"]["service_level"] == what_if(api, agents=16)["scenario"]["service_level"]
    assert source["scenario"] == what_if(api, queue_name="billing", agents=12)["scenario"]
    assert source["scenario"]["day_end_service_level"] < source["baseline"]["day_end_service_level"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"move_agents": 2}, "from_queue_name"),
        ({"from_queue_name": "billing"}, "from_queue_name"),
        ({"move_agents": 2, "from_queue_name": "support"}, "from_queue_name"),
        ({"move_agents": 2, "from_queue_name": "billing", "agents": 3}, "agents"),
        ({"move_agents": 0, "from_queue_name": "billing"}, "move_agents"),
        ({"move_agents": 15, "from_queue_name": "billing"}, "move_agents"),
        ({"until": at(-1)}, "until"),
        ({"until": at(60), "rest_of_day": True}, "until"),
    ],
)
def test_a_change_that_cannot_be_is_refused(api, textbook, change, field):
    post_all(api, interval("billing"))  # with 14 agents
    answer = api.post(WHAT_IF, SUPPORT | change, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_plans_for_another_volume_do_not_bind_a_scenario(api):
    post_all(api, interval())
    post_forecast(api, forecast(required_agents=30))
    answer = what_if(api, volume=100)
    assert (answer["baseline"]["required"], answer["scenario"]["required"]) == (30, 14)


def test_of_a_queue_of_which_nothing_is_known_nothing_is_told(api):
    answer = what_if(api, agents=5)
    assert answer["scenario"]["agents"] == 5
    assert {answer["scenario"][name] for name in ("required", "gap", "risk_score", "service_level")} == {None}


def test_what_if_stores_nothing(api, textbook, rows_stored):
    before = rows_stored()
    what_if(api, agents=3)
    assert rows_stored() == before


def test_deferred_work_has_its_what_if(api):
    scope = Scope.objects.get(queue_name="support")
    services.save_queue_settings(QueueSettings(scope=scope, kind="deferred", aht_seconds=600), now=TEN)
    body = {"snapshot_time": at(0), "total_items": 60, "average_wait_time_minutes": 30}
    assert post(api, SUPPORT | body, "/api/intraday/backlog/ingest")["status"] == 201
    few, many = (what_if(api, agents=agents)["scenario"] for agents in (1, 30))
    assert few["required"] == many["required"]
    assert few["risk_score"] >= many["risk_score"] == 0.0


# --- bad questions ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        (COMPUTE, {"as_of_time": at(1.1)}, "as_of_time"),
        (COMPUTE, {"as_of_time": "2026-01-31T10:00:00"}, "as_of_time"),
        (COMPUTE, {"as_of_time": "soon"}, "as_of_time"),
        (WHAT_IF, {}, "queue_name"),
        (WHAT_IF, SUPPORT | {"agents": -1}, "agents"),
        (WHAT_IF, SUPPORT | {"agents": 1.5}, "agents"),
        (WHAT_IF, SUPPORT | {"volume": "NaN"}, "volume"),
        (WHAT_IF, SUPPORT | {"volume": -1}, "volume"),
        (WHAT_IF, SUPPORT | {"volume": 1e9}, "volume"),
        (WHAT_IF, SUPPORT | {"aht_seconds": 0}, "aht_seconds"),
    ],
)
def test_a_bad_question_is_refused(api, rows_stored, path, body, name):
    before = rows_stored()
    answer = post(api, body, path)
    assert (answer["status"], list(answer["errors"])) == (400, [name])
    assert rows_stored() == before


@pytest.mark.parametrize("query", [{"date": "31.01.2026"}, {"date": "2026-02-30"}, {"queue_name": "nowhere"}])
def test_a_bad_grid_is_refused(api, query):
    assert api.get(INTERVALS, query).status_code == (404 if "queue_name" in query else 400)


@pytest.mark.parametrize("path", [COMPUTE, WHAT_IF])
def test_an_unknown_queue_is_not_found(api, path):
    assert post(api, {"queue_name": "nowhere"}, path)["status"] == 404


def test_what_is_posted_late_does_not_change_what_was_told(api):
    """The history says what was known then."""
    post(api, interval(offered=100), INGEST)
    compute(api, **SUPPORT)
    post(api, interval(offered=120, as_of=at(0.5)), INGEST)
    assert api.get(HISTORY, SUPPORT).json()["items"][0]["service"]["offered"] == 100
