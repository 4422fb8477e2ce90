"""`make dev`: the console from its sources on the server's data, a server that starts anew, and one end of both."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.documents import ROOT
from tests.live import connect
from tests.services import free_port


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """The running command, the address of the server and that of Vite."""
    ports = {"PORT": str(free_port()), "VITE_PORT": str(free_port())}
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(tmp_path), "INTRADAY_SIMULATE": "0"}
    running = subprocess.Popen(
        [sys.executable, "scripts/dev.py"], cwd=ROOT, env=os.environ | alone | ports, stderr=subprocess.PIPE, text=True
    )
    yield running, f"http://localhost:{ports['PORT']}", f"http://localhost:{ports['VITE_PORT']}"
    if running.poll() is None:
        running.terminate()
        running.communicate(timeout=30)


def answered(url: str, *, begun_after: float = 0.0) -> httpx.Response:
    """The first good answer of a process that was started after this instant."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            answer = httpx.get(url)
            if answer.status_code == 200 and started(answer) > begun_after:
                return answer
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def started(answer: httpx.Response) -> float:
    lines = [line for line in answer.text.splitlines() if line.startswith("process_start_time_seconds ")]
    return float(lines[0].split()[1]) if lines else float("inf")


def test_the_console_is_served_from_its_sources_and_the_server_starts_anew_on_a_change(
    dev: tuple["subprocess.Popen[str]", str, str],
):
    running, server, vite = dev
    first = started(answered(f"{server}/metrics"))
    page = answered(f"{vite}/")
    assert "/@vite/client" in page.text
    assert "/static/intraday/build/" not in page.text
    assert "createRoot" in httpx.get(f"{vite}/src/main.tsx").text
    assert httpx.get(f"{vite}/api/alerts").json()["items"] == []
    assert asyncio.run(welcomed(vite)) == "welcome"
    os.utime(ROOT / "intraday/version.py")
    answered(f"{server}/metrics", begun_after=first)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "intraday/version.py changed" in said
    for url in (server, vite):
        with pytest.raises(httpx.TransportError):
            httpx.get(url)


async def welcomed(vite: str) -> str:
    async with connect(vite.replace("http", "ws", 1) + "/ws", origin=vite) as connection:  # type: ignore[arg-type]
        return "welcome" if "welcome" in str(await connection.recv()) else "?"
