"""The example app: a page on another origin, the package as the server serves it, tokens from the app's own backend."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.posting import post, wait_for
from tests.browser.visit import PATIENCE
from tests.live import ROOT, ProcessServer
from tests.services import free_port

EXAMPLE = ROOT / "clients/typescript/examples/portal"
PACKAGE = "/static/intraday/client/intraday-realtime.tgz"


@dataclass(frozen=True)
class Portal:
    url: str
    server: ProcessServer
    folder: Path


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The example, installed from the running server as its README says."""
    tmp_path = tmp_path_factory.mktemp("portal")
    if not shutil.which("npm"):
        pytest.skip("the example needs Node.js with npm")
    port, var = free_port(), tmp_path / "var"
    url = f"http://localhost:{port}"
    with ProcessServer.embedded(var, INTRADAY_ALLOWED_ORIGINS=url) as server:
        folder = shutil.copytree(EXAMPLE, tmp_path / "portal", ignore=shutil.ignore_patterns("node_modules"))
        install(folder, server.http + PACKAGE)
        with running(folder, PORT=str(port), INTRADAY_URL=server.http, INTRADAY_KEY=token_key(var)):
            wait_for(url)
            yield Portal(url, server, folder)


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


SPARING_CLIENT = """async (options) => {
    const { createClient } = await import("intraday-realtime");
    const getToken = async () => (await fetch("/token", { method: "POST" })).json();
    const client = createClient({ url: (await getToken()).url, getToken, ...options });
    const view = client.figures("backlog", { organization_id: "org_123" });
    view.subscribe(() => {
        window.totals = Object.fromEntries([...view.getState().byScope.values()].map(({ latest }) =>
            [latest.queue_name ?? latest.department_id ?? "all", [latest.total_items, latest.avg_wait_time_minutes]]));
    });
}"""


@pytest.mark.parametrize(
    ("options", "sign"), [({"delta": True}, '"base":'), ({"batchMilliseconds": 100}, '"event":"batch"')]
)
async def test_patches_and_batches_show_what_whole_events_show(
    page: Page, portal: Portal, options: dict[str, object], sign: str
) -> None:
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    await page.goto(portal.url)
    await expect(page.locator("#connection")).to_have_text("Live", timeout=PATIENCE)
    await page.evaluate(SPARING_CLIENT, options)
    for items in (3, 4, 5):
        for queue in ("support", "billing", "claims"):
            await post(portal.server, queue, items)
    expected = {"support": 5, "billing": 5, "claims": 5, "dept_456": 10, "dept_789": 5, "all": 15}
    shown = json.dumps(sorted([scope, [total, 3.5]] for scope, total in expected.items()), separators=(",", ":"))
    totals = "JSON.stringify(Object.entries(window.totals ?? {}).sort())"
    await page.wait_for_function(f"{totals} === '{shown}'", timeout=PATIENCE)
    assert any(sign in frame for frame in heard)


PROGRAM = """
import { createIntraday } from "intraday-realtime";
import WebSocket from "ws";

const [url, portal] = process.argv.slice(2);
const getToken = async () => (await fetch(`${portal}/token`, { method: "POST" })).json();
const intraday = createIntraday({ url, getToken, WebSocket });
const backlog = intraday.figures("backlog", { organization_id: "org_123", queue_name: "support" });
intraday.status.subscribe(({ state }) => console.log(state));
backlog.onLive(({ total_items }) => {
  console.log(total_items);
  intraday.close();
});
"""


async def test_a_program_on_node_hears_what_a_page_hears(portal: Portal) -> None:
    """Without a global WebSocket, as in Node.js 20; it ends by itself once it has closed its client."""
    program = portal.folder / "program.mjs"
    program.write_text(PROGRAM)
    (portal.folder / "node_modules/ws").symlink_to(ROOT / "node_modules/ws")
    process = await asyncio.create_subprocess_exec(
        "node", str(program), portal.server.http, portal.url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            printed = [(await process.stdout.readline()).decode().strip()]
            while printed[-1] != "live":
                printed.append((await process.stdout.readline()).decode().strip())
            await post(portal.server, "support", 17)
            rest, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert list(dict.fromkeys(printed)) == ["idle", "connecting", "catching_up", "live"]
    assert rest.decode().split() == ["17", "idle"]
    assert process.returncode == 0


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_a_lock_file_that_names_a_version_holds_after_an_upgrade(portal: Portal, tmp_path: Path, version: str) -> None:
    released = json.loads((ROOT / "clients/typescript/released.json").read_text())
    (tmp_path / "package.json").write_text('{"private": true}')
    install(tmp_path, portal.server.http + PACKAGE.replace(".tgz", f"-{version}.tgz"))
    lock = json.loads((tmp_path / "package-lock.json").read_text())["packages"]["node_modules/intraday-realtime"]
    assert lock["version"] == version
    assert lock["integrity"] == released.get(version, lock["integrity"])


async def test_a_page_of_ones_own_on_another_origin_shows_live_figures(page: Page, portal: Portal) -> None:
    await page.goto(portal.url)
    connection, total = page.locator("#connection"), page.locator("#total")
    await expect(connection).to_have_text("Live", timeout=PATIENCE)
    for queue, items in (("support", 10), ("billing", 20), ("claims", 30)):
        await post(portal.server, queue, items)
    await expect(total).to_have_text("60", timeout=PATIENCE)
    worst = page.locator("#queues tr").first
    await expect(worst).to_have_text("claims30")
    portal.server.stop()
    await expect(connection).to_have_text("Offline", timeout=PATIENCE)
    portal.server.start()
    await page.evaluate("dispatchEvent(new Event('online'))")  # no need to wait for the next attempt
    await expect(connection).to_have_text("Live", timeout=PATIENCE)
    await post(portal.server, "claims", 31)
    await expect(worst).to_have_text("claims31", timeout=PATIENCE)
