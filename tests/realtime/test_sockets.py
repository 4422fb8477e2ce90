import pytest

from intraday.org.models import Organization
from tests.conftest import key_of
from tests.live import Caller, LiveServer, socket

INGEST = "/api/schedulesbacklog/ingest"


def row(queue: str = "support", **fields: object) -> dict[str, object]:
    return {
        "queue_name": queue,
        "snapshot_time": "2026-01-31T10:00:00Z",
        "total_items": 10,
        "average_wait_time_minutes": 2.5,
        **fields,
    }


@pytest.fixture
def token(transactional_db: None, organization: Organization) -> str:
    return key_of(organization)


async def test_a_posted_snapshot_reaches_a_subscriber_with_the_fields_of_the_mission(
    any_server: LiveServer, token: str
):
    async with socket(any_server, token) as client, Caller(any_server, token) as api:
        await client.subscribe("backlog:org:org_123:queue:support")
        answer = await api.post(INGEST, row())
        assert answer.status_code == 201
        event = await client.until("backlog:update")
        assert event["data"]["total_items"] == 10
        assert event["seq"] == answer.json()["event"]["seq"]
        assert await client.quiet() == []
