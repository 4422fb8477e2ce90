"""Actions of people: noted, heard by others, read by role and department, measured afterwards, kept for a time."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from alerts.actions import services
from alerts.actions.models import Action
from intraday.audit.models import AuditEntry
from intraday.org.models import Organization, Role
from intraday.org.services import add_queues
from tests.access.people import browser_of, person
from tests.backlog.posting import TEN, at
from tests.golden import assert_golden
from tests.heard import Hear
from tests.kpi.posting import BATCH, interval
from tests.rest.contract import ContractClient, contract_client

ACTIONS = "/api/intraday/actions"
STREAM = "alerts:org:org_123"
ORG = {"organization_id": "org_123"}


def effect(queue: str, before: float, after: float) -> dict[str, object]:
    return {
        "department_id": "dept_456",
        "queue_name": queue,
        "interval_end": at(30),
        "service_level_before": before,
        "service_level_after": after,
        "day_end_service_level_before": 80.0,
        "day_end_service_level_after": 81.5,
        "target_service_level": 80.0,
        "outlook_risk_before": 70.0,
    }


MOVE = {
    "queue_name": "support",
    "kind": "move",
    "agents": 2,
    "from_queue_name": "billing",
    "until": at(60),
    "note": "Mara and Jonas",
    "predicted": [effect("support", 61.0, 82.0), effect("billing", 95.0, 88.0)],
}


@pytest.fixture(autouse=True)
def ten_past_ten():
    with time_machine.travel(TEN + timedelta(minutes=10), tick=False):
        yield


@pytest.fixture
def dana(organization: Organization) -> APIClient:
    return browser_of(person("dana", organization, Role.ANALYST))


@pytest.fixture
def feed(organization: Organization) -> ContractClient:
    return contract_client(organization)


def note(client: APIClient, **fields: object):
    return client.post(ACTIONS, {**ORG, **MOVE, **fields}, format="json")


def read(client: APIClient, **query: object):
    answer = client.get(ACTIONS, {**ORG, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


def test_an_action_is_stored_told_to_others_and_in_the_audit_log(dana: APIClient, heard: Hear):
    with heard(STREAM) as events:
        answer = note(dana)
    told = events.of("support")

    assert answer.status_code == 201
    assert (told["kind"], told["agents"], told["from_queue_name"], told["noted_by"]) == ("move", 2, "billing", "dana")
    assert [each["service_level_after"] for each in told["predicted"]] == [82.0, 88.0]
    [item] = read(dana)
    assert {name: item[name] for name in told} == told
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.actor, entry.after["note"]) == ("action.noted", "dana", "Mara and Jonas")


def test_the_event_looks_like_its_example(dana: APIClient, heard: Hear):
    with heard(STREAM) as events:
        note(dana)
    assert_golden(events[0], action_id=1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "dance"}, "kind"),
        ({"kind": "other", "from_queue_name": None, "note": " "}, "note"),
        ({"from_queue_name": None}, "from_queue_name"),
        ({"from_queue_name": "support"}, "from_queue_name"),
        ({"kind": "call_in"}, "from_queue_name"),
        ({"until": at(0)}, "until"),
        ({"until": at(60 * 24 * 8)}, "until"),
        ({"agents": 0}, "agents"),
        ({"predicted": [effect("sales", 1, 2)]}, "predicted"),
        ({"predicted": [effect("support", 1, 102)]}, "predicted"),
    ],
)
def test_a_bad_action_changes_nothing(dana: APIClient, heard: Hear, change: dict, field: str):
    with heard(STREAM) as events:
        answer = note(dana, **change)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not events
    assert not Action.objects.exists()


def test_people_and_their_words_are_left_out_for_keys_that_may_not_see_them(dana: APIClient, feed: ContractClient):
    note(dana)
    [seen], [redacted] = read(dana), read(feed)
    assert (seen["noted_by"], seen["note"]) == ("dana", "Mara and Jonas")
    assert not {"noted_by", "note"} & redacted.keys()


def test_who_is_limited_to_a_department_sees_neither_actions_nor_queues_of_another(
    dana: APIClient, organization: Organization
):
    add_queues(organization, [("dept_789", "claims")])
    claims = {"department_id": "dept_789", "queue_name": "claims"}
    note(dana, **claims, predicted=[effect("billing", 95.0, 88.0)])
    note(dana)
    lea = browser_of(person("lea", organization, Role.ANALYST, "dept_789"))

    [item] = read(lea, department_id="dept_789")

    assert (item["queue_name"], item["predicted"]) == ("claims", [])
    assert not {"from_queue_name", "from_department_id"} & item.keys()
    assert note(lea, **claims).status_code == 404  # billing is not for her to move people from
    assert {each["queue_name"] for each in read(dana, queue_name="billing")} == {"claims", "support"}


def test_the_effect_is_measured_by_the_intervals_that_follow(dana: APIClient, feed: ContractClient):
    note(dana)
    rows = [
        interval("support", minutes, answered_in_target=met)
        for minutes, met in ((-30, 40), (0, 70), (30, 90), (60, 95))
    ]
    with time_machine.travel(TEN + timedelta(minutes=95), tick=False):
        assert feed.post(BATCH, {"items": rows}, format="json").status_code == 201
        [item] = read(dana)
    found = [
        (each["end"], each["service_level"], each.get("predicted"), each.get("without")) for each in item["measured"]
    ]
    assert found == [(at(30), 70.0, 82.0, 61.0), (at(60), 90.0, None, None), (at(90), 95.0, None, None)]


def test_actions_are_read_by_day_in_pages_and_as_a_file(dana: APIClient):
    for agents in (1, 2, 3):
        note(dana, agents=agents)
    page = dana.get(ACTIONS, {**ORG, "limit": 2}).json()
    rest = dana.get(ACTIONS, {**ORG, "limit": 2, "cursor": page["next"]}).json()
    assert [each["agents"] for each in (*page["items"], *rest["items"])] == [3, 2, 1]
    assert rest["next"] is None
    assert read(dana, date="2026-01-30") == []

    answer = dana.get(ACTIONS, {**ORG, "queue_name": "support", "date": "2026-01-31", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert next((row["agents"], row["noted_by"], row["predicted.1.service_level_after"]) for row in rows) == (
        "3",
        "dana",
        "88.0",
    )
    assert 'filename="actions_org_123_dept_456_support_2026-01-31.csv"' in answer.headers["Content-Disposition"]


def test_actions_go_when_alerts_of_their_age_do(dana: APIClient, settings):
    note(dana)
    assert services.purge(now=TEN + settings.KEEP_ALERTS) == 0
    assert services.purge(now=TEN + settings.KEEP_ALERTS + timedelta(minutes=11)) == 1
