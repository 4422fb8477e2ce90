"""Coming to the console, and waiting until it says something."""

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from tests.live import ProcessServer

PATIENCE = 20_000.0  # milliseconds; two busy cores may take seconds for what takes milliseconds


MOST = 3


@dataclass
class Hand:
    """A hand that clicks three times at most."""

    clicks: int = 0

    async def click(self, place: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST
        await place.click(timeout=PATIENCE)


async def open_console(page: Page, server: ProcessServer, query: str = "") -> None:
    await page.goto(server.http + query)
    await connected(page)


async def continue_as(page: Page, server: ProcessServer, name: str) -> None:
    await page.goto(f"{server.http}/signin")
    await page.get_by_role("button", name=name).click()
    await connected(page)


async def connected(page: Page) -> None:
    """Wait for the connection. Posts to a server that tests share may be stale by now."""
    await expect(page.locator("#connection")).to_have_text(re.compile("^(Live|Stale|Feed down)$"), timeout=PATIENCE)


async def says(page: Page, state: str) -> None:
    """Wait until the page shows that state of the connection."""
    await expect(page.locator("#connection")).to_have_text(state, timeout=PATIENCE)


async def shows(place: Locator, text: str) -> None:
    await expect(place).to_contain_text(text, timeout=PATIENCE)
