"""Every kind of credential at every endpoint, room and page of the admin. Endpoints come from the table of the matrix,
which must hold every URL; channels from the channels table; pages of the admin from its URLs.
"""

from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver

from intraday.channels import CHANNELS
from intraday.org.models import KeyScope, Organization
from tests.access import alerts as fixtures
from tests.access.credentials import KINDS, NOBODY, STRANGER, VOID, Kind
from tests.access.tables import ANSWERS, CALLERS, REST, SOCKET, Line, ask, is_page, lines, path_of
from tests.access.url_table import routes
from tests.live import LiveServer, Socket, socket
from tests.realtime.notes import in_thread

WATCHED = {"api/intraday/kpi/intervals", "api/intraday/backlog/history", "api/ws/sse"}
"""The endpoints that the page of a wall board reads; nothing else is open to it."""
SCOPES = {
    "api/intraday/kpi/compute": KeyScope.INGEST,
    "api/ws/token": KeyScope.TOKEN,
    "api/ws/notifications": KeyScope.PUBLISH,
    "api/ws/events": KeyScope.PUBLISH,
}
"""The scopes of keys that are enough, beside `ingest` for what is called so and `read` for what viewers read."""
SESSIONS_ONLY = {"api/ws/token", "api/keys", "api/keys/revoke"}
"""A token makes neither another one nor a key: both would outlive it."""
OF_MEMBERS = {"api/me/views", "api/me/views/<uuid:view_id>"}
"""Stored with a membership, which keys and tokens of a customer's users do not have."""
OUTSIDE = {STRANGER, VOID, NOBODY, "key_999"}
WALL_CHANNELS = {"kpi", "backlog", "attendance", "alerts"}
STRONGEST = ("key: every scope", "token of a member: admin", "token of a customer's admin")
ROOMS = [line for line in lines(SOCKET) if line.words[0] == "subscribe"]


@pytest.fixture
def rows(house: Organization) -> Organization:
    fixtures.make(house)
    return house


def scope_for(line: Line) -> str | None:
    """The scope of a key that is enough; None where no key is."""
    path = path_of(line)
    if path in OF_MEMBERS:
        return None
    if path in SCOPES:
        return SCOPES[path]
    if "ingest" in path:
        return KeyScope.INGEST
    is_read = line.expected["viewer"] in ("200", "406") and path != "api/intraday/attendance/people"
    return KeyScope.READ if is_read else None


def expected_of(kind: Kind, line: Line) -> str:
    path = path_of(line)
    if is_page(line):
        return line.expected[VOID if kind.secret else kind.like]
    by_column = line.expected[kind.like]
    if kind.like in OUTSIDE:
        return by_column
    if kind.wall:
        return by_column if path in WATCHED else "403"
    if kind.scopes is not None:
        return by_column if scope_for(line) in kind.scopes else "403"
    is_closed = (path in SESSIONS_ONLY and kind.secret) or (path in OF_MEMBERS and kind.issued)
    return "403" if is_closed else by_column


def different(found: dict[str, str], designed: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return found statuses that differ from the designed ones. An alert that another caller of the table has taken
    before (409) is taken here."""
    taken = {key: "200" if status == "409" else status for key, status in designed.items()}
    return {key: (found[key], taken[key]) for key in taken if found[key] != taken[key]}


@pytest.mark.parametrize("name", KINDS)
def test_every_endpoint_answers_every_credential_as_designed(rows: Organization, stranger: Organization, name: str):
    kind = KINDS[name](rows, stranger)
    client, found, designed = kind.client, {}, {}
    for line in lines(REST):
        if is_page(line) and kind.secret and name not in STRONGEST:
            continue  # pages know sessions alone
        if "customer" in name and name not in STRONGEST and line.words[-1] not in ("org", "user"):
            continue  # roles and limits are those of members, whose tokens ask everything
        with transaction.atomic():
            answer = ask(client, line.words[0], path_of(line), line.words[-1])
            transaction.set_rollback(True)
        found[str(line)], designed[str(line)] = str(answer.status_code), expected_of(kind, line)
    assert different(found, designed) == {}


# --- rooms -----------------------------------------------------------------------------------------------------------
def room_answer(kind: Kind, channel: str, line: Line) -> str:
    """The answer to a subscription, in the words of the matrix's table."""
    by_column = line.expected[kind.like]
    forbidden = (kind.wall and channel not in WALL_CHANNELS) or not may_listen(kind)
    return "forbid" if forbidden and by_column != "absent" else by_column


def may_listen(kind: Kind) -> bool:
    return kind.scopes is None or KeyScope.READ in kind.scopes


STREAMS = {"ok": 406, "inside": 406, "forbid": 403, "absent": 404, "anon": 401}
"""406: it was found in order, and is answered by the ASGI server alone."""


@pytest.mark.parametrize("name", KINDS)
def test_every_room_is_streamed_to_every_credential_as_designed(house: Organization, stranger: Organization, name: str):
    kind = KINDS[name](house, stranger)
    client = kind.client
    for channel in CHANNELS:
        for line in ROOMS:
            asked = {"organization_id": "org_123", "rooms": f"{channel}:org:{line.words[1]}"}
            answer = room_answer(kind, channel, line)
            if not may_listen(kind):
                answer = "forbid"  # it is judged before the room
            found = client.get("/api/ws/sse", asked).status_code
            assert found == STREAMS[answer], (channel, str(line))


async def heard_rooms(client: Socket, names: list[str]) -> dict[str, str]:
    """Ask for all rooms at once; return what became of each."""
    await client.say("subscribe", rooms=names, snapshot=False)
    while True:
        message = await client.hear()
        if message["event"] in ("subscribed", "error"):
            break
    data = message["data"]
    words = {code: word for word, code in ANSWERS.items()}
    found = {room: words[problem["code"]] for room, problem in data.get("refused", {}).items()}
    inside = data.get("granted", {})
    return found | {room: "inside" if room in inside else "ok" for room in names if room not in found}


@pytest.mark.parametrize("name", [name for name in KINDS if "session" not in name])
async def test_every_room_answers_every_credential_as_designed(
    server: LiveServer, house: Organization, stranger: Organization, name: str
):
    kind: Kind = await in_thread(KINDS[name], house, stranger)
    async with socket(server) as client:
        await client.say("authenticate", token=kind.secret)
        welcome = (await client.hear())["event"] == "authenticated"
        assert welcome == (kind.like != VOID and may_listen(kind))
        if not welcome:
            assert await client.closed() == 4401
            return
        places = {f"{channel}:org:{line.words[1]}": (channel, line) for channel in CHANNELS for line in ROOMS}
        found = await heard_rooms(client, list(places))
        assert found == {room: room_answer(kind, *place) for room, place in places.items()}


# --- the admin -------------------------------------------------------------------------------------------------------
PLACES = {"<path:object_id>": "1", "<id>": "1", "<path:content_type_id>": "1", "(?P<url>.*)$": "nothing"}


def pages() -> list[str]:
    found = []
    for route, _ in routes(get_resolver()):
        if route.startswith("admin/") and route != "admin/login/" and "^" not in route:
            for place, value in PLACES.items():
                route = route.replace(place, value)
            found.append(route)
    return found


@pytest.mark.parametrize("name", [name for name in KINDS if "session" not in name])
def test_no_page_of_the_admin_takes_a_key_or_a_token(rows: Organization, stranger: Organization, name: str):
    client: Any = KINDS[name](rows, stranger).client
    for page in pages() if name in STRONGEST else ["admin/", "admin/org/apikey/add/"]:
        for answer in (client.get(f"/{page}"), client.post(f"/{page}", {})):
            assert answer.status_code in (302, 405), page


def test_every_caller_of_the_tables_is_met_here_or_there(house: Organization, stranger: Organization):
    met = {make(house, stranger).like for make in KINDS.values()}
    assert met | {"expired"} == set(CALLERS)
