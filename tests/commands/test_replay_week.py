"""The whole incident week, posted by `manage.py replay` to a production process, and heard by a client meanwhile."""

import asyncio
import os
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from backlog.models import Snapshot
from intraday.org.models import Organization
from tests.conftest import key_of
from tests.live import ROOT, Caller, ProcessServer, Socket, socket

LOG = Path(__file__).parents[2].parent / "shared" / "data" / "it_incidents_2016-03-28_week.csv.gz"
ZONE = ZoneInfo("America/Sao_Paulo")
MIDNIGHTS = [datetime(2016, 3, 28, tzinfo=ZONE) + timedelta(days=day) for day in range(1, 8)]
CLOSING = [1859, 1794, 1791, 1825, 1872, 1797, 1749]  # ../shared/data/README.md
STREAM = "backlog:org:org_123"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not LOG.exists(), reason="needs the real incident log in ../shared/data"),
]


@pytest.fixture
def key(transactional_db: None, organization: Organization) -> str:
    return key_of(organization)


async def replay(server: ProcessServer, key: str) -> str:
    words = ["manage.py", "replay", "incidents", str(LOG), "--every", "6h", "--url", server.http]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=ROOT,
        env=os.environ | {"INTRADAY_API_KEY": key, "COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def keep_listening(client: Socket) -> None:
    while True:
        await client.hear(60)


async def test_the_week_ends_each_day_with_the_published_backlog_and_is_heard_whole(key: str):
    with ProcessServer.serve() as server:
        async with socket(server, key) as client, Caller(server, key) as api:
            await client.subscribe(STREAM)
            listening = asyncio.create_task(keep_listening(client))
            printed = await replay(server, key)
            days, stored = await history(api), await asyncio.to_thread(posted_snapshots)
            head = await heard_up_to_the_head(client, api)
            listening.cancel()
    assert re.search(rf"│ rows +│ +{stored} ", printed), printed
    assert [days[midnight.timestamp()] for midnight in MIDNIGHTS] == CLOSING
    assert client.seqs() == list(range(1, head + 1))
    newest = [event["data"] for event in client.events() if "department_id" not in event["data"]][-1]
    assert (newest["total_items"], newest["derived"]) == (CLOSING[-1], True)


def posted_snapshots() -> int:
    try:
        return Snapshot.objects.filter(derived=False).count()
    finally:
        connection.close()


async def history(api: Caller) -> dict[float, int]:
    """The organization's derived figure by instant, read page by page."""
    found: dict[float, int] = {}
    query: dict[str, Any] = {"limit": 10}
    while True:
        page = (await api.get("/api/intraday/backlog/history", **query)).json()
        assert all(item["derived"] for item in page["items"])
        found |= {datetime.fromisoformat(item["timestamp"]).timestamp(): item["total_items"] for item in page["items"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def heard_up_to_the_head(client: Socket, api: Caller) -> int:
    """The seq of the last event, once the client has it: posting the last figures again says where the log ends."""
    row = {"queue_name": "support", "snapshot_time": "2016-04-04T03:00:00Z", "total_items": 0}
    answer = await api.post("/api/schedulesbacklog/ingest", {**row, "average_wait_time_minutes": 0})
    head: int = answer.json()["event"]["seq"] + 2  # and the department's, and the organization's
    for _ in range(200):
        if client.seqs()[-1:] == [head]:
            break
        await asyncio.sleep(0.05)
    return head
