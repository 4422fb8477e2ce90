"""Requests that are not allowed, or come too often: the client gets an error, and the rest goes on."""

import asyncio

import pytest

from intraday.org import services
from intraday.org.models import Membership, Organization, Role, Scope
from tests.access.people import person, token_of
from tests.live import LiveServer, Socket, socket
from tests.realtime.event_streams import stream
from tests.realtime.notes import in_thread, note

CUSTOM = "custom:org:org_123"


@pytest.fixture
def departments(organization: Organization) -> None:
    services.add_queues(organization, [(f"dept_{number}", "support") for number in range(100)])


async def limited(organization: Organization, *departments: str) -> str:
    return await in_thread(lambda: token_of(person("dana", organization, Role.VIEWER, *departments), organization))


async def messages_of(client: Socket, event: str) -> list[dict[str, object]]:
    await client.say("ping")
    await client.until("pong")
    return [message["data"] for message in client.heard if message["event"] == event]


@pytest.mark.usefixtures("transactional_db", "departments")
async def test_of_fifty_allowed_and_fifty_forbidden_rooms_the_allowed_are_heard_and_the_others_named(
    any_server: LiveServer, organization: Organization
):
    token = await limited(organization, *(f"dept_{number}" for number in range(50)))
    rooms = [f"{CUSTOM}:dept:dept_{number}" for number in range(100)]
    async with socket(any_server, token) as client:
        answer = (await client.subscribe(*rooms))["data"]
        assert answer["rooms"] == sorted(rooms[:50])
        assert answer["refused"].keys() == set(rooms[50:])
        assert {problem["code"] for problem in answer["refused"].values()} == {"forbidden"}
        left = await messages_of(client, "unsubscribed")
        assert [(each["code"], each["rooms"]) for each in left] == [("refused", rooms[50:])]
        assert not await messages_of(client, "error")
        heard, unheard = await in_thread(
            lambda: [Scope.objects.get(department_id=f"dept_{n}", queue_name="support") for n in (49, 50)]
        )
        await in_thread(note, unheard, 1)
        await in_thread(note, heard, 2)
        assert (await client.until("custom:note"))["data"]["number"] == 2


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("custom:org:org_123:dept:dept_1", "forbidden"),
        ("custom:org:org_999", "not_found"),
        ("weather:org:org_123", "invalid"),
        ("custom:org:org_123:queue:%ff", "invalid"),
    ],
)
@pytest.mark.usefixtures("transactional_db", "departments")
async def test_one_refused_room_takes_no_other_down(
    server: LiveServer, organization: Organization, asked: str, code: str
):
    token = await limited(organization, "dept_0")
    good = f"{CUSTOM}:dept:dept_0"
    async with socket(server, token) as client:
        answer = (await client.subscribe(asked, good))["data"]
        assert (answer["rooms"], {name: each["code"] for name, each in answer["refused"].items()}) == (
            [good],
            {asked: code},
        )
        await client.say("subscribe", rooms=[asked])
        error = (await client.until("error"))["data"]
        assert (error["code"], error["refused"].keys()) == (code, {asked})
    async with stream(server, headers={"Authorization": f"Bearer {token}"}, rooms=f"{asked},{good}") as client:
        answer = (await client.until("subscribed"))["data"]
        assert (answer["rooms"], answer["refused"].keys()) == ([good], {asked})


@pytest.mark.usefixtures("transactional_db", "departments")
async def test_answers_map_rooms_as_they_were_asked_for_to_what_was_granted(
    server: LiveServer, organization: Organization
):
    token = await limited(organization, "dept_0", "dept_1")
    asked, mine = f"{CUSTOM}:queue:support", [f"{CUSTOM}:dept:dept_{n}:queue:support" for n in (0, 1)]
    other = f"{CUSTOM}:dept:dept_0:queue:a%20b"
    async with socket(server, token) as client:
        answer = (await client.subscribe(asked, mine[0], other.replace("%20", " ").replace(" ", "%20").lower()))["data"]
        assert answer["granted"] == {asked: mine}
        answer = (await client.subscribe(f"{CUSTOM}:dept:dept_0:queue:%61"))["data"]
        assert answer["granted"] == {f"{CUSTOM}:dept:dept_0:queue:%61": [f"{CUSTOM}:dept:dept_0:queue:a"]}


@pytest.mark.usefixtures("transactional_db", "departments")
async def test_access_that_is_lost_names_the_rooms_that_went(server: LiveServer, organization: Organization):
    token = await limited(organization, "dept_0", "dept_1")
    async with socket(server, token) as client:
        await client.subscribe(f"{CUSTOM}:queue:support", f"{CUSTOM}:dept:dept_1")

        def narrow() -> None:
            member = Membership.objects.get(user__username="dana")
            services.grant(user=member.user, organization=organization, role=Role.VIEWER, department_ids=["dept_0"])

        await in_thread(narrow)
        went = (await client.until("unsubscribed"))["data"]
        assert went["rooms"] == [f"{CUSTOM}:dept:dept_1", f"{CUSTOM}:dept:dept_1:queue:support"]
        assert (went["code"], bool(went["message"])) == ("forbidden", True)
        answer = (await client.subscribe(f"{CUSTOM}:queue:support"))["data"]
        assert answer["granted"] == {f"{CUSTOM}:queue:support": [f"{CUSTOM}:dept:dept_0:queue:support"]}


# --- warnings --------------------------------------------------------------------------------------------------------
class Clock:
    """The loop's clock as the consumer reads it, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from realtime.transport.consumers import RealtimeConsumer

        self.now = 100.0
        monkeypatch.setattr(RealtimeConsumer, "_now", staticmethod(lambda: self.now))


async def burst(client: Socket, count: int) -> int:
    """Send so many pings at one instant; return how many were refused."""
    before = len(client.heard)
    for _ in range(count):
        await client.connection.send('{"event":"ping"}')
    while len([each for each in client.heard[before:] if each["event"] in ("pong", "error")]) < count:
        await client.hear()
    return [each["event"] for each in client.heard[before:]].count("error")


async def test_bursts_with_pauses_are_warned_and_never_closed(
    server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch
):
    """103 pings, a pause, again: more than twice the 20 warnings that close a client which does not slow down."""
    clock = Clock(monkeypatch)
    async with socket(server, token) as client:
        clock.now += 1
        for _ in range(15):
            assert await burst(client, 103) == 3
            clock.now += 1
        assert (await burst(client, 1)) == 0


async def test_pings_that_are_well_spaced_count_for_nothing(
    server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock(monkeypatch)
    async with socket(server, token) as client:
        for _ in range(300):  # five seconds of a row per frame
            clock.now += 1 / 60
            await client.say("ping")
            assert (await client.hear())["event"] == "pong"


async def test_who_does_not_slow_down_is_closed(server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch):
    Clock(monkeypatch)
    async with socket(server, token) as client:
        for _ in range(130):
            await client.connection.send('{"event":"ping"}')
        async with asyncio.timeout(15):
            assert await client.closed() == 4429
