"""The audit log as an administrator reads it, after deeds of her own on the pages of the admin and over the API."""

import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.looks import barriers, picture
from tests.browser.visit import PATIENCE, connected, shows
from tests.live import ProcessServer

PASSWORD = "correct horse battery"
ZONE = "America/Los_Angeles"
PEOPLE = f"""
from django.contrib.auth import get_user_model
from intraday.audit.services import record
from intraday.org.services import add_queues, create_organization, grant
organization = create_organization(id="audited", name="Audited", time_zone="Europe/Berlin")
add_queues(organization, [("service", "phone")])
for number in range(60):
    record("holiday.saved", organization_id="audited", target=str(number), actor="former")
for name, role in (("head", "admin"), ("lead", "supervisor")):
    user = get_user_model().objects.create_user(name, password="{PASSWORD}")
    grant(user=user, organization=organization, role=role)
"""


async def sign_in(page: Page, server: ProcessServer, name: str) -> None:
    await page.goto(f"{server.http}/signin")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await connected(page)


def entry(page: Page, text: str) -> Locator:
    return page.locator(".audit-entries > li", has_text=text)


async def test_an_administrator_reads_what_she_did_and_others_are_told_whom_to_ask(
    browser: Browser, embedded: ProcessServer
) -> None:
    embedded.shell(PEOPLE)
    async with await browser.new_context(timezone_id=ZONE, viewport={"width": 1280, "height": 800}) as context:
        page = await context.new_page()
        await sign_in(page, embedded, "head")
        await make_a_key_and_a_silence(page, embedded)
        await page.goto(embedded.http)
        await page.get_by_role("button", name="head, admin").click()
        await page.get_by_role("link", name="Audit log").click()
        await reads_her_deeds(page)
        await narrows_and_asks_for_older_ones(page)
        for theme in ("light", "dark"):
            await looks_right(page, theme)
    async with await browser.new_context() as context:
        page = await context.new_page()
        await sign_in(page, embedded, "lead")
        await page.get_by_role("button", name="lead, supervisor").click()
        await expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
        await page.goto(f"{embedded.http}/audit")
        await shows(page.get_by_role("region", name="Not for your role"), "administrators of the whole organization")
        assert await barriers(page) == []


async def make_a_key_and_a_silence(page: Page, server: ProcessServer) -> None:
    await page.goto(f"{server.http}/admin/org/apikey/add/")
    await page.get_by_label("Name:").fill("dialler")
    await page.get_by_label("Ingest").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await shows(page.locator(".messagelist"), "shown only now")
    await page.goto(f"{server.http}/admin/alerts/silence/add/")
    await page.get_by_label("Comment:").fill("works on the line")
    await page.locator("[name=ends_at_0]").fill((datetime.now(UTC) + timedelta(days=1)).date().isoformat())
    await page.locator("[name=ends_at_1]").fill("12:00:00")
    await page.get_by_role("button", name="Save", exact=True).click()
    await shows(page.locator(".messagelist"), "was added successfully")


async def reads_her_deeds(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Audit log of Audited")).to_be_visible(timeout=PATIENCE)
    key = entry(page, "dialler").first
    await shows(key, "head created the API key dialler")
    await shows(key, "scopes: ingest")
    await expect(key).to_contain_text(re.compile(r"from (127\.0\.0\.1|::1), request \w+"))
    silence = entry(page, "works on the line").first
    await shows(silence, "head created the silence works on the line")
    told = await silence.locator("time").first.get_attribute("datetime")
    there = f"{{dateStyle: 'medium', timeStyle: 'medium', timeZone: '{ZONE}'}}"
    local = await page.evaluate(f"new Intl.DateTimeFormat('en-GB', {there}).format(new Date('{told}'))")
    await shows(silence, local)
    await shows(page.locator(".filters"), f"Days and times are those of {ZONE}.")


async def narrows_and_asks_for_older_ones(page: Page) -> None:
    entries = page.locator(".audit-entries > li")
    await page.get_by_label("Who").fill("former")
    await page.get_by_label("About").select_option("Holidays")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(entries).to_have_count(50, timeout=PATIENCE)
    await page.get_by_role("button", name="Show older entries").click()
    await expect(entries).to_have_count(60, timeout=PATIENCE)
    link = await page.get_by_role("link", name="As CSV").get_attribute("href")
    lines = await page.evaluate("async link => (await (await fetch(link)).text()).trim().split('\\n').length", link)
    assert lines == 61
    await page.locator("[name=first]").fill("2020-01-01")
    await page.locator("[name=last]").fill("2020-01-31")
    await page.get_by_role("button", name="Show", exact=True).click()
    await shows(page.locator("main"), "No entries like these.")
    for field in ("actor", "first", "last"):
        await page.locator(f"[name={field}]").fill("")
    await page.get_by_label("About").select_option("everything")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(entries).to_have_count(50, timeout=PATIENCE)


async def looks_right(page: Page, theme: str) -> None:
    await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert await barriers(page) == []
        await picture(page, f"audit-{theme}-{width}")
