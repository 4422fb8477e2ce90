"""States of agents: what a feed is answered, who is shown in which state, and adherence to the schedule."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from attendance import services
from attendance.models import AgentState, AttendanceSettings
from intraday.org.models import Organization, Role
from intraday.org.services import add_queues
from tests.access.people import browser_of, person
from tests.attendance.posting import DAY, PEOPLE, STREAM, Row, at, moment, plan, record, say, shift, state, tell
from tests.heard import Hear
from tests.rest.contract import ContractClient

PERSON_DAY = "/api/intraday/attendance/states"
BY_STATE = "/api/intraday/attendance/by-state"
ADHERENCE = "/api/intraday/attendance/adherence"


def outcomes(answer: Any) -> list[str]:
    return [each["result"] for each in answer["results"]]


@pytest.fixture
def supervisor(organization: Organization) -> ContractClient:
    client = ContractClient()
    client.force_login(person("the supervisor", organization, Role.SUPERVISOR))
    return client


def people(client: Any, minutes: float, **query: Any) -> dict[str, Row]:
    with time_machine.travel(moment(minutes), tick=False):
        answer = client.get(PEOPLE, query)
    assert answer.status_code == 200, answer.content
    return {each["employee_id"]: each for each in answer.json()["items"]}


def adherence(client: Any, minutes: float = 20 * 60, **query: Any) -> list[Row]:
    with time_machine.travel(moment(minutes), tick=False):
        answer = client.get(ADHERENCE, {"since": "2026-01-30", **query})
    assert answer.status_code == 200, answer.content
    return list(answer.json()["items"])


# --- what a feed is answered -----------------------------------------------------------------------------------------
def test_each_row_is_answered_as_what_it_is(api: ContractClient):
    assert outcomes(tell(api, state(minutes=10))) == ["created"]
    assert outcomes(tell(api, state(minutes=10))) == ["duplicate"]
    assert outcomes(tell(api, state(minutes=10, name="on_contact"))) == ["corrected"]
    assert outcomes(tell(api, state(minutes=5))) == ["late"]
    assert outcomes(tell(api, state(minutes=20), state(minutes=30, name="break"))) == ["superseded", "created"]
    spans = [(each.state, (each.ends - each.starts) // 60_000_000) for each in AgentState.objects.order_by("starts")]
    assert spans == [("available", 5), ("on_contact", 10), ("available", 10), ("break", 600)]


def test_a_row_that_cannot_be_is_refused_and_the_others_are_stored(api: ContractClient):
    with time_machine.travel(moment(60), tick=False):
        answer = tell(api, state("ada", 0), state("ben", 0, "asleep"), state("cy", 70))
    assert (answer["status"], answer["accepted"]) == (207, 1)
    assert [set(each["errors"]) for each in answer["rejected"]] == [{"state"}, {"since"}]


def test_only_states_that_are_news_publish_and_their_figures_follow_the_answer(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"))
    with heard(STREAM) as published:
        answer = tell(api, state("ada", 0, "on_contact"), state("ben", 1, "break"))
    figure = published.of("organization")
    assert {name: count for name, count in figure["by_state"].items() if count} == {"on_contact": 1, "break": 1}
    assert [each["event"] for each in answer["results"]] == [None, None]
    with heard(STREAM) as published:
        tell(api, state("ada", 0, "on_contact"))
    assert published == []


def test_a_dry_run_stores_nothing(api: ContractClient):
    tell(api, state(), dry_run="true")
    assert not AgentState.objects.exists()


# --- states and the schedule -----------------------------------------------------------------------------------------
def test_people_show_state_schedule_and_how_long(api: ContractClient, supervisor: ContractClient):
    plan(api, shift("ada", queue_names=["support"]), shift("ada", 60, 75, "break"))
    tell(api, state("ada", 0), state("ada", 30, "on_contact"), state("ada", 40))
    ada = people(supervisor, 50)["ada"]
    assert (ada["scheduled_activity"], ada["state"], ada["state_seconds"]) == ("work", "available", 600)
    assert (ada["adherence_percent"], ada["out_of_adherence_since"]) == (100, None)
    ada = people(supervisor, 70)["ada"]
    assert (ada["scheduled_activity"], ada["out_of_adherence_since"]) == ("break", at(60))
    assert (ada["out_of_adherence_minutes"], ada["adherence_percent"]) == (10, 85.71)


def test_a_deviation_within_the_tolerance_counts_as_adherent_and_a_longer_one_whole(
    api: ContractClient, supervisor: ContractClient, organization: Organization
):
    plan(api, shift("ada", 0, 100))
    tell(api, state("ada", 5), state("ada", 50, "break"), state("ada", 56))
    assert adherence(supervisor)[0]["adherent_minutes"] == 94
    services.save_settings(AttendanceSettings(organization=organization, adherence_tolerance_minutes=6))
    assert adherence(supervisor)[0]["adherent_minutes"] == 100


def test_without_a_published_schedule_nobody_is_out_of_adherence(api: ContractClient, supervisor: ContractClient):
    tell(api, state("ada", 0, "break"))
    say(api, record("ben", 0, shift_start=at(0), shift_end=at(DAY)))
    say(api, record("ben", 10, "on_break"))
    found = people(supervisor, 60)
    assert {name: each["reason"] for name, each in found.items()} == {"ada": "no_schedule", "ben": "no_schedule"}
    assert {each["out_of_adherence_since"] for each in found.values()} == {None}
    assert {each["adherence_percent"] for each in found.values()} == {None}


def test_where_nothing_is_recorded_there_is_no_adherence(api: ContractClient, supervisor: ContractClient):
    plan(api, shift("ada"))
    [ada] = adherence(supervisor)
    assert (ada["scheduled_minutes"], ada["adherence_percent"], ada["reason"]) == (DAY, None, "not_recorded")


def test_states_come_from_check_ins_where_no_feed_reports_them(api: ContractClient, supervisor: ContractClient):
    plan(api, shift("ada"), shift("ben"), shift("cy"), shift("dan"))
    say(api, record("ada"), record("ben", 0), record("cy"))
    say(api, record("ben", 20, "on_break"), record("cy", 20, "training"))
    found = people(supervisor, 30)
    assert {name: each["state"] for name, each in found.items()} == {
        "ada": "present",
        "ben": "break",
        "cy": "training",
        "dan": None,
    }
    assert found["ben"]["state_since"] == at(20)


def test_a_reported_state_counts_before_a_check_in_and_a_check_out_ends_it(
    api: ContractClient, supervisor: ContractClient
):
    plan(api, shift("ada"), shift("ben"), shift("cy"))
    say(api, *(record(name) for name in ("ada", "ben", "cy")))
    tell(api, *(state(name, 5) for name in ("ada", "ben", "cy")))
    tell(api, state("ada", 20, "meeting"), state("cy", 20, "offline"))
    say(api, record("ben", 20, "checked_out"), record("cy", 20, "on_break"))
    assert {name: each["state"] for name, each in people(supervisor, 30).items()} == {
        "ada": "meeting",
        "ben": None,
        "cy": "break",
    }


def test_who_is_in_a_state_is_present_without_a_check_in(api: ContractClient, supervisor: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"), shift("cy"))
    with heard(STREAM) as published:
        tell(api, state("ada", 0, "on_contact"), state("ben", 0, "offline"), state("zoe", 130))
    for figure in (published.of("organization"), published.of("dept_456")):
        assert (figure["scheduled_count"], figure["present_count"], figure["absent_count"]) == (3, 1, 2)
        assert (figure["no_show_count"], figure["lost_minutes"]) == (2, 260)
    assert {name: each["status"] for name, each in people(supervisor, 130).items()} == {
        "ada": "present",
        "ben": "no_show",
        "cy": "no_show",
        "zoe": "unscheduled",
    }
    assert set(people(supervisor, 130, status="present")) == {"ada"}
    assert set(people(supervisor, 130, status="absent")) == {"ben", "cy"}
    assert set(people(supervisor, 130, status="unscheduled")) == {"zoe"}


def test_a_state_does_not_last_into_the_next_day(api: ContractClient, supervisor: ContractClient):
    plan(api, shift("ada"), shift("ada", 24 * 60, 24 * 60 + DAY))
    tell(api, state("ada", DAY - 10))
    assert people(supervisor, 24 * 60 + 3)["ada"]["state"] is None


# --- counts ----------------------------------------------------------------------------------------------------------
def test_who_is_out_of_adherence_for_longer_than_the_tolerance_is_counted(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"), shift("cy"))
    tell(api, state("ada", 0), state("ben", 0), state("ada", 60, "break"), state("ben", 72, "other"))
    with heard(STREAM) as published:
        tell(api, state("zoe", 75))
    figure = published.of("organization")
    assert (figure["out_of_adherence_count"], figure["longest_out_of_adherence_minutes"]) == (1, 15)
    assert published.of("dept_456")["out_of_adherence_count"] == 1


def test_offline_without_a_check_in_is_absence_and_no_deviation(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"))
    say(api, record("ben"))
    with heard(STREAM) as published:
        tell(api, state("ada", 0, "offline"), state("ben", 10, "offline"), state("zoe", 20))
    figure = published.of("organization")
    assert (figure["by_state"]["offline"], figure["out_of_adherence_count"], figure["absent_count"]) == (1, 1, 1)


def test_time_alone_takes_people_out_of_adherence(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ada", 60, 90, "break"))
    tell(api, state("ada", 0))
    with heard(STREAM) as published:
        services.refresh(organization_id="org_123", now=moment(64))
    assert list(published) == []
    with heard(STREAM) as published:
        services.refresh(organization_id="org_123", now=moment(66))
    assert published.of("organization")["out_of_adherence_count"] == 1


def test_counts_of_a_queue_are_of_the_people_whose_shift_names_it(api: ContractClient, organization: Organization):
    add_queues(organization, [("dept_456", "support"), ("dept_456", "billing")])
    plan(api, shift("ada", queue_names=["support"]), shift("ben", queue_names=["billing"]), shift("cy"))
    plan(api, shift("dan", queue_names=["support"]))
    tell(api, state("ada", 0, "on_contact"), state("ben", 0, "after_contact"), state("cy"))
    with time_machine.travel(moment(10), tick=False):
        found = api.get(BY_STATE, {"department_id": "dept_456", "queue_name": "support"}).json()
        whole = api.get(BY_STATE).json()
    assert {name: count for name, count in found["by_state"].items() if count} == {"on_contact": 1}
    assert (found["scheduled_count"], found["absent_count"], whole["scheduled_count"]) == (2, 1, 4)


def test_without_a_shift_that_names_queues_the_state_does(api: ContractClient, organization: Organization):
    add_queues(organization, [("dept_456", "support"), ("dept_456", "billing")])
    plan(api, shift("ben", queue_names=["billing"]), shift("cy"))
    of_support = {"queue_names": ["support"]}
    tell(api, state("ada", 0, "on_contact", **of_support), state("ben", 0, **of_support))
    tell(api, state("cy", 0, "break", **of_support), state("dan", 0))
    with time_machine.travel(moment(10), tick=False):
        found = api.get(BY_STATE, {"department_id": "dept_456", "queue_name": "support"}).json()
    assert {name: count for name, count in found["by_state"].items() if count} == {"on_contact": 1, "break": 1}


def test_people_are_found_by_queue_state_and_adherence(
    api: ContractClient, supervisor: ContractClient, organization: Organization
):
    add_queues(organization, [("dept_456", "support"), ("dept_456", "billing")])
    plan(api, shift("ada", queue_names=["support"]), shift("ben", queue_names=["support", "billing"]))
    tell(api, state("ada", 0, "break"), state("ben"))
    say(api, record("zoe", 0))
    assert set(people(supervisor, 10, queue_name="support")) == {"ada", "ben"}
    assert set(people(supervisor, 10, queue_name="billing")) == {"ben"}
    assert set(people(supervisor, 10, state="break")) == {"ada"}
    assert set(people(supervisor, 10, state="present")) == {"zoe"}
    assert set(people(supervisor, 10, out_of_adherence="true")) == {"ada"}


# --- history ---------------------------------------------------------------------------------------------------------
def test_adherence_is_read_by_person_queue_and_day_page_by_page(
    api: ContractClient, supervisor: ContractClient, organization: Organization
):
    add_queues(organization, [("dept_456", "support")])
    for day in (0, 24 * 60):
        plan(api, shift("ada", day, day + 60, queue_names=["support"]), shift("ben", day, day + 60))
        tell(api, state("ada", day), state("ben", day + 30), state("ada", day + 60, "offline"))
    late = 4 * 24 * 60
    [queue] = adherence(supervisor, late, by="queue")
    assert (queue["queue_name"], queue["adherence_percent"], queue["employee_id"]) == ("support", 100, None)
    [day] = adherence(supervisor, late, by="day", department_id="dept_456")
    assert (day["scheduled_minutes"], day["adherence_percent"], day["conformance_percent"]) == (120, 75, 75)
    with time_machine.travel(moment(late), tick=False):
        query = {"since": "2026-01-30", "until": "2026-01-31", "limit": "2"}
        first = supervisor.get(ADHERENCE, query).json()
        assert [each["employee_id"] for each in first["items"]] == ["ada", "ben"]
        second = supervisor.get(ADHERENCE, {**query, "cursor": first["next"]}).json()
    assert ({each["date"] for each in second["items"]}, second["next"]) == ({"2026-01-31"}, None)
    assert [each["employee_id"] for each in adherence(supervisor, late, employee_id="ben")] == ["ben"]


def test_the_csv_is_the_json(api: ContractClient, supervisor: ContractClient):
    plan(api, shift("ada"), shift("ben"))
    tell(api, state("ada"))
    items = adherence(supervisor)
    with time_machine.travel(moment(20 * 60), tick=False):
        text = supervisor.get(ADHERENCE, {"since": "2026-01-30", "format": "csv"}).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["adherence_percent"] for row in rows] == [str(each["adherence_percent"]) for each in items]
    assert set(rows[0]) == set(items[0])


def test_a_person_is_shown_over_a_day(api: ContractClient, supervisor: ContractClient):
    plan(api, shift("ada", 0, 120), shift("ada", 60, 75, "break"))
    say(api, record("ada", -5))
    tell(api, state("ada", 0), state("ada", 10, "on_contact"), state("ada", 62, "lunch"))
    with time_machine.travel(moment(70), tick=False):
        day = supervisor.get(PERSON_DAY, {"employee_id": "ada"}).json()
    assert [(each["state"], each["start"]) for each in day["states"]] == [
        ("present", at(-5)),
        ("available", at(0)),
        ("on_contact", at(10)),
        ("lunch", at(62)),
    ]
    assert day["states"][-1]["end"] == day["as_of"] == at(70)
    assert [(each["activity"], each["start"]) for each in day["schedule"]] == [
        ("work", at(0)),
        ("break", at(60)),
        ("work", at(75)),
    ]


def test_rows_of_people_are_for_roles_that_see_names(api: ContractClient, organization: Organization):
    plan(api, shift("ada"))
    tell(api, state("ada", employee_name="Ada"))
    viewer = browser_of(person("a viewer", organization, Role.VIEWER))
    assert viewer.get(ADHERENCE, {"by": "person"}).status_code == 403
    assert viewer.get(PERSON_DAY, {"employee_id": "ada"}).status_code == 403
    assert viewer.get(ADHERENCE, {"by": "queue"}).status_code == 200
    assert viewer.get(BY_STATE).status_code == 200


def test_a_person_of_another_department_is_unknown(api: ContractClient, organization: Organization):
    add_queues(organization, [("dept_456", ""), ("dept_789", "")])
    tell(api, state("ada"))
    limited = browser_of(person("limited", organization, Role.SUPERVISOR, "dept_789"))
    query = {"employee_id": "ada", "department_id": "dept_789"}
    assert limited.get(PERSON_DAY, query).status_code == 404
    assert limited.get(PERSON_DAY, {**query, "employee_id": "nobody"}).status_code == 404


def test_a_person_on_loan_is_shown_to_the_department_of_her_shift(api: ContractClient, organization: Organization):
    add_queues(organization, [("dept_456", ""), ("dept_789", "")])
    tell(api, state("ada", minutes=-24 * 60))
    plan(api, shift("ada", 0, 120, department_id="dept_789"))
    limited = browser_of(person("limited", organization, Role.SUPERVISOR, "dept_789"))
    query = {"employee_id": "ada", "department_id": "dept_789"}
    with time_machine.travel(moment(10), tick=False):
        assert [each["employee_id"] for each in limited.get(PEOPLE, {"department_id": "dept_789"}).json()["items"]] == [
            "ada"
        ]
        assert limited.get(PERSON_DAY, query).json()["employee_id"] == "ada"
        assert limited.get(PERSON_DAY, {**query, "date": "2026-01-20"}).status_code == 404


def test_wrong_questions_are_refused(supervisor: ContractClient):
    for query in (
        {"since": "2026-01-30", "until": "2026-01-01"},
        {"since": "2026-01-01", "until": "2026-03-01"},
        {"until": "2026-03-01"},
        {"by": "queue", "employee_id": "ada"},
    ):
        answer = supervisor.get(ADHERENCE, query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_day_has_the_hours_of_the_local_clock(
    api: ContractClient, supervisor: ContractClient, organization: Organization
):
    """On 29 March 2026 the clocks of Berlin skip an hour: a shift from 22:00 to 06:00 lasts seven hours."""
    Organization.objects.filter(pk=organization.pk).update(time_zone="Europe/Berlin")
    start, end = "2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00"
    plan(api, {**shift("ada"), "start": start, "end": end})
    tell(api, {**state("ada"), "since": start}, {**state("ada", name="offline"), "since": end})
    with time_machine.travel(moment(90 * 24 * 60), tick=False):
        query = {"since": "2026-03-28", "until": "2026-03-29"}
        items = supervisor.get(ADHERENCE, query).json()["items"]
    assert [(each["scheduled_minutes"], each["adherence_percent"]) for each in items] == [(120, 100), (300, 100)]
    assert timedelta(minutes=420) == timedelta(minutes=sum(each["scheduled_minutes"] for each in items))


# --- what else knows states ------------------------------------------------------------------------------------------
def test_a_rule_tells_of_an_agent_who_is_out_of_adherence_for_long(api: ContractClient, organization: Organization):
    admin = browser_of(person("the administrator", organization, Role.ADMIN))
    rule = {
        "organization_id": "org_123",
        "name": "Out of adherence",
        "alert_type": "out_of_adherence",
        "source": "attendance",
        "metric": "longest_out_of_adherence_minutes",
        "operator": ">",
        "threshold": 15,
        "severity": "medium",
        "evaluate_each": "department",
    }
    with time_machine.travel(moment(30), tick=False):
        assert admin.post("/api/alerts/rules", rule, format="json").status_code == 201
        plan(api, shift("ada"), shift("ben"))
        tell(api, state("ada", 10, "break"), state("ben", 26))
        admin.post("/api/alerts/evaluate", {"organization_id": "org_123"}, format="json")
        [alert] = admin.get("/api/alerts", {"organization_id": "org_123"}).json()["items"]
    assert (alert["rule_name"], alert["current_value"], alert["department_id"]) == ("Out of adherence", 30, "dept_456")


def test_states_are_forgotten_after_their_time(api: ContractClient):
    with time_machine.travel(moment(60), tick=False):
        tell(api, state("ada", 0), state("ada", 30, "break"))
    services.purge(now=moment(0) + timedelta(days=34))
    assert AgentState.objects.count() == 2
    services.purge(now=moment(0) + timedelta(days=37))
    assert AgentState.objects.count() == 0


def test_a_deviation_over_midnight_is_one_deviation(api: ContractClient, supervisor: ContractClient):
    """Three minutes of the evening and four of the next morning are longer than the tolerance of five."""
    evening = 14 * 60
    plan(api, shift("ada", evening, evening + 120))
    tell(api, state("ada", evening), state("ada", evening + 57, "break"), state("ada", evening + 64))
    with time_machine.travel(moment(evening + 180), tick=False):
        query = {"since": "2026-01-30", "until": "2026-01-31"}
        items = supervisor.get(ADHERENCE, query).json()["items"]
    assert [each["out_of_adherence_minutes"] for each in items] == [3, 4]
