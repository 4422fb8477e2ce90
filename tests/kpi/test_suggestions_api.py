"""Suggestions over the API: with people on shift, by role and department, in words to copy."""

import pytest
from rest_framework.test import APIClient

from intraday.org.models import Organization, Role
from tests.access.people import browser_of, person
from tests.kpi.people import on_shift
from tests.kpi.posting import KPI, clock, compute, forecast, interval, post_all, post_forecast

SUGGESTIONS = f"{KPI}/suggestions"


@pytest.fixture(autouse=True)
def ten_past_ten():
    with clock(10):
        yield


@pytest.fixture
def floor(api: APIClient) -> None:
    """Support is overrun; billing has heads to spare, and six people serve both."""
    on_shift(api, 10, "claims", departments=["dept_789"])
    on_shift(api, 12, "support", breaks=[(20, 50)])
    on_shift(api, 14, "billing")
    on_shift(api, 12, "support", "billing")
    crowd = {"offered": 70, "answered": 50, "answered_in_target": 30, "waiting_now": 14, "longest_wait_seconds": 150}
    calm = {"offered": 22, "answered": 22, "answered_in_target": 22, "waiting_now": 0, "longest_wait_seconds": 0}
    running = {"handle_seconds": 6_000, "available_seconds": 1_000, "wait_seconds": 0, "minutes": 0}
    post_all(
        api,
        *(interval(**{**running, "queue": name, **counts}) for name, counts in (("support", crowd), ("billing", calm))),
    )
    plan = [
        forecast(name, minutes=start, offered=calls)
        for name, calls in (("support", 110), ("billing", 70))
        for start in range(0, 240, 30)
    ]
    post_forecast(api, *plan)
    compute(api, 10)


def suggestions(api: APIClient, **scope: str):
    return api.get(SUGGESTIONS, scope).json()["suggestions"]


def test_a_suggestion_tells_its_effect_on_both_queues_and_can_be_copied(api, floor):
    answer = api.get(SUGGESTIONS, {"queue_name": "support"}).json()
    best = next(each for each in answer["suggestions"] if each["kind"] == "move")
    support, billing = best["effects"]

    assert (answer["as_of"], best["from_queue_name"]) == ("2026-01-31T10:10:00Z", "billing")
    assert (support["queue_name"], support["agents_after"]) == ("support", support["agents_before"] + best["agents"])
    assert (billing["queue_name"], billing["agents_after"]) == ("billing", billing["agents_before"] - best["agents"])
    assert support["service_level_after"] > support["service_level_before"]
    assert billing["service_level_after"] >= billing["target_service_level"]
    agents = f"{best['agents']} agent{'' if best['agents'] == 1 else 's'}"
    assert best["text"].startswith(f"Move {agents} from billing to support until 11:00. support: ")
    assert f"to {int(support['service_level_after'])} % at 10:30" in best["text"]
    assert "the end of the day" in best["text"]


def test_the_figures_before_are_those_of_the_tile_and_of_what_if(api, floor):
    best = next(each for each in suggestions(api, queue_name="support") if each["kind"] == "move")
    tile = api.get(f"{KPI}/current", {"queue_name": "support"}).json()["current"]
    move = {
        "queue_name": "support",
        "move_agents": best["agents"],
        "from_queue_name": "billing",
        "until": best["until"],
    }
    answer = api.post(f"{KPI}/what-if", move, format="json").json()
    for effect, case in zip(best["effects"], (answer, answer["source"]), strict=True):
        for moment, side in (("before", "baseline"), ("after", "scenario")):
            told = {
                name: effect[f"{name}_{moment}"] for name in ("service_level", "day_end_service_level", "outlook_risk")
            }
            assert told == {name: case[side][name] for name in told}
    assert best["effects"][0]["service_level_before"] == tile["sla_risk"]["projected_service_level"]


def test_held_breaks_are_those_of_people_at_work_that_have_not_begun(api, floor):
    found = [each for each in suggestions(api, queue_name="support") if each["kind"] == "hold_breaks"]
    assert [each["agents"] for each in found] == [12]
    assert "Hold 12 breaks of support until 11:00." in found[0]["text"]


def test_nobody_moves_who_does_not_serve_both_queues(api):
    on_shift(api, 12, "support")
    on_shift(api, 20, "billing")
    post_all(
        api,
        interval(minutes=0, offered=70, answered=40, answered_in_target=10, waiting_now=20, longest_wait_seconds=200),
    )
    post_forecast(api, forecast(), forecast("billing", offered=20))
    assert not [each for each in suggestions(api) if each["kind"] == "move"]


def test_of_calm_queues_without_people_to_spare_nothing_is_suggested(api):
    post_all(api, interval(minutes=-30))
    assert suggestions(api) == []


def test_who_is_limited_to_a_department_is_offered_no_people_of_another(api, organization: Organization, floor):
    limited = browser_of(person("lea", organization, Role.VIEWER, "dept_789"))
    answer = limited.get(SUGGESTIONS, {"organization_id": "org_123", "department_id": "dept_789"})
    assert answer.status_code == 200
    assert {each["queue_name"] for each in answer.json()["suggestions"]} <= {"claims"}
    assert limited.get(SUGGESTIONS, {"organization_id": "org_123", "queue_name": "support"}).status_code == 404
