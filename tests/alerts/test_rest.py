"""The API of alerts: answers, pages, filters, and what the rooms of a socket get first."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alerts.models import Alert, Rule, RuleChange, Silence
from intraday.org.models import Organization, Role
from tests.access.people import browser_of, person
from tests.alerts.world import BUSY, World, at, occupancy
from tests.conftest import said
from tests.rest.contract import ContractClient, check

ALERTS = "/api/alerts"
RULES = "/api/alerts/rules"
SILENCES = "/api/alerts/silences"
PREVIEW = "/api/alerts/rules/preview"


def browser(organization: Organization, name: str, role: str) -> ContractClient:
    client = ContractClient()
    client.force_login(browser_user(organization, name, role))
    return client


def browser_user(organization: Organization, name: str, role: str) -> Any:
    browser_of(user := person(name, organization, role))
    return user


@pytest.fixture
def dana(organization: Organization) -> ContractClient:
    return browser(organization, "dana", Role.ANALYST)


@pytest.fixture
def omar(organization: Organization) -> ContractClient:
    return browser(organization, "omar", Role.ANALYST)


@pytest.fixture
def rosa(organization: Organization) -> ContractClient:
    """Owns the rules."""
    return browser(organization, "rosa", Role.ADMIN)


@pytest.fixture
def waiting(world: World) -> Alert:
    world.rule(recover_for_seconds=0, cooldown_seconds=0)
    world.judge(95, 0)
    return world.alert


def post(client: ContractClient, path: str, **body: Any) -> Any:
    response = client.post(path, body, format="json")
    check("POST", path, response)
    return {**response.json(), "_status": response.status_code}


# --- people ----------------------------------------------------------------------------------------------------------
def test_the_second_who_acknowledges_learns_of_the_first(waiting: Alert, dana: ContractClient, omar: ContractClient):
    path = f"{ALERTS}/{waiting.pk}/acknowledge"
    first = post(dana, path, note="on it")
    assert (first["_status"], first["status"], first["acknowledged_by"]) == (200, "acknowledged", "dana")
    assert post(dana, path) == first
    refused = post(omar, path)
    assert (refused["_status"], refused["code"]) == (409, "already_acknowledged")
    assert refused["message"].startswith("dana acknowledged it ")
    assert refused["current"]["acknowledged_by"] == "dana"
    assert post(omar, path, take_over=True)["acknowledged_by"] == "omar"


def test_resolved_is_the_end(waiting: Alert, dana: ContractClient, omar: ContractClient):
    first = post(dana, f"{ALERTS}/{waiting.pk}/resolve", note="two agents back")
    assert (first["status"], first["resolution"]) == ("resolved", "manual")
    assert post(omar, f"{ALERTS}/{waiting.pk}/resolve") == first
    refused = post(omar, f"{ALERTS}/{waiting.pk}/acknowledge")
    assert (refused["_status"], refused["code"], refused["current"]["status"]) == (409, "already_resolved", "resolved")
    assert post(omar, f"{ALERTS}/{waiting.pk}/snooze", minutes=5)["_status"] == 409


def test_a_version_that_is_not_is_refused(waiting: Alert, dana: ContractClient):
    refused = post(dana, f"{ALERTS}/{waiting.pk}/acknowledge", expected_version=7)
    assert (refused["_status"], refused["code"], refused["current"]["version"]) == (409, "version_conflict", 1)


def test_many_are_acknowledged_at_once_and_answered_one_by_one(world: World, dana: ContractClient, stranger: Any):
    world.rule()
    for queue in ("support", "billing", "sales"):
        world.kpi.show(world.scope(queue), at(0), occupancy(95))
    world.again(0)
    support, billing, sales = (Alert.objects.get(scope__queue_name=name) for name in ("support", "billing", "sales"))
    world.acknowledge(billing, by="omar")
    world.resolve(sales, by="omar")
    nobody = "00000000-0000-4000-8000-000000000000"
    ids = [str(support.pk), str(billing.pk), str(sales.pk), nobody]
    answer = post(dana, f"{ALERTS}/acknowledge", ids=ids, note="all mine")
    assert [each.get("result") or each["code"] for each in answer["results"]] == [
        "acknowledged",
        "already_acknowledged",
        "already_resolved",
        "not_found",
    ]
    assert [each["alert_id"] for each in answer["results"]] == ids


def test_the_history_tells_everything(world: World, waiting: Alert, dana: ContractClient):
    world.judge(97, 60)
    dana.post(f"{ALERTS}/{waiting.pk}/acknowledge", {"note": "on it"}, format="json", HTTP_X_REQUEST_ID="req-1")
    world.judge(70, 120)
    detail = dana.get(f"{ALERTS}/{waiting.pk}").json()
    lines = [
        (each["from"], each["to"], each["actor"], each["value"], each["note"], each["request_id"])
        for each in detail["audit"]
    ]
    assert lines == [
        (None, "pending", "system", 95, None, None),
        ("pending", "acknowledged", "dana", 97, "on it", "req-1"),
        ("acknowledged", "resolved", "system", 70, None, None),
    ]
    assert (detail["peak_value"], detail["occurrence_count"], detail["audit"][0]["rule_version"]) == (97, 2, 1)


@pytest.mark.parametrize("given", ["\xe9", "x" * 65, "a b", ""])
def test_the_history_has_the_id_that_the_answer_names_whatever_was_given(
    world: World, waiting: Alert, dana: ContractClient, given: str
):
    answer = dana.post(f"{ALERTS}/{waiting.pk}/acknowledge", {}, format="json", HTTP_X_REQUEST_ID=given)
    [*_, line] = dana.get(f"{ALERTS}/{waiting.pk}").json()["audit"]
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["request_id"] not in ("", given)


# --- lists -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def seven(world: World) -> list[str]:
    """Seven alerts, one after the other; the newest is open and critical, of billing."""
    rule = world.rule(recover_for_seconds=0, cooldown_seconds=0)
    for number in range(6):
        world.judge(95, 120 * number)
        world.judge(70, 120 * number + 60)
    world.edit(rule, severity="critical")
    world.judge(95, 720, queue="billing")
    return [str(alert.pk) for alert in reversed(world.alerts)]


def listed(client: ContractClient, **query: Any) -> list[str]:
    return [item["alert_id"] for item in client.get(ALERTS, query).json()["items"]]


def test_pages_follow_each_other_newest_first(api: ContractClient, seven: list[str]):
    found, cursor, pages = [], None, 0
    while cursor or not pages:
        answer = api.get(ALERTS, {"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        found += [item["alert_id"] for item in answer["items"]]
        cursor, pages = answer["next"], pages + 1
    assert (found, pages) == (seven, 3)


def test_alerts_of_one_instant_are_paged_one_by_one(world: World, api: ContractClient):
    world.rule()
    for queue in ("support", "billing", "sales"):
        world.kpi.show(world.scope(queue), at(0), occupancy(95))
    world.again(0)
    first = api.get(ALERTS, {"limit": 2}).json()
    second = api.get(ALERTS, {"limit": 2, "cursor": first["next"]}).json()
    assert len({item["alert_id"] for item in first["items"] + second["items"]}) == 3
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ({"status": "pending"}, slice(0, 1)),
        ({"status": ["pending", "resolved"]}, slice(0, 7)),
        ({"status": "acknowledged"}, slice(0, 0)),
        ({"severity": "critical"}, slice(0, 1)),
        ({"source": "kpi"}, slice(0, 7)),
        ({"source": "backlog"}, slice(0, 0)),
        ({"queue_name": "support"}, slice(1, 7)),
        ({"department_id": "dept_456"}, slice(0, 7)),
        ({"since": "2026-01-31T10:08:00Z"}, slice(0, 3)),
        ({"until": "2026-01-31T10:02:00Z"}, slice(6, 7)),
    ],
)
def test_filters(api: ContractClient, seven: list[str], query: dict[str, Any], chosen: slice):
    assert listed(api, **query) == seven[chosen]


def test_the_list_comes_as_csv_too(api: ContractClient, seven: list[str]):
    response = api.get(ALERTS, {"format": "csv", "limit": 5})
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [row["alert_id"] for row in rows] == seven[:5]
    assert 'rel="next"' in response.headers["Link"]


def test_nothing_of_another_organization_is_seen(world: World, waiting: Alert, stranger: Organization):
    eve = browser(stranger, "eve", Role.ADMIN)
    assert listed(eve) == []
    unknown = eve.get(f"{ALERTS}/00000000-0000-4000-8000-000000000000")
    foreign = eve.get(f"{ALERTS}/{waiting.pk}")
    assert (foreign.status_code, said(foreign)) == (404, said(unknown))
    for act in ("acknowledge", "resolve"):
        assert said(eve.post(f"{ALERTS}/{waiting.pk}/{act}", {}, format="json")) == said(unknown)
    assert Alert.objects.get().version == 1


# --- rules -----------------------------------------------------------------------------------------------------------
def test_a_rule_is_made_changed_and_deleted_and_its_history_says_by_whom(rosa: ContractClient, omar: ContractClient):
    made = post(rosa, RULES, **BUSY, name="busy")
    assert (made["_status"], made["version"], made["cooldown_seconds"]) == (201, 1, 300)
    assert made["in_words"].startswith("For each queue: when occupancy is over 90 %, raise a high alert.")
    path = f"{RULES}/{made['rule_id']}"
    changed = rosa.patch(path, {"threshold": 92, "expected_version": 1}, format="json").json()
    assert (changed["version"], changed["threshold"]) == (2, 92)
    stale = rosa.patch(path, {"threshold": 93, "expected_version": 1}, format="json")
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]["threshold"]) == (
        409,
        "version_conflict",
        92,
    )
    newest, oldest = rosa.get(path).json()["history"]
    assert (newest["actor"], newest["changes"]) == ("rosa", {"threshold": [90, 92]})
    assert (oldest["action"], oldest["changes"]["threshold"]) == ("created", [None, 90])
    refused = omar.patch(path, {"threshold": 1}, format="json")
    assert (refused.status_code, refused.json()["message"]) == (
        403,
        "omar may not edit alert rules: ask an administrator of the organization.",
    )
    assert rosa.delete(path).status_code == 204
    assert (rosa.get(path).status_code, rosa.get(RULES).json()["items"]) == (404, [])


def test_what_changes_nothing_leaves_no_history(rosa: ContractClient, world: World):
    rule = world.rule()
    rosa.patch(f"{RULES}/{rule.pk}", {"threshold": 90}, format="json")
    assert RuleChange.objects.count() == 1


HUGE = 10**400
BAD_RULES: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name"),
    "a name of two lines": ({"name": "a\nb"}, "name"),
    "unknown source": ({"source": "weather"}, "source"),
    "unknown metric": ({"metric": "utilization.occupency"}, "metric"),
    "a metric of another source": ({"metric": "total_items"}, "metric"),
    "unknown operator": ({"operator": "=>"}, "operator"),
    "threshold: text": ({"threshold": "ninety"}, "threshold"),
    "threshold: null": ({"threshold": None}, "threshold"),
    "threshold: true": ({"threshold": True}, "threshold"),
    "threshold: a list": ({"threshold": [90]}, "threshold"),
    "threshold: 400 digits": ({"threshold": HUGE}, "threshold"),
    "threshold: 101 percent": ({"threshold": 101, "clear_threshold": None}, "threshold"),
    "threshold: -1 percent": ({"threshold": -1, "clear_threshold": None}, "threshold"),
    "clear on the breaching side": ({"clear_threshold": 91}, "clear_threshold"),
    "clear: text": ({"clear_threshold": "low"}, "clear_threshold"),
    "severity": ({"severity": "urgent"}, "severity"),
    "for: negative": ({"for_seconds": -1}, "for_seconds"),
    "for: a fraction": ({"for_seconds": 1.5}, "for_seconds"),
    "for: a month": ({"for_seconds": 30 * 86_400}, "for_seconds"),
    "no data mode": ({"no_data_mode": "panic"}, "no_data_mode"),
    "level": ({"evaluate_each": "agent"}, "evaluate_each"),
    "an unknown queue": ({"queue_name": "nowhere"}, "queue_name"),
    "an unknown department": ({"department_id": "dept_1"}, "department_id"),
    "a queue of a rule on departments": ({"evaluate_each": "department", "queue_name": "support"}, "queue_name"),
    "a word compared by size": (
        {"source": "backlog", "metric": "backlog_trend", "threshold": "growing", "clear_threshold": None},
        "operator",
    ),
    "a word that is none": (
        {
            "source": "backlog",
            "metric": "backlog_trend",
            "operator": "==",
            "threshold": "huge",
            "clear_threshold": None,
        },
        "threshold",
    ),
    "attendance of a queue": (
        {"source": "attendance", "metric": "attendance_rate", "operator": "<", "clear_threshold": None},
        "evaluate_each",
    ),
    "steps out of order": (
        {"escalation": [{"after_seconds": 600, "to": "a"}, {"after_seconds": 300, "to": "b"}]},
        "escalation",
    ),
    "a step to nobody": ({"escalation": [{"after_seconds": 600, "to": ""}]}, "escalation"),
    "an acknowledgement of a second": ({"ack_timeout_seconds": 1}, "ack_timeout_seconds"),
    "hours of no day": ({"active_hours": [{"days": [], "start": "08:00", "end": "17:00"}]}, "active_hours"),
    "25 o'clock": ({"active_hours": [{"days": ["mon"], "start": "25:00", "end": "17:00"}]}, "active_hours"),
    "a zone of no place": ({"time_zone": "Mars/Olympus"}, "time_zone"),
    "a name that is taken": ({"name": "taken"}, "name"),
}


def test_what_a_rule_may_not_say_is_refused_by_field_and_changes_nothing(rosa: ContractClient, world: World):
    world.rule(name="taken")
    answers = {name: post(rosa, RULES, **{**BUSY, "name": "busy", **bad}) for name, (bad, _) in BAD_RULES.items()}
    wrong = {name: answer for name, answer in answers.items() if answer["_status"] != 400}
    assert wrong == {}
    assert {name: list(answer["errors"]) for name, answer in answers.items()} == {
        name: [field] for name, (_, field) in BAD_RULES.items()
    }
    assert (Rule.objects.count(), RuleChange.objects.count()) == (1, 1)


def test_an_unknown_metric_is_answered_with_those_that_look_alike(rosa: ContractClient):
    near = post(rosa, RULES, **{**BUSY, "metric": "utilization.occupency"}, name="busy")["errors"]["metric"]
    assert "Did you mean utilization.occupancy" in near[0]
    elsewhere = post(rosa, RULES, **{**BUSY, "metric": "total_items"}, name="busy")["errors"]["metric"]
    assert "It is a metric of backlog." in elsewhere[0]


def test_the_catalogue_is_offered(api: ContractClient):
    items = {(item["source"], item["metric"]): item for item in api.get("/api/alerts/metrics").json()["items"]}
    assert items["backlog", "backlog_trend"]["values"] == ["growing", "stable", "decreasing"]
    assert items["attendance", "attendance_rate"]["evaluate_each"] == ["organization", "department"]


# --- silences --------------------------------------------------------------------------------------------------------
def soon(**fields: Any) -> dict[str, Any]:
    return {"comment": "telephone works", "ends_at": in_hours(1), **fields}


def in_hours(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


BAD_SILENCES: dict[str, tuple[dict[str, Any], str]] = {
    "no end": ({"ends_at": None}, "ends_at"),
    "over already": ({"ends_at": in_hours(-1)}, "ends_at"),
    "ends before it begins": ({"starts_at": in_hours(3)}, "ends_at"),
    "eight days": ({"ends_at": in_hours(8 * 24)}, "ends_at"),
    "no reason": ({"comment": ""}, "comment"),
    "blanks for a reason": ({"comment": "  "}, "comment"),
    "unknown queue": ({"queue_name": "nowhere"}, "queue_name"),
    "unknown rule": ({"rule_id": "00000000-0000-4000-8000-000000000000"}, "rule_id"),
    "unknown severity": ({"severity": "urgent"}, "severity"),
}


def test_a_silence_ends_by_itself_and_says_why(rosa: ContractClient):
    answers = {name: post(rosa, SILENCES, **soon(**bad)) for name, (bad, _) in BAD_SILENCES.items()}
    assert {name: list(answer.get("errors", answer)) for name, answer in answers.items()} == {
        name: [field] for name, (_, field) in BAD_SILENCES.items()
    }
    assert Silence.objects.count() == 0
    made = post(rosa, SILENCES, **soon(queue_name="support", department_id="dept_456"))
    assert (made["_status"], made["created_by"]) == (201, "rosa")
    path = f"{SILENCES}/{made['silence_id']}"
    later = rosa.patch(path, {"ends_at": in_hours(2)}, format="json").json()
    assert later["ends_at"] > made["ends_at"]
    for place, count in (({}, 1), ({"queue_name": "support"}, 1), ({"queue_name": "billing"}, 0)):
        assert len(rosa.get(SILENCES, place).json()["items"]) == count
    assert rosa.delete(path).status_code == 204
    assert rosa.get(SILENCES).json()["items"] == []
    assert rosa.get(path).status_code == 200


def test_weekly_hours_may_come_again_for_a_year(rosa: ContractClient):
    night = [{"days": ["mon", "tue"], "start": "22:00", "end": "06:00"}]
    assert post(rosa, SILENCES, **soon(weekly=night, ends_at=in_hours(300 * 24)))["_status"] == 201
    assert list(post(rosa, SILENCES, **soon(weekly=night, ends_at=in_hours(400 * 24)))["errors"]) == ["ends_at"]


# --- preview ---------------------------------------------------------------------------------------------------------
def test_a_draft_is_previewed_beside_the_rule_and_nothing_is_written(rosa: ContractClient, world: World):
    from tests.backlog.posting import post as post_backlog
    from tests.backlog.posting import row

    api = ContractClient()
    api.credentials(HTTP_AUTHORIZATION=f"Api-Key {key(world.organization)}")
    for minutes, total in [(0, 10), (15, 60), (30, 90), (45, 60), (60, 5), (75, 5), (90, 55)]:
        post_backlog(api, row(minutes=minutes, total=total))
    rule = world.rule(source="backlog", metric="total_items", threshold=50, clear_threshold=20, recover_for_seconds=0)
    states, before = Rule.objects.get(), Alert.objects.count()
    answer = post(
        rosa,
        PREVIEW,
        rule_id=str(rule.pk),
        draft={"threshold": 80},
        since="2026-01-31T10:00:00Z",
        until="2026-01-31T12:00:00Z",
    )
    [first, second] = answer["current"]["alerts"]
    assert (first["from"], first["to"], first["peak"], first["count"]) == (
        "2026-01-31T10:15:00Z",
        "2026-01-31T11:00:00Z",
        90,
        3,
    )
    assert (second["from"], second["to"], second["scope"]["queue_name"]) == ("2026-01-31T11:30:00Z", None, "support")
    assert [each["peak"] for each in answer["draft"]["alerts"]] == [90]
    assert (answer["current"]["total"], answer["draft"]["total"]) == (2, 1)
    assert (Rule.objects.get().version, Alert.objects.count()) == (states.version, before)


def key(organization: Organization) -> str:
    from tests.conftest import key_of

    return key_of(organization)


def test_a_preview_reads_a_bounded_number_of_figures(
    rosa: ContractClient, world: World, monkeypatch: pytest.MonkeyPatch
):
    from tests.backlog.posting import post as post_backlog
    from tests.backlog.posting import row

    monkeypatch.setattr("alerts.evaluation.preview.MOST_FIGURES", 2)
    api = ContractClient()
    api.credentials(HTTP_AUTHORIZATION=f"Api-Key {key(world.organization)}")
    span = {"since": "2026-01-31T10:00:00Z", "until": "2026-01-31T12:00:00Z"}
    rule = world.rule(source="backlog", metric="total_items", threshold=50, clear_threshold=20)
    for minutes in (0, 15):
        post_backlog(api, row(minutes=minutes, total=10))
    assert rosa.post(PREVIEW, {"rule_id": str(rule.pk), **span}, format="json").status_code == 200
    post_backlog(api, row(minutes=30, total=10))
    refused = rosa.post(PREVIEW, {"rule_id": str(rule.pk), **span}, format="json")
    assert refused.status_code == 400
    assert "shorten" in refused.json()["errors"]["since"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "draft"),
        ({"draft": {**BUSY, "metric": "no.such"}}, "metric"),
        ({"draft": {"threshold": 5}}, "source"),
        ({"draft": {**BUSY, "colour": "red"}}, "colour"),
        ({"draft": BUSY, "until": "2026-01-31T09:00:00Z"}, "until"),
        ({"draft": BUSY, "until": "2026-04-01T09:00:00Z"}, "until"),
    ],
)
def test_a_preview_of_nothing_is_refused(rosa: ContractClient, body: dict[str, Any], field: str):
    period = {"since": "2026-01-31T10:00:00Z", "until": "2026-01-31T12:00:00Z"}
    answer = post(rosa, PREVIEW, **{**period, **body})
    assert (answer["_status"], field in answer["errors"]) == (400, True)


def test_judging_on_demand_refuses_the_future(dana: ContractClient, waiting: Alert):
    refused = post(dana, f"{ALERTS}/evaluate", as_of_time="2099-01-01T00:00:00Z")
    assert (refused["_status"], refused["errors"]) == (400, {"as_of_time": ["More than 60 s in the future."]})
    assert post(dana, f"{ALERTS}/evaluate")["_status"] == 200
