"""The page at `/`, as a person sees it: a real browser on a real embedded server, without the simulated day."""

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.async_api import Error, Locator, Page, Route, WebSocketRoute, expect

from tests.live import Caller, ProcessServer

PATIENCE = 20_000.0  # milliseconds; two busy cores may take seconds for what takes milliseconds
ORGANIZATION = ""  # the scope of its card; a department's is its id


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessServer]:
    """What `make run` starts, for tests that do not mind what others posted."""
    with ProcessServer.embedded(tmp_path_factory.mktemp("var")) as server:
        yield server


async def post(server: ProcessServer, queue: str, total: int, **fields: Any) -> None:
    row = {
        "organization_id": "org_123",
        "queue_name": queue,
        "snapshot_time": datetime.now(UTC).isoformat(),
        "total_items": total,
        "average_wait_time_minutes": 3.5,
    }
    async with Caller(server) as caller:
        answer = await caller.post("/api/schedulesbacklog/ingest", row | fields)
    assert answer.status_code == 201, answer.text


async def open_console(page: Page, server: ProcessServer) -> None:
    await page.goto(server.http)
    await says(page, "Live")


async def says(page: Page, state: str) -> None:
    await expect(page.locator("#state-text")).to_contain_text(state, timeout=PATIENCE)


def cell(page: Page, queue: str, figure: str) -> Locator:
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=queue, exact=True))
    return row.locator(f"[data-figure={figure}]")


async def shows(place: Locator, text: str) -> None:
    await expect(place).to_have_text(text, timeout=PATIENCE)


async def test_a_posted_backlog_appears_without_a_reload(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await page.evaluate("window.loadedOnce = true")
    await post(embedded, "sales", 1234, items_over_sla=617)
    await shows(cell(page, "sales", "total_items"), "1,234")
    await shows(cell(page, "sales", "sla_compliance_percentage"), "50 %")
    await shows(cell(page, "sales", "status"), "Behind")
    await expect(page.locator("#feed li").filter(has_text="dept_456 / sales")).to_contain_text("1,234 items")
    assert await page.evaluate("window.loadedOnce")


async def test_three_queues_add_up_in_the_organization_total(page: Page, tmp_path: Path) -> None:
    with ProcessServer.embedded(tmp_path) as server:
        await open_console(page, server)
        await expect(page.locator("#empty")).to_be_visible()
        for queue, total in (("support", 10), ("billing", 20), ("claims", 30)):
            await post(server, queue, total)
        for scope, total in ((ORGANIZATION, "60"), ("dept_456", "30"), ("dept_789", "30")):
            await shows(page.locator(f'[data-scope="{scope}"] [data-figure=total_items]'), total)
        await expect(page.locator("#empty")).to_be_hidden()


async def test_after_a_restart_the_page_shows_what_it_missed_and_nothing_twice(page: Page, tmp_path: Path) -> None:
    with ProcessServer.embedded(tmp_path) as server:
        await open_console(page, server)
        await post(server, "support", 10)
        await shows(cell(page, "support", "total_items"), "10")
        await asyncio.to_thread(server.stop)
        await says(page, "Offline")
        with ProcessServer.embedded(tmp_path) as elsewhere:  # the same data on another port: surely missed
            await post(elsewhere, "support", 20)
            await post(elsewhere, "billing", 7)
        await asyncio.to_thread(server.start)
        await says(page, "Live")
        await post(server, "support", 30)
        await shows(cell(page, "support", "total_items"), "30")
        await shows(cell(page, "billing", "total_items"), "7")
        seqs = await page.locator("#feed li").evaluate_all("entries => entries.map(each => Number(each.dataset.seq))")
        assert seqs == list(range(12, 0, -1))  # four posts: the queue, its department, the organization
        assert await page.locator("#feed li").filter(has_text="missed").count() == 6


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
async def test_the_printed_curl_line_works_as_it_stands(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    line = await page.locator("#line-curl").text_content() or ""
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", line, stdout=asyncio.subprocess.PIPE, env={**os.environ, "NO_PROXY": "*"}
    )
    said, _ = await shell.communicate()
    assert json.loads(said)["result"] == "created"
    await shows(cell(page, "support", "total_items"), "500")
    await shows(cell(page, "support", "items_over_sla"), "80")


async def test_what_a_feed_does_not_say_is_a_dash_with_its_reason(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await post(embedded, "email", 5)
    unknown = cell(page, "email", "items_over_sla").locator(".unknown")
    await shows(unknown, "—")
    await expect(unknown).to_have_attribute("title", "the feed says neither how many items are over SLA nor at risk")
    await shows(cell(page, "email", "status"), "Unknown")


async def test_old_figures_are_called_stale(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await post(embedded, "returns", 5, snapshot_time=(datetime.now(UTC) - timedelta(hours=3)).isoformat())
    await expect(cell(page, "returns", "age")).to_have_text("stale, 3 h 0 min old", timeout=PATIENCE)
    await shows(cell(page, "returns", "status"), "Stale")


async def test_a_name_is_shown_as_it_is_typed(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await post(embedded, "<img src=x onerror=alert(1)>", 5, department_id="dept_456")
    await shows(cell(page, "<img src=x onerror=alert(1)>", "total_items"), "5")
    assert await page.locator("img").count() == 0


async def test_a_paused_feed_keeps_still_until_it_is_resumed(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await page.get_by_role("button", name="Pause").click()
    await post(embedded, "claims", 77)
    await shows(cell(page, "claims", "total_items"), "77")
    resume = page.get_by_role("button", name="Resume (3 new)")
    await expect(resume).to_be_visible(timeout=PATIENCE)
    assert await page.locator("#feed li").count() == 0
    await resume.click()
    await expect(page.locator("#feed li")).to_have_count(3)


@pytest.mark.parametrize(
    ("code", "words"), [(4401, "Signed out"), (4403, "Refused"), (4429, "Stopped: this page sent too many messages")]
)
async def test_a_final_close_code_is_told_in_words_and_ends_it(
    page: Page, embedded: ProcessServer, code: int, words: str
) -> None:
    opened: list[WebSocketRoute] = []

    async def close_at_once(socket: WebSocketRoute) -> None:
        opened.append(socket)
        await socket.close(code=code, reason="as the server says")

    await page.route_web_socket("**/ws", close_at_once)
    await page.goto(embedded.http)
    await says(page, words)
    await says(page, "as the server says")
    await page.wait_for_timeout(1_500)  # more than the first delay
    assert len(opened) == 1


async def test_after_a_resync_the_page_reads_everything_anew(page: Page, embedded: ProcessServer) -> None:
    sockets: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    await page.route_web_socket("**/ws", between)
    await open_console(page, embedded)
    resync = {"organization_id": "org_123", "reason": "tried"}
    sockets[0].send(json.dumps({"event": "backlog:resync", "data": resync}))
    await expect(page.locator("#feed .remark")).to_contain_text("All figures read anew", timeout=PATIENCE)
    await says(page, "Live")


async def test_the_page_keeps_to_a_strict_content_security_policy(page: Page, embedded: ProcessServer) -> None:
    async def with_policy(route: Route) -> None:
        answer = await route.fetch()
        policy = {"content-security-policy": "default-src 'self'"}
        await route.fulfill(response=answer, headers=answer.headers | policy)

    with suppress(Error):  # newer browsers take a page that the test serves for a stranger to this machine
        await page.context.grant_permissions(["local-network-access"])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.route(f"{embedded.http}/", with_policy)
    await post(embedded, "billing", 3)
    await open_console(page, embedded)
    await shows(cell(page, "billing", "total_items"), "3")
    assert complaints == []


def test_without_demo_mode_the_page_says_where_to_sign_in(client: Client, settings: Any) -> None:
    settings.DEMO = False
    text = client.get("/").content.decode()
    assert 'href="/admin/"' in text
    assert 'href="/api/docs"' in text
    assert "<script" not in text
