"""Measure a snapshot of about 4 KB on the wire: plain, and with negotiated compression.

python -m bench.wire KEY        with DATABASE_URL, SECRET_KEY; prints {"plain": bytes, "deflated": bytes}
"""

import json
import os
import sys
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.test import Client  # noqa: E402  needs django.setup()

from bench.ingest import PATH, snapshot  # noqa: E402
from bench.scopes import ORGANIZATION, queues  # noqa: E402
from intraday.channels import CHANNELS  # noqa: E402
from realtime.hub.fanout.rendering import Batch  # noqa: E402
from realtime.hub.snapshots import read_snapshot  # noqa: E402
from realtime.protocol.redaction import Redaction  # noqa: E402
from realtime.protocol.rooms import Room, RoomFilter, stream_name  # noqa: E402

BYTES = 4 * 1024


def fill(key: str, places: list[tuple[str, str]]) -> None:
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Api-Key {key}"})
    now = datetime.now(UTC)
    content = {"items": [snapshot(department, queue, now) for department, queue in places]}
    response = client.post(f"{PATH}/batch-ingest", content, content_type="application/json")
    if response.status_code != 201:
        raise SystemExit(f"{response.status_code}: {response.content[:500]!r}")


def message(places: list[tuple[str, str]]) -> Batch:
    """Return the snapshot that a client gets when it subscribes to these queues."""
    rooms = frozenset(Room("backlog", ORGANIZATION, department, queue) for department, queue in places)
    stream = stream_name("backlog", ORGANIZATION)
    found = read_snapshot(stream, CHANNELS["backlog"].snapshot, RoomFilter(rooms), Redaction.NOTHING)
    assert found.message is not None
    return found.message


def main(key: str) -> None:
    places = queues(50)
    fill(key, places)
    chosen = next(found for count in range(1, 51) if len((found := message(places[:count])).frames) >= BYTES)
    print(json.dumps({"plain": len(chosen.frames), "deflated": len(chosen.deflated)}))


if __name__ == "__main__":
    main(sys.argv[1])
