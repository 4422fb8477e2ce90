"""The story of a scope's day: in order of time, as its caller may see it, in pages and as a file, and its summary."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from alerts.choices import Transition
from alerts.models import Notification
from alerts.notifications.models import Delivery, Outcome
from intraday.database import recent
from intraday.org.models import Organization, Role
from intraday.org.services import add_queues
from kpi.models import StateChange
from tests.access.people import browser_of, person
from tests.alerts.world import World
from tests.backlog.posting import TEN, at
from tests.calls import statements
from tests.kpi.posting import SUPPORT, compute, forecast, interval, post_all, post_forecast
from tests.rest.contract import ContractClient

STORY = "/api/intraday/story"
ORG = {"organization_id": "org_123"}
EASY = {"handle_seconds": 1_800, "answered_in_target": 90}
ACTION = {"queue_name": "support", "kind": "call_in", "agents": 2, "note": "Both come at eleven."}


@pytest.fixture(autouse=True)
def the_evening():
    """The day is the Saturday of TEN; it is eight in the evening."""
    with time_machine.travel(TEN + timedelta(hours=10), tick=False):
        yield


@pytest.fixture
def dana(organization: Organization) -> APIClient:
    return browser_of(person("dana", organization, Role.ANALYST))


def read(client: APIClient, **query: object):
    answer = client.get(STORY, {**ORG, "day": "2026-01-31", **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def changed(world: World, minutes: float, before: str, level: str, queue: str = "support") -> None:
    StateChange.objects.create(
        scope=world.scope(queue), at=TEN + timedelta(minutes=minutes), before=before, level=level
    )


def told(world: World, minutes: float, to: str, outcome: str) -> None:
    """Let a notification of the newest alert be settled, with a recipient or with none."""
    then = TEN + timedelta(minutes=minutes)
    notice = Notification.objects.create(
        alert=world.alert, transition=Transition.TRIGGERED, created_at=then, due_at=then, settled_at=then
    )
    if to:
        fields = {"outcome": outcome, "attempts": 1, "detail": "HTTP 503" if outcome == "failed" else ""}
        Delivery.objects.create(notification=notice, to=to, due_at=then, settled_at=then, **fields)


def a_shift(world: World, dana: APIClient) -> None:
    """The queue turns critical, an alert fires, people are notified, one takes it and calls others in."""
    changed(world, 10, "ok", "critical")
    world.rule(name="Too busy")
    world.judge(95, 15 * 60)
    Notification.objects.all().delete()
    told(world, 16, "ops", Outcome.SENT)
    told(world, 16, "", "")
    world.now = TEN + timedelta(minutes=20)
    world.acknowledge(world.alert, by="dana", note="I look into it.")
    with time_machine.travel(TEN + timedelta(minutes=25), tick=False):
        dana.post(STORY.replace("story", "actions"), {**ORG, **ACTION}, format="json")
    changed(world, 40, "critical", "ok")
    world.judge(70, 45 * 60)
    world.judge(70, 48 * 60)
    Notification.objects.filter(settled_at=None).delete()


LIFE = [
    (at(10), "state", "critical"),
    (at(15), "alert", "fired"),
    (at(16), "notification", "sent"),
    (at(16), "notification", "cancelled"),
    (at(20), "alert", "acknowledged"),
    (at(25), "action", "call_in"),
    (at(40), "state", "ok"),
    (at(48), "alert", "recovered"),
]


def gist(item):
    fields = {"state": "level", "alert": "reason", "notification": "outcome", "action": "kind"}
    return item["at"], item["kind"], item[item["kind"]][fields[item["kind"]]]


def test_a_shift_is_told_in_order_of_time(world: World, dana: APIClient):
    a_shift(world, dana)
    story = read(dana)
    found = [gist(item) for item in story["items"]]
    assert [(when, kind, what.lower()) for when, kind, what in found] == LIFE
    assert [item["who"] for item in story["items"]] == [None, "system", "ops", None, "dana", "dana", None, "system"]
    assert [item["note"] for item in story["items"] if item["note"]] == ["I look into it.", "Both come at eleven."]
    assert story["next"] is None


def test_pages_hold_what_one_answer_holds(world: World, dana: APIClient):
    a_shift(world, dana)
    whole, paged, cursor = read(dana)["items"], [], None
    while cursor is not None or not paged:
        page = read(dana, limit=1, **({"cursor": cursor} if cursor else {}))
        assert (page["summary"] is None) == (cursor is not None)
        paged += page["items"]
        cursor = page["next"]
    assert paged == whole


@pytest.mark.parametrize(
    "cursor", ["x", "2026-01-31T10:00:00Z~9~1", "2026-01-31T10:00:00Z~3~1", "2026-01-31T10:00Z~0~x"]
)
def test_a_made_up_cursor_is_refused(dana: APIClient, cursor: str):
    answer = dana.get(STORY, {**ORG, "cursor": cursor})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


@pytest.mark.parametrize("day", ["yesterday", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_refused(dana: APIClient, day: str):
    answer = dana.get(STORY, {**ORG, "day": day})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["day"])


def test_a_day_is_the_organizations_and_as_long_as_it_is(world: World, dana: APIClient):
    world.organization.time_zone = "Europe/Berlin"
    world.organization.save()
    begin = datetime(2026, 3, 28, 23, tzinfo=UTC)  # the night to 29 March lacks an hour
    for hours in (-1 / 60, 0, 22.9, 23):
        StateChange.objects.create(scope=world.scope(), at=begin + timedelta(hours=hours), level="ok")
    story = read(dana, day="2026-03-29")
    assert (story["since"], story["until"]) == ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    assert [item["at"] for item in story["items"]] == ["2026-03-28T23:00:00Z", "2026-03-29T21:54:00Z"]


def test_names_and_words_of_people_are_left_out_for_keys_that_may_not_see_them(
    world: World, dana: APIClient, api: ContractClient
):
    a_shift(world, dana)
    story = read(api)
    assert {item["who"] for item in story["items"]} == {None, "system", "a recipient"}
    assert not any(word in str(story) for word in ("dana", "look into", "eleven", "'ops'"))


def test_who_is_limited_to_a_department_sees_nothing_of_another(
    world: World, dana: APIClient, organization: Organization
):
    add_queues(organization, [("dept_789", "claims")])
    a_shift(world, dana)
    StateChange.objects.create(scope=world.scope("claims", "dept_789"), at=TEN, level="at_risk")
    lea = browser_of(person("lea", organization, Role.ANALYST, "dept_789"))

    story = read(lea, department_id="dept_789")

    assert [item["queue_name"] for item in story["items"]] == ["claims"]
    assert [queue["queue_name"] for queue in story["summary"]["queues"]] == ["claims"]
    assert lea.get(STORY, {**ORG, "department_id": "dept_456"}).status_code == 404
    assert lea.get(STORY, ORG).status_code == 403


def test_another_tenants_day_is_not_found(world: World, dana: APIClient, stranger: Organization):
    a_shift(world, dana)
    sam = browser_of(person("sam", stranger, Role.ADMIN))
    assert sam.get(STORY, ORG).status_code == 404
    assert sam.get(STORY, {"day": "2026-01-31"}).json()["items"] == []


def test_the_file_has_the_whole_day_and_says_so_in_its_name(world: World, dana: APIClient, monkeypatch):
    a_shift(world, dana)
    monkeypatch.setattr("intraday.rest.exports.PAGE", 3)
    answer = dana.get(STORY, {**ORG, "department_id": "dept_456", "day": "2026-01-31", "format": "csv"})
    assert answer.streaming
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [(row["at"], row["kind"]) for row in rows] == [(when, kind) for when, kind, _ in LIFE]
    assert (rows[4]["who"], rows[4]["note"], rows[5]["action.agents"]) == ("dana", "I look into it.", "2")
    assert 'filename="story_org_123_dept_456_2026-01-31.csv"' in answer.headers["Content-Disposition"]


def test_the_summary_says_what_to_hand_over(world: World, dana: APIClient):
    changed(world, -60 * 24, "", "ok", "billing")
    changed(world, 0, "ok", "stale", "billing")
    changed(world, 30, "stale", "at_risk", "billing")
    changed(world, -60 * 11, "ok", "critical", "sales")
    changed(world, 5, "critical", "closed", "sales")
    a_shift(world, dana)
    world.rule(name="Feed is silent", source="schedule", metric="stale_minutes", evaluate_each="organization")
    world.judge(95, 60 * 60, queue="billing")
    found = read(dana)["summary"]

    assert [(each["queue_name"], each["level"], each["worst"], each["worst_since"]) for each in found["queues"]] == [
        ("billing", "at_risk", "at_risk", at(30)),
        ("support", "ok", "critical", at(10)),
        ("sales", "closed", "critical", at(-60 * 11)),
    ]
    assert [(each["queue_name"], each["since"], each["until"]) for each in found["outages"]] == [
        ("billing", at(0), at(30))
    ]
    assert [(each["rule_name"], each["queue_name"], each["taken_by"]) for each in found["open_alerts"]] == [
        ("Too busy", "billing", None)
    ]
    assert [each["action"]["agents"] for each in found["actions"]] == [2]
    assert (found["alerts_triggered"], found["left_out"], found["as_of"]) == (2, 0, at(600))


def test_an_alert_that_was_open_at_midnight_is_handed_over_with_its_day(world: World, dana: APIClient):
    world.rule(name="Too busy")
    world.judge(95, 0)
    world.now = TEN + timedelta(hours=1)
    world.acknowledge(world.alert)
    with time_machine.travel(TEN + timedelta(days=2), tick=False):
        world.now = TEN + timedelta(days=1)
        world.resolve(world.alert)
        [alert] = read(dana)["summary"]["open_alerts"]
        assert read(dana, day="2026-02-01")["summary"]["open_alerts"] == []
    assert (alert["taken_by"], alert["taken_at"]) == ("dana", at(60))


def test_a_feed_that_fell_silent_is_an_outage_until_it_is_back(world: World, dana: APIClient):
    world.rule(
        name="Feed is silent",
        source="schedule",
        metric="stale_minutes",
        evaluate_each="organization",
        threshold=5,
        clear_threshold=1,
        recover_for_seconds=0,
    )
    whole = world.scope("", "")
    for minutes, silent in ((10, 6), (12, 8), (20, 0)):
        world.now = TEN + timedelta(minutes=minutes)
        world.feeds.show(whole, world.now, {"stale_minutes": silent})
        world.again()
    story = read(dana)
    assert {item["kind"] for item in story["items"]} == {"outage"}
    assert [(each["rule_name"], each["until"]) for each in story["summary"]["outages"]] == [("Feed is silent", at(20))]


def test_changes_of_states_are_kept_as_they_are_computed(api: ContractClient, dana: APIClient):
    """Three of ten are missing from 10:00; a shortage counts after ten minutes."""
    with time_machine.travel(TEN, tick=False):
        post_all(api, interval(agents=7, **EASY))
        post_forecast(api, *(forecast(minutes=minutes, required_agents=10) for minutes in (-30, 0, 30)))
    for minutes in range(0, 13, 2):
        with time_machine.travel(TEN + timedelta(minutes=minutes), tick=False):
            compute(api, minutes, **SUPPORT)
            compute(api, minutes, **SUPPORT)
    story = read(dana, queue_name="support")
    steps = [(item["at"], item["state"]["before"], item["state"]["level"]) for item in story["items"]]
    assert steps == [(at(0), None, "ok"), (at(10), "ok", "critical")]
    assert [reason["code"] for reason in story["items"][-1]["state"]["reasons"]] == ["shortage"]
    summary = story["summary"]
    assert (summary["level"], summary["level_since"]) == ("critical", at(10))


def test_the_contacts_of_the_day_are_those_of_the_tile(api: ContractClient, dana: APIClient):
    with time_machine.travel(TEN + timedelta(minutes=10), tick=False):
        waiting = {"waiting_now": 8, "longest_wait_seconds": 60, "waiting_past_target": 6}
        post_all(
            api, interval(), interval("billing", answered_in_target=55), interval(minutes=0, as_of=at(10), **waiting)
        )
        whole = compute(api, 10)
        contacts = read(dana)["summary"]["contacts"]
    assert (contacts["offered"], contacts["answered"]) == (300, 300)
    assert contacts["service_level"] == whole["service"]["day_service_level"]


def test_a_day_takes_as_many_statements_whatever_is_in_it(world: World, dana: APIClient):
    read(dana)
    a_shift(world, dana)
    recent.forget([world.organization.pk])
    few = len(statements(lambda: read(dana)))
    for minutes in range(60, 360, 10):
        changed(world, minutes, "ok", "critical")
        world.judge(95, minutes * 60)
        told(world, minutes, "ops", Outcome.FAILED)
        world.resolve(world.alert)
        with time_machine.travel(TEN + timedelta(minutes=minutes), tick=False):
            dana.post(STORY.replace("story", "actions"), {**ORG, **ACTION}, format="json")
    recent.forget([world.organization.pk])
    assert len(statements(lambda: read(dana))) == few
    assert few <= 45
