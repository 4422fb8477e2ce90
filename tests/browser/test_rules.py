"""A rule owner at work, as far as only a browser can tell: rows added by script, a preview beside the form, the CSP."""

from playwright.async_api import ConsoleMessage, Page, expect

from tests.browser.visit import PATIENCE, continue_as
from tests.live import ProcessServer


async def test_a_rule_is_written_previewed_beside_the_form_and_saved(page: Page, embedded: ProcessServer) -> None:
    refused: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    page.context.on("console", listen)
    await continue_as(page, embedded, "Ada")
    await page.goto(f"{embedded.http}/admin/alerts/rule/add/")
    await page.get_by_label("Organization:").select_option("org_123")  # other tests may have made another one
    await page.get_by_label("Name:", exact=True).fill("Support too busy")
    await page.get_by_label("Metric:").select_option(label="occupancy (percent)")
    await page.get_by_label("Threshold:", exact=True).fill("92")
    await page.get_by_label("For:", exact=True).fill("10 min")
    await page.get_by_label("Only queue:").select_option("support")
    await page.locator("#id_escalation-0-after_seconds").fill("15 min")
    await page.locator("#id_escalation-0-to").select_option("supervisor")
    await page.get_by_role("button", name="Add another step").click()
    await page.locator("#id_escalation-1-after_seconds").fill("1 h")
    await page.locator("#id_escalation-1-to").select_option("admin")
    async with page.expect_popup() as opened:
        await page.get_by_role("button", name="Preview the last 24 hours").click()
    preview = await opened.value
    await expect(preview.locator("#content-main")).to_contain_text(
        "For support: when occupancy is over 92 % for 10 min, raise a high alert.", timeout=PATIENCE
    )
    await expect(preview.locator("#content-main")).to_contain_text("After 1 h unattended, tell admin.")
    await preview.close()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".messagelist")).to_contain_text("was added successfully", timeout=PATIENCE)
    assert refused == []
