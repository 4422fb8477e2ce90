"""Count the SQL statements of a batch.

python -m bench.statements KEY SIZE…        with DATABASE_URL, SECRET_KEY; prints {size: statements}
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import connection  # noqa: E402  needs django.setup()
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.ingest import PATH, snapshot  # noqa: E402
from bench.scopes import queues  # noqa: E402


def count(client: Client, size: int, when: datetime) -> int:
    content = {"items": [snapshot(department, queue, when) for department, queue in queues(size)]}
    with CaptureQueriesContext(connection) as captured:
        response = client.post(f"{PATH}/batch-ingest", content, content_type="application/json")
    if response.status_code != 201:
        raise SystemExit(f"{response.status_code}: {response.content[:500]!r}")
    return len(captured)


def main(key: str, *sizes: str) -> None:
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Api-Key {key}"})
    when = datetime.now(UTC) - timedelta(hours=3)
    count(client, int(sizes[0]), when)
    counts = {size: count(client, int(size), when + timedelta(minutes=i)) for i, size in enumerate(sizes, 1)}
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
