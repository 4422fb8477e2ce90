"""The example app: a page on another origin, the package as the server serves it, tokens from the app's own backend."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.test_console import PATIENCE, post
from tests.live import ROOT, ProcessServer
from tests.services import free_port

EXAMPLE = ROOT / "realtime/client/examples/portal"
PACKAGE = "/static/intraday/client/intraday-realtime.tgz"


@dataclass(frozen=True)
class Portal:
    url: str
    server: ProcessServer


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """The example, installed from the running server as its README says."""
    if not shutil.which("npm"):
        pytest.skip("the example needs Node.js with npm")
    port, var = free_port(), tmp_path / "var"
    url = f"http://localhost:{port}"
    with ProcessServer.embedded(var, INTRADAY_ALLOWED_ORIGINS=url) as server:
        folder = shutil.copytree(EXAMPLE, tmp_path / "portal", ignore=shutil.ignore_patterns("node_modules"))
        install(folder, server.http + PACKAGE)
        with running(folder, PORT=str(port), INTRADAY_URL=server.http, INTRADAY_KEY=token_key(var)):
            wait_for(url)
            yield Portal(url, server)


def install(folder: Path, package: str) -> None:
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", package], cwd=folder, check=True, capture_output=True, timeout=60
    )


def token_key(var: Path) -> str:
    command = "manage.py apikey create --organization org_123 --scope token --name portal"
    environment = os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(var)}
    made = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[None]:
    with subprocess.Popen(["node", "server.mjs"], cwd=folder, env=os.environ | environment) as process:
        yield
        process.terminate()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


async def test_a_page_of_ones_own_on_another_origin_shows_live_figures(page: Page, portal: Portal) -> None:
    await page.goto(portal.url)
    connection, total = page.locator("#connection"), page.locator("#total")
    await expect(connection).to_have_text("Live", timeout=PATIENCE)
    for queue, items in (("support", 10), ("billing", 20), ("claims", 30)):
        await post(portal.server, queue, items)
    await expect(total).to_have_text("60", timeout=PATIENCE)
    await expect(page.locator("#queues tr").first).to_have_text("claims30")
    portal.server.stop()
    await expect(connection).to_have_text("Offline", timeout=PATIENCE)
    portal.server.start()
    await expect(connection).to_have_text("Live", timeout=PATIENCE)
    await post(portal.server, "support", 11)
    await expect(total).to_have_text("61", timeout=PATIENCE)
