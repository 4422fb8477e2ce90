"""The package in pages that others build: as one module from the server, and behind the dev server of Vite."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.posting import post, wait_for
from tests.browser.visit import PATIENCE
from tests.live import ROOT, ProcessServer
from tests.services import free_port

FRONTEND = (ROOT / "docs/frontend.md").read_text()
MODULE = "http://localhost:5000/static/intraday/client/intraday-realtime.js"


def sample(sign: str, language: str) -> str:
    """The one code block of docs/frontend.md in which this sign occurs."""
    blocks = re.findall(rf"```{language}\n(.*?)```", FRONTEND, flags=re.DOTALL)
    [found] = [block for block in blocks if sign in block]
    return str(found)


@asynccontextmanager
async def serving(html: str, origin: str) -> AsyncIterator[None]:
    """A page on an origin of its own."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(html.encode())}\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"{head}Connection: close\r\n\r\n{html}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "localhost", int(origin.rpartition(":")[2])):
        yield


async def test_a_page_without_a_build_step_imports_the_module_from_the_server(
    page: Page, embedded: ProcessServer, origin: str
) -> None:
    """The sample of docs/frontend.md as it stands, on another origin."""
    async with serving(sample(MODULE, "html").replace("http://localhost:5000", embedded.http), origin):
        await page.goto(origin)
        await expect(page.locator("#state")).to_have_text("live", timeout=PATIENCE)
        await post(embedded, "support", 41)
        await expect(page.locator("#total")).to_have_text("41", timeout=PATIENCE)


WATCH = """async (server) => {
    const { createIntraday } = await import(`${server}/static/intraday/client/intraday-realtime.js`);
    const client = createIntraday();
    const view = client.figures("backlog", { organization_id: "org_123", queue_name: "claims" });
    view.subscribe(({ latestUpdate, stale }) => (window.seen = `${latestUpdate?.total_items} ${stale}`));
}"""


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_browser_whose_clock_is_set_shows_what_comes_and_calls_it_fresh(
    page: Page, embedded: ProcessServer, origin: str, hours: int
) -> None:
    async with serving(sample(MODULE, "html").replace("http://localhost:5000", embedded.http), origin):
        await page.goto(origin)
        await page.evaluate(WATCH, embedded.http)
        await post(embedded, "claims", 1)
        await page.wait_for_function("window.seen === '1 false'", timeout=PATIENCE)
        await page.evaluate(f"const now = Date.now; Date.now = () => now() + {hours} * 3_600_000")
        for total in (2, 3):
            await post(embedded, "claims", total)
            await page.wait_for_function(f"window.seen === '{total} false'", timeout=PATIENCE)


async def test_the_dev_server_of_vite_passes_socket_and_api_on(
    page: Page, embedded: ProcessServer, tmp_path: Path
) -> None:
    """The recipe of docs/frontend.md as it stands."""
    recipe = sample("server: { proxy:", "ts").replace("localhost:5000", f"127.0.0.1:{embedded.port}")
    (tmp_path / "vite.config.mjs").write_text(recipe)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "index.html").write_text(DEV_PAGE)
    port = free_port()
    vite = [str(ROOT / "node_modules/vite/bin/vite.js"), "--port", str(port), "--strictPort", "--host", "127.0.0.1"]
    with subprocess.Popen(
        ["node", *vite], cwd=tmp_path, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}")
            await page.goto(f"http://127.0.0.1:{port}")
            await expect(page.locator("#state")).to_have_text("live", timeout=PATIENCE)
            await post(embedded, "billing", 42)
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
  fetch("/api/intraday/backlog/current?organization_id=org_123").then(({ status }) => show("api", status));
</script>
</body>
"""
