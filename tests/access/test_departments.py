"""People who are limited to departments."""

from typing import Any

import pytest

from backlog.models import Snapshot
from intraday.org.models import Organization, Role
from tests.access.people import browser_of, person, token_of
from tests.conftest import client_of, said
from tests.live import LiveServer, Socket, socket
from tests.realtime.notes import in_thread, note, scope_of

INGEST = "/api/schedulesbacklog/ingest"
BATCH = "/api/schedulesbacklog/batch-ingest"
HERE, THERE = "dept_456", "dept_789"


def row(queue: str = "", department: str = "", total: int = 10) -> dict[str, Any]:
    named = {"queue_name": queue, "department_id": department}
    fields = {"snapshot_time": "2026-01-31T10:00:00Z", "total_items": total, "average_wait_time_minutes": 2.5}
    return {name: value for name, value in named.items() if value} | fields


@pytest.fixture
def figures(house: Organization) -> Organization:
    """A figure for every queue: 1 to 3 here, 4 and 5 there."""
    client = client_of(house)
    queues = [(HERE, "support"), (HERE, "billing"), (HERE, "sales"), (THERE, "support"), (THERE, "claims")]
    rows = [row(queue, department, number) for number, (department, queue) in enumerate(queues, 1)]
    assert client.post(BATCH, {"items": rows}, format="json").status_code == 201
    return house


@pytest.fixture
async def limited(server: LiveServer, figures: Organization) -> Any:
    token = await in_thread(lambda: token_of(person("lea", figures, Role.ADMIN, HERE), figures))
    async with socket(server, token) as client:
        yield client


def test_current_and_history_answer_inside_the_departments_only(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    for path in ("current", "history"):
        asked = f"/api/intraday/backlog/{path}"
        assert lea.get(asked, {"department_id": HERE}).status_code == 200
        assert lea.get(asked, {"queue_name": "billing"}).status_code == 200
        assert lea.get(asked, {"department_id": THERE}).status_code == 404
        assert lea.get(asked, {"department_id": THERE, "queue_name": "support"}).status_code == 404
        assert lea.get(asked, {"queue_name": "claims"}).status_code == 404
        assert lea.get(asked).status_code == 403
    within = lea.get("/api/intraday/backlog/current", {"department_id": HERE}).json()["within"]
    assert sorted(figure["total_items"] for figure in within) == [1, 2, 3]


def test_a_queue_that_has_a_namesake_elsewhere_is_her_own(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    answer = lea.get("/api/intraday/backlog/current", {"queue_name": "support"}).json()
    assert answer["current"]["total_items"] == 1
    assert lea.post(INGEST, row("support", total=7), format="json").json()["result"] == "corrected"
    assert Snapshot.objects.get(total_items=7).scope.department_id == HERE


def test_a_department_elsewhere_is_answered_as_one_that_does_not_exist(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    for path in ("current", "history"):
        asked = f"/api/intraday/backlog/{path}"
        answers = [said(lea.get(asked, {"department_id": code})) for code in (THERE, "dept_000")]
        assert answers[0] == answers[1]
    answers = [said(lea.post(INGEST, row("x", code), format="json")) for code in (THERE, "dept_000")]
    assert answers[0] == answers[1]


def test_posting_outside_is_refused_and_stores_nothing(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    before = Snapshot.objects.count()
    assert lea.post(INGEST, row("support", THERE, 9), format="json").status_code == 404
    assert lea.post(INGEST, row(total=9), format="json").status_code == 403
    answer = lea.post(BATCH, {"items": [row("claims", THERE, 9), row(total=9)]}, format="json")
    assert answer.status_code == 400
    assert [list(each["errors"]) for each in answer.json()["rejected"]] == [["department_id"]] * 2
    assert Snapshot.objects.count() == before


def test_of_a_batch_the_rows_inside_are_taken(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    rows = [row("sales", HERE, 70), row("claims", THERE, 80), row("support", total=90)]
    answer = lea.post(BATCH, {"items": rows}, format="json")
    assert answer.status_code == 207
    assert [each["index"] for each in answer.json()["results"]] == [0, 2]
    stored = Snapshot.objects.filter(total_items__in=[70, 80, 90], derived=False)
    assert set(stored.values_list("scope__department_id", flat=True)) == {HERE}


def test_she_makes_no_queue_that_would_make_names_elsewhere_ambiguous(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    for name in ("claims", "quite new"):  # one is taken in the other department, which she shall not learn
        answer = lea.post(INGEST, row(name, HERE), format="json")
        assert (answer.status_code, answer.json()["errors"]) == (400, {"queue_name": ["Unknown."]})


def test_the_limit_outlives_its_last_department(figures: Organization):
    lea = browser_of(person("lea", figures, Role.ADMIN, HERE))
    figures.departments.get(code=HERE).delete()
    assert lea.get("/api/intraday/backlog/current").status_code == 403
    assert lea.get("/api/intraday/backlog/current", {"department_id": THERE}).status_code == 404


async def code_of(client: Socket, **selection: Any) -> str:
    await client.say("subscribe", **selection)
    while True:
        message = await client.hear()
        if message["event"] in ("error", "subscribed"):
            return str(message["data"].get("code", "subscribed"))


async def test_rooms_above_and_beside_are_forbidden(limited: Socket):
    for room in ("", f":dept:{THERE}", f":dept:{THERE}:queue:support", ":dept:dept_000"):
        assert await code_of(limited, rooms=[f"backlog:org:org_123{room}"]) == "forbidden", room
    assert await code_of(limited, channels=["backlog"], organization_id="org_123") == "forbidden"
    both = [f"backlog:org:org_123:dept:{code}" for code in (HERE, THERE)]
    await limited.say("subscribe", rooms=both)
    answer = await limited.until("subscribed")
    assert answer["data"]["rooms"] == both[:1]
    assert {room: each["code"] for room, each in answer["data"]["refused"].items()} == {both[1]: "forbidden"}
    assert await code_of(limited, rooms=both[:1]) == "subscribed"


async def test_a_room_of_a_queue_alone_hears_it_in_her_departments_only(limited: Socket, figures: Organization):
    answer = await limited.subscribe("backlog:org:org_123:queue:support", "custom:org:org_123:queue:support")
    assert answer["data"]["rooms"] == [
        f"{channel}:org:org_123:dept:{HERE}:queue:support" for channel in ("backlog", "custom")
    ]
    items = (await limited.until("backlog:snapshot"))["data"]["items"]
    assert [item["total_items"] for item in items] == [1]
    await in_thread(lambda: note(scope_of(figures, THERE, "support"), 8))
    await in_thread(lambda: note(scope_of(figures, THERE), 8))
    await in_thread(lambda: note(scope_of(figures), 8))
    await in_thread(lambda: note(scope_of(figures, HERE, "support"), 9))
    assert (await limited.until("custom:note"))["data"]["number"] == 9


async def test_a_replay_stays_inside(limited: Socket, figures: Organization):
    await in_thread(lambda: note(scope_of(figures, HERE, "support"), 1))
    start = (await limited.subscribe(f"custom:org:org_123:dept:{HERE}"))["data"]["position"]
    await limited.say("unsubscribe", rooms=[f"custom:org:org_123:dept:{HERE}"])
    for number, department in enumerate([THERE, HERE, THERE, HERE], 2):
        await in_thread(lambda number=number, code=department: note(scope_of(figures, code, "support"), number))
    answer = await limited.subscribe("custom:org:org_123:queue:support", since=start)
    assert answer["data"]["recovered"]
    await limited.quiet()
    assert [event["data"]["number"] for event in limited.events()] == [3, 5]


async def test_other_connections_are_shown_as_far_as_they_are_inside(
    server: LiveServer, figures: Organization, limited: Socket
):
    lea, boss = await in_thread(
        lambda: (browser_of(person("lea", figures)), browser_of(person("boss", figures, Role.ADMIN)))
    )
    await in_thread(person, "lea", figures, Role.ADMIN, HERE)
    token = await in_thread(lambda: token_of(person("boss", figures, Role.ADMIN), figures))
    here, there, above = (f"backlog:org:org_123{part}" for part in (f":dept:{HERE}", f":dept:{THERE}", ""))
    async with socket(server, token) as both, socket(server, token) as elsewhere:
        await both.subscribe(here, there)
        await elsewhere.subscribe(there, above, "backlog:org:org_123:queue:claims")

        def rooms(client: Any) -> set[str]:
            return {each["room"] for each in client.get("/api/ws/rooms").json()["rooms"]}

        while len(await in_thread(rooms, boss)) < 4:
            await limited.quiet(0.1)
        assert await in_thread(rooms, lea) == {here}
        [seen] = (await in_thread(lea.get, "/api/ws/connections")).json()["connections"]
        assert (seen["user_id"], seen["rooms"]) == ("boss", [here])
        assert (await in_thread(lea.get, "/api/ws/stats")).status_code == 403
