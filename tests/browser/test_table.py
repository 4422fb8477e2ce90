"""The table of queues: finding one, opening it beside the page, views that are saved; and what is said while and where
there is nothing to show."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser import storm
from tests.browser.looks import barriers, is_seen, picture
from tests.browser.scene import PHONE, WINDOW, raised
from tests.browser.stage import Stage
from tests.browser.visit import PATIENCE, connected, continue_as, open_console, shows
from tests.live import ProcessServer

LONG = "Kundenrückfragen-zu-Vertragsverlängerungen-und-Sonderkündigungen-mit-Rückrufbitte-" + "x" * 40
SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver(list => list.getEntries().forEach(each => {
        if (!each.hadRecentInput) window.shifted += each.value;
    })).observe({type: 'layout-shift', buffered: true});
}"""


def names(page: Page) -> Locator:
    return page.locator(".queues tbody th button")


def gap(page: Page) -> Locator:
    return page.locator(".queues").get_by_role("columnheader", name="Gap")


def row(page: Page, queue: str) -> Locator:
    return page.locator(".queues tbody tr", has=page.get_by_role("button", name=queue, exact=True))


@pytest_asyncio.fixture(loop_scope="session")
async def stage(page: Page) -> Stage:
    await page.set_viewport_size(WINDOW)
    return await raised(page)


# --- finding ---------------------------------------------------------------------------------------------------------
async def test_queues_are_searched_filtered_grouped_and_sorted_both_ways(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    await open_console(page, embedded)
    await page.get_by_role("searchbox", name="Search queues").fill("dept_789 com")
    await expect(names(page)).to_have_text(["complaints"])
    await page.get_by_role("searchbox", name="Search queues").fill("")
    await page.get_by_label("State", exact=True).select_option("Critical")
    await expect(names(page)).to_have_text(["support", "claims"])
    await shows(page.locator(".queues"), "2 of 8 queues")
    await page.get_by_label("State", exact=True).select_option("Needs attention")
    await page.get_by_label("By department").check()
    await expect(page.locator(".queues .group")).to_have_text(
        ["dept_456 3 queues, 1 critical, 2 at risk", "dept_789 2 queues, 1 critical"]
    )
    assert await barriers(page) == []
    await page.get_by_label("By department").uncheck()
    await page.get_by_label("State", exact=True).select_option("All states")
    for first, sort in (("support", "ascending"), ("sales", "descending")):
        await gap(page).get_by_role("button").click()
        await expect(gap(page)).to_have_attribute("aria-sort", sort)
        await expect(names(page).filter(has_text=re.compile("support|sales")).first).to_have_text(first)
    await open_console(page, embedded)  # the order is remembered
    await expect(gap(page)).to_have_attribute("aria-sort", "descending")


async def test_a_saved_view_is_a_link_that_opens_the_same_table(page: Page, embedded: ProcessServer) -> None:
    await continue_as(page, embedded, "sam")
    await page.get_by_label("State", exact=True).select_option("At risk")
    await page.get_by_role("button", name="Saved views").click()
    views = page.get_by_role("group", name="Saved views")
    await views.get_by_label("Save what is shown as").fill("Mornings")
    await views.get_by_role("button", name="Save").click()
    await expect(views.get_by_role("link", name="Mornings")).to_be_visible(timeout=PATIENCE)
    assert await barriers(page) == []
    await open_console(page, embedded)
    await expect(page.get_by_label("State", exact=True)).to_have_value("")
    await page.get_by_role("button", name="Saved views").click()
    await views.get_by_role("link", name="Mornings").click()
    await connected(page)
    await expect(page.get_by_label("State", exact=True)).to_have_value("at_risk")
    await page.get_by_role("button", name="Saved views").click()
    await views.get_by_role("button", name="Remove Mornings").click()
    await shows(views, "None yet")


async def test_the_view_goes_along_to_another_scope_and_into_the_file(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    await open_console(page, embedded)
    await page.get_by_label("State", exact=True).select_option("Needs attention")
    await gap(page).get_by_role("button").click()
    await page.get_by_label("Department", exact=True).select_option("dept_456")
    await expect(names(page)).to_have_text(["support", "billing", "email"])
    assert page.url.endswith("/?organization=org_123&department=dept_456&state=attention&sort=gap&group=")
    await page.get_by_role("button", name="Export as CSV").click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Queues as shown now").click()
    file = await download.value
    assert re.fullmatch(r"queues_org_123_dept_456_\d{4}-\d\d-\d\d\.csv", file.suggested_filename)
    lines = Path(await file.path()).read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["queue_name", "support", "billing", "email"]


# --- opening ---------------------------------------------------------------------------------------------------------
async def test_a_click_anywhere_on_a_row_opens_its_drawer_beside_the_table(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    await open_console(page, embedded)
    await row(page, "support").locator(".age").click()
    drawer = page.get_by_role("dialog")
    await shows(drawer, "This interval is lost: 41 % of 80 %; 7 of 24 agents short")
    await expect(drawer.locator("dt", has_text="Required")).to_have_count(1)
    assert await is_seen(row(page, "support").locator(".age"))
    for wide in (".queues .scroll", ".drawer .scroll"):
        assert await page.locator(wide).evaluate("place => place.scrollWidth <= place.clientWidth"), wide
    await picture(page, "beside")
    assert await barriers(page) == []
    await row(page, "sales").locator(".gap").click()
    await expect(page.get_by_role("dialog", name="sales")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    await expect(names(page).filter(has_text="sales")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(drawer).to_be_visible()


# --- what there is not -----------------------------------------------------------------------------------------------
async def test_nothing_is_said_before_it_is_known(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    stage.held = True
    await page.goto(embedded.http)
    await expect(page.get_by_role("status", name="Loading the figures")).to_be_visible(timeout=PATIENCE)
    assert "No alert is open" not in await page.locator("body").inner_text()
    assert await barriers(page) == []
    stage.release()
    await shows(page.locator("#alerts"), "Far too few agents")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?department=gone", "There is no department “gone”, or it is not yours."),
        ("?department=dept_456&queue=gone", "There is no queue “gone” here"),
        ("?organization=gone", "There is no organization “gone”, or you do not belong to it."),
    ],
)
async def test_a_dead_link_says_so_and_leads_back(page: Page, embedded: ProcessServer, query: str, words: str) -> None:
    await page.goto(f"{embedded.http}/{query}")
    dead = page.get_by_role("alert").filter(has_text=words)
    await expect(dead).to_be_visible(timeout=PATIENCE)
    await dead.get_by_role("link", name="Show Demo organization").click()
    await connected(page)
    await expect(dead).to_have_count(0)


@pytest.mark.parametrize("window", [WINDOW, PHONE], ids=["1280", "390"])
async def test_long_names_are_cut_and_nothing_overflows_or_jumps(
    page: Page, embedded: ProcessServer, window: dict[str, int]
) -> None:
    await page.set_viewport_size(window)  # type: ignore[arg-type]
    stage, now = await raised(page), datetime.now(UTC)
    long = storm.Queue("abteilung_" + "y" * 54, LONG, 31.0, 99.0, 9, 4, 70, 20, 3.0, level="critical")
    stage.snapshots["kpi"].append(storm.kpi(long, now))
    stage.snapshots["alerts"].append(storm.alert(9, "critical", long, f"SLA risk 99 % on {LONG}", now))
    await page.add_init_script(f"({SHIFTS})()")
    await open_console(page, embedded)
    await page.wait_for_selector(".plot canvas")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scrolls = page.locator(".queues .scroll, .intervals .scroll")
    assert await scrolls.evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth)")
    await page.wait_for_timeout(1_500)  # late answers move nothing either
    assert await page.evaluate("window.shifted") < 0.05
    await picture(page, f"long-{window['width']}")
    assert await barriers(page) == []


async def test_times_are_told_as_one_likes(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await page.get_by_role("button", name=re.compile("^ada")).click()
    await page.get_by_label("Times as 5:00 pm").click()
    await connected(page)
    await expect(page.locator(".clock")).to_have_text(re.compile(r"^\d{1,2}:\d\d [ap]m$"))
