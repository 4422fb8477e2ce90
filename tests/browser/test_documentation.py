"""The documentation in a browser: searched with the keyboard alone, readable, under the content security policy."""

from playwright.async_api import Page, expect

from tests.browser.looks import barriers, picture
from tests.browser.visit import PATIENCE
from tests.live import ProcessServer


async def test_a_page_is_found_by_words_with_the_keyboard_alone(page: Page, embedded: ProcessServer) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(f"{embedded.http}/docs")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Documentation")
    await page.get_by_label("Search the documentation").focus()
    await page.keyboard.type("logrotate compress")
    first = page.locator("#search li a").first
    await expect(first).to_contain_text("Asterisk", timeout=PATIENCE)
    await expect(page.get_by_role("status")).to_have_text("1 section")
    assert await barriers(page) == []
    await picture(page, "documentation-search")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/docs/connectors/asterisk#rotation-restarts")
    await expect(page.locator("nav [aria-current]")).to_contain_text("Asterisk")
    assert await barriers(page) == []
    await picture(page, "documentation")
    await page.get_by_label("Search the documentation").fill("no such word anywhere")
    await expect(page.get_by_role("status")).to_have_text("No sections")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("status")).to_have_text("")
    assert complaints == []


async def test_a_page_fits_a_phone_and_its_wide_parts_scroll_by_keyboard(page: Page, embedded: ProcessServer) -> None:
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(f"{embedded.http}/docs/compare")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.locator("article .scroll[tabindex='0']").count() > 0
    assert await barriers(page) == []
    await picture(page, "documentation-phone")
