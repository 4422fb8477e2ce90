"""Fixtures for tests that look at pages as a person does.

Playwright's async interface: its sync one keeps an event loop running in the main thread, and every asyncio test and
every query of Django's ORM after it on the same worker would fail.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import FLAGS, NoChromiumError, executable
from tests.live import ProcessServer
from tests.services import free_port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser lives on the session's event loop, so the tests that use it run there."""
    for item in items:
        if Path(__file__).parent in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        program, environment = executable()
    except NoChromiumError as error:
        pytest.skip(str(error))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, env=environment, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page with cookies and storage of its own; an exception that its scripts do not catch fails the test."""
    errors: list[str] = []
    async with await browser.new_context() as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert not errors


@pytest.fixture(scope="session")
def origin() -> str:
    """The address of a page beside the server, which the server knows."""
    return f"http://localhost:{free_port()}"


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[ProcessServer]:
    """Start the server of `make run`, for tests that tolerate what other tests posted."""
    with ProcessServer.embedded(tmp_path_factory.mktemp("var"), INTRADAY_ALLOWED_ORIGINS=origin) as server:
        yield server
