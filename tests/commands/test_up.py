"""`manage.py up`, which is `make run`: from nothing to a page with numbers, and back, in one process."""

import os
import re
import signal
import socket as sockets
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.live import ROOT, ProcessServer, socket

DEMO = {"user_id": "user_123", "organization_id": "org_123"}
CURRENT = "/api/intraday/backlog/current"
ROW = {
    "organization_id": "org_123",
    "queue_name": "support",
    "snapshot_time": "2026-01-31T10:00:00Z",
    "total_items": 42,
    "average_wait_time_minutes": 3.5,
    "items_over_sla": 4,
}

WALK_THROUGH = {"organization_id": "org_123", "queue_name": "support", "as_of_time": "2026-01-31T10:00:00Z"}


def up(var: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`up` where it cannot start: what it said and how it ended."""
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(var)}
    return subprocess.run(
        [sys.executable, "manage.py", "up", *words],
        cwd=ROOT,
        env=os.environ | alone | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_starts_from_nothing_ends_in_order_and_keeps_its_data(tmp_path: Path):
    var = tmp_path / "deep" / "var"
    server = ProcessServer.embedded(var)
    with server:
        for path in ("/", "/signin", "/api/docs", "/api/schema", "/healthz", "/readyz"):
            assert httpx.get(server.http + path).status_code == 200, path
        if has_ipv6():
            assert httpx.get(f"http://[::1]:{server.port}/healthz").status_code == 200
        computed = httpx.post(f"{server.http}/api/intraday/kpi/compute", json=WALK_THROUGH)
        assert computed.status_code == 201
        assert computed.json()["health_score"] > 80
        posted = httpx.post(f"{server.http}/api/schedulesbacklog/ingest", json=ROW)
        assert (posted.status_code, posted.json()["result"]) == (201, "created")
        printed = server.stop(signal.SIGINT)
    assert server.exit_code == 0, printed
    assert printed.rstrip().endswith("Stopped.")
    assert "Traceback" not in printed
    url = f"http://localhost:{server.port}"
    for line in (
        rf"page +{url}/\n",
        rf"admin +{url}/admin/ +ada, sam, ana, vic; password \S+",
        rf"docs +{url}/api/docs",
    ):
        assert re.search(line, printed), line
    assert "wscat" in printed
    assert f"curl -X POST {url}/api/intraday/kpi/compute" in printed
    assert '"as_of_time": "2026-01-31T10:00:00Z"' in printed
    assert "DEMO" in printed

    with server:
        figure = httpx.get(server.http + CURRENT, params={"queue_name": "support"}).json()["current"]
        assert figure["total_items"] == 42
        again = server.stop(signal.SIGTERM)
    assert server.exit_code == 0
    assert password(again) == password(printed)


def has_ipv6() -> bool:
    addresses = Path("/proc/net/if_inet6")
    return addresses.exists() and bool(addresses.read_text())


def password(printed: str) -> str:
    found = re.search(r"password (\S+)", printed)
    assert found is not None
    return found[1]


def test_a_taken_port_is_explained_with_the_next_one(tmp_path: Path):
    with closing(sockets.create_server(("127.0.0.1", 0))) as holder:
        port = holder.getsockname()[1]
        ended = up(tmp_path, "--port", str(port))
    assert ended.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in ended.stderr
    assert f"PORT={port + 1} make run" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_refuses_to_run_on_a_real_database(tmp_path: Path):
    ended = up(tmp_path, DATABASE_URL="postgresql://localhost/production", SECRET_KEY="only-for-tests-" + "x" * 40)
    assert ended.returncode == 1
    assert "manage.py serve" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_none_is_said_in_a_line(tmp_path: Path):
    ended = up(tmp_path, PORT="five")
    assert ended.returncode != 0
    assert "five" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One installation for the tests below: making the tables is what takes time."""
    return tmp_path_factory.mktemp("var")


async def test_with_the_simulation_numbers_move(var: Path):
    """On an address beyond this machine, where the demo must be asked for and is warned of."""
    with anywhere(var, INTRADAY_DEMO="1", INTRADAY_SIMULATE="1") as server:
        assert httpx.get(server.http + CURRENT).status_code == 200
        async with socket(server) as client:
            await client.say("authenticate", **DEMO)
            assert (await client.until("authenticated"))["data"]["organization_id"] == "org_123"
            await client.say("subscribe", channels=["backlog"], organization_id="org_123")
            await client.until("subscribed")
            for _ in range(10):
                event = await client.until("backlog:update", seconds=20)
        assert event["data"]["organization_id"] == "org_123"
        figure = httpx.post(f"{server.http}/api/intraday/kpi/compute", json=WALK_THROUGH).json()
        assert (figure["health_score"], figure["headcount_gap"]["gap"]) == (84.19, 0)
        assert client.seqs() == list(range(client.seqs()[0], client.seqs()[0] + 10))
        printed = server.stop(signal.SIGINT)
    assert server.exit_code == 0
    assert "Traceback" not in printed
    assert "everybody on your network" in printed


def test_on_another_address_the_demo_is_off(var: Path):
    with anywhere(var) as server:
        assert httpx.get(server.http + CURRENT).status_code == 401
        assert httpx.post(f"{server.http}/api/schedulesbacklog/ingest", json=ROW).status_code == 401
        printed = server.stop(signal.SIGINT)
    assert "password" not in printed
    assert "DEMO" not in printed


def test_the_demo_can_be_switched_off_at_home(var: Path):
    with ProcessServer.embedded(var, INTRADAY_DEMO="0") as server:
        assert httpx.get(server.http + CURRENT).status_code == 401


def anywhere(var: Path, **environment: str) -> ProcessServer:
    """`up` on all addresses of the machine."""
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(var), "INTRADAY_SIMULATE": "0"}
    return ProcessServer("manage.py", "up", "--host", "0.0.0.0", "--port", "{port}", environment=alone | environment)


@pytest.mark.parametrize("made_before", [False, True])
def test_the_embedded_database_is_for_its_owner_alone(tmp_path: Path, made_before: bool):
    database = tmp_path / "intraday.sqlite3"
    if made_before:
        database.touch(mode=0o644)
    environment = os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(tmp_path)}
    code = "import intraday.settings, sqlite3 as s; c = s.connect(intraday.settings.DATABASES['default']['NAME']); "
    code += "c.execute('PRAGMA journal_mode=WAL'); c.execute('CREATE TABLE a (b)'); import os; os._exit(0)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, umask=0o022)
    files = list(tmp_path.glob("intraday.sqlite3*"))
    assert len(files) >= 2  # with its log
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
