"""A rule owner at work, as far as only a browser can tell: rows added by script, a preview beside the form, the CSP."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import ConsoleMessage, Page, expect

from tests.browser.looks import picture
from tests.browser.posting import post
from tests.browser.visit import PATIENCE, continue_as
from tests.live import ProcessServer


async def test_a_rule_is_written_previewed_beside_the_form_and_saved(page: Page, embedded: ProcessServer) -> None:
    refused: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    page.context.on("console", listen)
    for ago, items in ((30, 60), (20, 120), (10, 150), (0, 180)):
        at = datetime.now(UTC) - timedelta(minutes=ago)
        await post(embedded, "support", items, snapshot_time=at.isoformat())
    await continue_as(page, embedded, "Ada")
    await page.goto(f"{embedded.http}/admin/alerts/rule/add/")
    organization = page.locator("select#id_organization")  # asked for only if another test has made a second one
    if await organization.count():
        await organization.select_option("org_123")
    await page.get_by_label("Name:", exact=True).fill("Support has many waiting")
    await page.get_by_label("Metric:").select_option(label="items waiting (items)")
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
        "For support: when items waiting are over 92 for 10 min, raise a high alert.", timeout=PATIENCE
    )
    await expect(preview.locator("#content-main")).to_contain_text("After 1 h unattended, tell admin.")
    await expect(preview.get_by_role("img", name="support: items waiting from ")).to_be_visible()
    await picture(preview, "rule-preview")
    await preview.close()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".messagelist")).to_contain_text("was added successfully", timeout=PATIENCE)
    assert refused == []


async def test_settings_show_the_fields_of_the_kind_of_queue(page: Page, embedded: ProcessServer) -> None:
    await continue_as(page, embedded, "Ada")
    await page.goto(f"{embedded.http}/admin/kpi/queuesettings/?q=support")
    await page.locator("#result_list").get_by_role("link", name="support").click()
    seconds, sla = page.get_by_label("Target seconds:"), page.get_by_label("SLA minutes:")
    await expect(seconds).to_be_visible(timeout=PATIENCE)
    await expect(sla).to_be_hidden()
    kept = await seconds.input_value()
    await page.get_by_label("Kind:").select_option("deferred")
    await expect(seconds).to_be_hidden()
    await expect(sla).to_be_visible()
    await picture(page, "queue-settings")
    await page.get_by_label("Kind:").select_option("realtime")
    await expect(seconds).to_have_value(kept)
