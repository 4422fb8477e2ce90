"""Count the SQL statements of posts, inside one process.

python -m bench.statements batch KEY SIZE…     with DATABASE_URL, SECRET_KEY; prints {size: statements}
python -m bench.statements single KEY SIZE     of one post to the organization of that size (bench.scopes.of_size)
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import connection  # noqa: E402  needs django.setup()
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.ingest import PATH, snapshot  # noqa: E402
from bench.scopes import of_size, queues  # noqa: E402

CONTROL = ("BEGIN", "COMMIT")  # of transactions; they ask the database nothing


def post(client: Client, path: str, content: dict[str, Any]) -> list[str]:
    """Return the statements."""
    with CaptureQueriesContext(connection) as captured:
        response = client.post(PATH + path, content, content_type="application/json")
    if response.status_code != 201:
        raise SystemExit(f"{response.status_code}: {response.content[:500]!r}")
    return [query["sql"] for query in captured]


def batch(client: Client, size: int, when: datetime) -> int:
    items = [snapshot(department, queue, when) for department, queue in queues(size)]
    return len(post(client, "/batch-ingest", {"items": items}))


def single(client: Client, size: int, when: datetime) -> int:
    [(department, queue)] = queues(1)
    content = {**snapshot(department, queue, when), "organization_id": of_size(size)}
    return sum(not statement.startswith(CONTROL) for statement in post(client, "/ingest", content))


def main(what: str, key: str, *sizes: str) -> None:
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Api-Key {key}"})
    when = datetime.now(UTC) - timedelta(hours=3)
    count = batch if what == "batch" else single
    count(client, int(sizes[0]), when)  # the first write of a scope is not what a feed does all day
    counts = {size: count(client, int(size), when + timedelta(minutes=i)) for i, size in enumerate(sizes, 1)}
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
