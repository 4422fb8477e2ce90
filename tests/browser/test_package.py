"""The package in pages that others build: as one module from the server, and behind the dev server of Vite."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.test_console import PATIENCE, post
from tests.browser.test_portal import wait_for
from tests.live import ROOT, ProcessServer
from tests.services import free_port

FRONTEND = (ROOT / "docs/frontend.md").read_text()
MODULE = "http://localhost:5000/static/intraday/client/intraday-realtime.js"


def sample(sign: str, language: str) -> str:
    """The one code block of docs/frontend.md in which this sign occurs."""
    blocks = re.findall(rf"```{language}\n(.*?)```", FRONTEND, flags=re.DOTALL)
    [found] = [block for block in blocks if sign in block]
    return str(found)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessServer]:
    with ProcessServer.embedded(
        tmp_path_factory.mktemp("var"), INTRADAY_ALLOWED_ORIGINS="http://wall.example"
    ) as server:
        yield server


async def test_a_page_without_a_build_step_imports_the_module_from_the_server(
    page: Page, server: ProcessServer
) -> None:
    """The sample of docs/frontend.md as it stands, on another origin."""
    html = sample(MODULE, "html").replace("http://localhost:5000", server.http)

    async def answer(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    await page.route("http://wall.example/", answer)
    await page.goto("http://wall.example/")
    await expect(page.locator("#state")).to_have_text("live", timeout=PATIENCE)
    await post(server, "support", 41)
    await expect(page.locator("#total")).to_have_text("41", timeout=PATIENCE)


async def test_the_dev_server_of_vite_passes_socket_and_api_on(
    page: Page, server: ProcessServer, tmp_path: Path
) -> None:
    """The recipe of docs/frontend.md as it stands."""
    recipe = sample("server: { proxy:", "ts").replace("localhost:5000", f"127.0.0.1:{server.port}")
    (tmp_path / "vite.config.mjs").write_text(recipe)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "index.html").write_text(DEV_PAGE)
    port = free_port()
    vite = [str(ROOT / "node_modules/vite/bin/vite.js"), "--port", str(port), "--strictPort", "--host", "127.0.0.1"]
    with subprocess.Popen(["node", *vite], cwd=tmp_path, env=os.environ, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}")
            await page.goto(f"http://127.0.0.1:{port}")
            await expect(page.locator("#state")).to_have_text("live", timeout=PATIENCE)
            await post(server, "billing", 42)
            await expect(page.locator("#total")).to_have_text("42", timeout=PATIENCE)
            await expect(page.locator("#api")).to_have_text("200", timeout=PATIENCE)
        finally:
            process.terminate()


DEV_PAGE = """<!doctype html>
<body data-intraday='{"organization_id": "org_123", "user_id": "ann"}'>
<p id="state"></p><p id="total"></p><p id="api"></p>
<script type="module">
  import { createIntraday } from "intraday-realtime";
  const show = (id, text) => (document.getElementById(id).textContent = text);
  const intraday = createIntraday();
  intraday.status.subscribe(({ state }) => show("state", state));
  intraday
    .figures("backlog", { organization_id: "org_123", queue_name: "billing" })
    .subscribe(({ latestUpdate }) => show("total", latestUpdate?.total_items ?? ""));
  fetch("/api/intraday/backlog?organization_id=org_123").then(({ status }) => show("api", status));
</script>
</body>
"""
