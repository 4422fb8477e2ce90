"""One tenant that takes all it may get, and its neighbours, who are refused nothing and wait for nobody.

`python -m bench --only starving` measures how long they wait; here it is counted what they get.
"""

import asyncio
from typing import Any

from intraday.org.models import Organization
from tests.backlog.posting import row
from tests.conftest import key_of
from tests.live import Caller, LiveServer, socket
from tests.realtime.notes import in_thread

BATCH = "/api/schedulesbacklog/batch-ingest"
INGEST = "/api/schedulesbacklog/ingest"
ALLOWED_ROWS, BATCH_ROWS, ALLOWED_QUEUES, ALLOWED_SOCKETS = 600, 100, 20, 5


def at_its_limits(organization: Organization) -> str:
    organization.limit_rows_per_minute = ALLOWED_ROWS
    organization.limit_queues = ALLOWED_QUEUES
    organization.limit_connections = ALLOWED_SOCKETS
    organization.save()
    return key_of(organization)


async def hungry(server: LiveServer, key: str, answers: list[Any]) -> None:
    """Post batches of known and of new queues for as long as somebody listens."""
    async with Caller(server, key) as api:
        for number in range(30):
            rows = [row(f"q{(number + each) % 40}", minutes=number, department_id="d") for each in range(BATCH_ROWS)]
            answers.append(await api.post(BATCH, {"items": rows}))


async def connected(server: LiveServer, key: str, stop: asyncio.Event, admitted: list[bool]) -> None:
    async with socket(server) as client:
        await client.say("authenticate", token=key)
        admitted.append((await client.hear())["event"] == "authenticated")
        if admitted[-1]:
            await client.subscribe("backlog:org:org_999", snapshot=False)
            hearing = asyncio.ensure_future(client.closed(60))
            await stop.wait()
            hearing.cancel()


async def test_a_tenant_gets_what_it_may_and_its_neighbours_all_that_they_ask_for(
    server: LiveServer, token: str, organization: Organization, stranger: Organization, own_minute: None
):
    greedy = await in_thread(at_its_limits, stranger)
    stop, admitted, answers = asyncio.Event(), list[bool](), list[Any]()
    crowd = [asyncio.ensure_future(connected(server, greedy, stop, admitted)) for _ in range(3 * ALLOWED_SOCKETS)]
    while len(admitted) < len(crowd):
        await asyncio.sleep(0.01)
    eating = asyncio.ensure_future(hungry(server, greedy, answers))
    async with socket(server, token) as client, Caller(server, token) as api:
        await client.subscribe("backlog:org:org_123:dept:dept_456:queue:support", snapshot=False)
        posted = [(await api.post(INGEST, row(minutes=each, total=each))).status_code for each in range(20)]
        heard = [await client.until("backlog:update") for _ in range(20)]
    await eating
    stop.set()
    await asyncio.gather(*crowd)

    assert posted == [201] * 20
    assert [each["data"]["total_items"] for each in heard] == list(range(20))
    assert admitted.count(True) == ALLOWED_SOCKETS
    taken = sum(answer.json()["accepted"] for answer in answers if answer.status_code in (201, 207))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert taken <= ALLOWED_ROWS
    assert len(answers) - len(refused) == ALLOWED_ROWS // BATCH_ROWS
    assert {answer.headers["retry-after"] for answer in refused} == {"48"}
    assert await in_thread(lambda: stranger.scopes.exclude(queue_name="").count()) == ALLOWED_QUEUES
