"""The browser itself: if these fail, the machine is to blame, not a page."""

import asyncio
from pathlib import Path

from playwright.async_api import Page, expect

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\nConnection: close\r\n\r\n<h1>Served</h1"


async def test_a_page_runs_its_scripts(page: Page) -> None:
    await page.goto("data:text/html,<h1>0</h1><script>document.querySelector('h1').textContent = 40 + 2</script>")
    await expect(page.get_by_role("heading")).to_have_text("42")


async def test_a_page_comes_from_a_loopback_server_and_has_a_picture(page: Page, tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        await page.goto(f"http://{host}:{port}/")
        await expect(page.get_by_role("heading")).to_have_text("Served")
    assert (await page.screenshot(path=tmp_path / "page.png")).startswith(b"\x89PNG")
