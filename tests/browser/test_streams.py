"""The wrapper of docs/streams.md in a real browser: it comes back after whatever ended its stream."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from tests.browser.visit import continue_as
from tests.live import ProcessServer

PAGE = Path(__file__).parents[2] / "docs/streams.md"
[WRAPPER] = re.findall(r"```js\n(// A stream.*?)```", PAGE.read_text(), re.DOTALL)
ANSWERS = [
    b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'retry: 10\nid: custom:e:1\ndata: {"event":"one"}\n\nid: custom:e:2\ndata: {"event":"tw',  # cut within a block
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'retry: 10\ndata: {"event":"error","data":{"code":"unavailable"}}\n\n',
    b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 504 Gateway Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'id: custom:e:2\ndata: {"event":"two"}\n\n',
]
"""Answers that a proxy may give in our place, one after another."""


@asynccontextmanager
async def proxy(asked: list[bytes]) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /api/ws/sse"):
            asked.append(head)
            writer.write(ANSWERS[min(len(asked), len(ANSWERS)) - 1])
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>A page")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


async def begin(page: Page, address: str) -> None:
    script = WRAPPER.replace("export function", "function") + "\nwindow.heard = [];"
    begin = f"window.leave = listen('{address}', (each) => heard.push(each), {{ first: 20 }});"
    await page.evaluate(f"{script} {begin} true")  # a function at the end would be called


async def said(page: Page, condition: str) -> None:
    """Wait for a condition without `eval` in the page, which the console's policy forbids."""
    async with asyncio.timeout(20):
        while not await page.evaluate(condition):
            await asyncio.sleep(0.05)


async def test_it_survives_what_ends_an_eventsource_for_good(page: Page):
    asked: list[bytes] = []
    async with proxy(asked) as port:
        await page.goto(f"http://127.0.0.1:{port}/")
        await begin(page, "/api/ws/sse?channels=custom")
        await said(page, "heard.some(({ event }) => event === 'two')")
        await page.evaluate("leave()")
        events = await page.evaluate("heard.map(({ event }) => event)")
    assert events[: events.index("two") + 1] == ["one", "error", "two"], "nothing doubled, and no half a block"
    assert b"since=" not in asked[0]
    assert b"custom:e:1" in asked[2].replace(b"%3A", b":"), "it goes on where it was"
    assert b"since=custom:e:1" in asked[5].replace(b"%3A", b":")


async def test_a_browser_returns_by_itself_from_what_will_pass(page: Page):
    """The server says it as a stream: even a bare EventSource is not dead after it."""
    asked: list[bytes] = []
    async with proxy(asked) as port:
        await page.goto(f"http://127.0.0.1:{port}/")
        asked += [b""] * 2  # begins with the stream that says `error`, and ends
        states = await page.evaluate(
            """() => new Promise((done) => {
                const source = new EventSource("/api/ws/sse?channels=custom");
                const states = [];
                source.onerror = () => { states.push(source.readyState); if (source.readyState === 2) done(states); };
            })"""
        )
    assert states == [0, 2], "after our stream it comes back, after a 429 never"


async def test_it_hears_the_real_server_with_the_session_of_the_page(page: Page, embedded: ProcessServer):
    await continue_as(page, embedded, "admin")
    await begin(page, "/api/ws/sse?channels=system")
    await said(page, "heard.length > 0")
    first = await page.evaluate("leave(), heard[0]")
    assert first["event"] == "subscribed"
    assert len(first["data"]["rooms"]) == 1
