"""Signing in as a person does: second factor, forgotten password, a company's provider; on a phone, under the CSP."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from tests.browser.looks import picture
from tests.browser.visit import PATIENCE, connected, continue_as, shows
from tests.live import ProcessServer
from tests.sign_in.identity_provider import IdentityProviderProcess

PASSWORD = "correct horse battery"
NEW = "another one entirely"
DANA = f"""
from django.contrib.auth.models import User
from intraday.org.models import Organization
from intraday.org.services import grant
dana = User.objects.create_user("dana", "dana@mail.example", "{PASSWORD}")
grant(user=dana, organization=Organization.objects.get(), role="supervisor")
"""
ACME = """
from intraday.org.models import Organization
from intraday.encryption import at_rest
from intraday.sign_in.models import GroupGrant, IdentityProvider
provider = IdentityProvider.objects.create(id="acme", name="Acme", issuer="{issuer}", client_id="intraday",
    sealed_secret=at_rest.encrypt("secret"))
for group, role in (("wfm", "analyst"), ("heads", "admin")):
    GroupGrant.objects.create(provider=provider, group=group, organization=Organization.objects.get(), role=role)
"""


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mails: Path) -> Iterator[ProcessServer]:
    with ProcessServer.embedded(tmp_path_factory.mktemp("var"), EMAIL_URL=f"filemail:///{mails}") as server:
        server.shell(DANA)
        yield server


@pytest.fixture
async def refused(page: Page) -> list[str]:
    """Collect the refusals of the content security policy."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            said.append(message.text)

    page.context.on("console", listen)
    return said


async def sign_in(page: Page, server: ProcessServer, password: str, name: str = "dana") -> None:
    await page.goto(f"{server.http}/signin?next=/account")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def fits(page: Page) -> None:
    """Expect that nothing sticks out of the screen of a phone, also while a click still loads the next page."""
    await page.wait_for_function("document.documentElement?.scrollWidth <= innerWidth", timeout=PATIENCE)


def code_of(secret: str, periods: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + periods))


async def turn_on_second_factor(page: Page) -> str:
    """Go from the page of the account through all steps; return a recovery code."""
    await page.get_by_role("link", name="Set it up").click()
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    secret = await page.locator("code.key").inner_text(timeout=PATIENCE)
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert await page.locator("img.code").evaluate("image => image.naturalWidth") > 0
    await picture(page, "second-factor")
    await fits(page)
    await page.get_by_label("Code").fill(code_of(secret))
    await page.get_by_role("button", name="Turn it on").click()
    await expect(page.locator(".codes li")).to_have_count(10, timeout=PATIENCE)
    return await page.locator(".codes li").first.inner_text()


async def test_a_second_factor_and_a_forgotten_password(
    page: Page, server: ProcessServer, mails: Path, refused: list[str]
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await sign_in(page, server, PASSWORD)
    await fits(page)
    recovery = await turn_on_second_factor(page)
    await fits(page)

    await page.context.clear_cookies()
    await page.goto(f"{server.http}/password/forgotten")
    await page.get_by_label("E-mail").fill("dana@mail.example")
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("status")).to_contain_text("on its way", timeout=PATIENCE)
    await page.goto(server.http + await link_in(mails, page))
    await page.get_by_label("New password", exact=True).fill(NEW)
    await page.get_by_label("New password confirmation").fill(NEW)
    await fits(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=PATIENCE)

    await sign_in(page, server, NEW)
    await page.get_by_label("Code").fill(recovery)
    await fits(page)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_text("9 recovery codes left")).to_be_visible(timeout=PATIENCE)
    await picture(page, "account")
    await page.get_by_role("button", name="End all other sessions").click()
    await expect(page.get_by_role("status")).to_contain_text("other session", timeout=PATIENCE)
    await page.get_by_role("link", name="To the console").click()
    await connected(page)
    assert refused == []


async def link_in(mails: Path, page: Page) -> str:
    """Return the path in the mail that has come."""
    for _ in range(200):
        if found := [text for file in mails.iterdir() if (text := file.read_text())]:
            path = re.search(r"https?://\S+?(/password/\S+)", found[0])
            assert path is not None
            return path[1]
        await page.wait_for_timeout(50)
    raise AssertionError("no mail has come")


async def test_a_company_signs_in_by_its_own_provider(page: Page, server: ProcessServer, refused: list[str]) -> None:
    with IdentityProviderProcess() as idp:
        idp.knows("ben-1", preferred_username="ben", groups=["wfm"])
        idp.knows("hana-1", preferred_username="hana", groups=["heads"])
        idp.knows("ida-1", preferred_username="ida", groups=["canteen"])
        server.shell(ACME.format(issuer=idp.issuer))
        await page.goto(f"{server.http}/signin")
        await picture(page, "signin-provider")
        await come(page, "ida-1")
        await expect(page.get_by_role("heading")).to_have_text("You have no access to this console", timeout=PATIENCE)
        await page.get_by_role("link", name="Back to sign-in").click()
        await come(page, "ben-1")
        await connected(page)
        await page.get_by_role("button", name="ben@acme, analyst").click()
        await expect(page.get_by_text("analyst of Demo organization")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await come(page, "hana-1")
        await choose(page, "hana@acme, admin", "Audit log")
        await shows(page.locator(".audit-entries"), "gave access to hana@acme by groups")
    assert [text for text in refused if server.http in text] == []


async def come(page: Page, subject: str) -> None:
    await page.get_by_role("link", name="Sign in with Acme").click()
    await page.locator("input[name=sub]").fill(subject, timeout=PATIENCE)
    await page.locator("button[type=submit]").first.click()


# --- an administrator, from the invitation to the trail ---------------------------------------------------------------
DESK: ViewportSize = {"width": 1280, "height": 800}


async def test_an_administrator_is_invited_signs_in_and_rules_her_organization(
    browser: Browser, server: ProcessServer
) -> None:
    async with await browser.new_context(viewport=DESK) as context:
        page = await context.new_page()
        await continue_as(page, server, "Ada")
        link = await add_member(page, "olga", "admin")
    async with await browser.new_context(viewport=DESK) as context:
        page = await context.new_page()
        await page.goto(link)
        await page.get_by_label("New password", exact=True).fill(PASSWORD)
        await page.get_by_label("New password confirmation").fill(PASSWORD)
        await picture(page, "invited")
        await page.get_by_role("button", name="Save").click()
        await shows(page.get_by_role("status"), "Your password is saved. Sign in as olga.")
        await picture(page, "invited-signin")
        await sign_in(page, server, PASSWORD, "olga")
        recovery = await turn_on_second_factor(page)
        await picture(page, "recovery-codes")
        await page.goto(server.http)
        await connected(page)
        await choose(page, "olga, admin", "Sign out", role="button")
        await sign_in(page, server, PASSWORD, "olga")
        await page.get_by_label("Code").fill(recovery)
        await picture(page, "code")
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.get_by_role("link", name="To the console").click(timeout=PATIENCE)
        await connected(page)
        await add_rule(page)
        await page.goto(server.http)
        await add_member(page, "vera", "viewer")
        await page.goto(server.http)
        await add_key(page)
        await page.goto(server.http)
        await choose(page, "olga, admin", "Audit log")
        trail = page.locator(".audit-entries")
        for deed in ("chose a password", "used a recovery code", "created the rule Too many waiting"):
            await shows(trail, f"olga {deed}")
        for deed in ("made vera a member", "created the API key dialler"):
            await shows(trail, f"olga {deed}")
        await picture(page, "trail")


async def choose(page: Page, menu: str, entry: str, role: Literal["link", "button"] = "link") -> None:
    """Open the menu of the person in the console, and choose an entry."""
    await connected(page)
    await page.get_by_role("button", name=menu).click()
    await picture(page, "menu")
    await page.get_by_role(role, name=entry, exact=True).click()


async def add_member(page: Page, name: str, role: str) -> str:
    """Add a member; return the link by which the person chooses a password."""
    menu = page.get_by_role("button", name=", admin")
    await connected(page)
    await menu.click()
    await page.get_by_role("link", name="Members").click()
    await picture(page, f"members-{name}")
    await page.get_by_role("button", name="Add another Member").click()
    row = page.locator("tr.dynamic-memberships").last
    await row.locator("[name$=username]").fill(name)
    await row.locator("[name$=role]").select_option(role)
    await picture(page, f"members-filled-{name}")
    await page.get_by_role("button", name="Save", exact=True).click()
    said = page.locator(".messagelist")
    await shows(said, f"The new member {name} chooses a password here")
    await picture(page, f"members-saved-{name}")
    found = re.search(r"https?://\S+/password/\S+", await said.inner_text())
    assert found is not None
    return found[0]


async def add_rule(page: Page) -> None:
    await choose(page, "olga, admin", "Rules")
    await picture(page, "rules")
    await page.get_by_role("link", name="Add rule").click()
    await page.get_by_label("Name:", exact=True).fill("Too many waiting")
    await page.get_by_label("Metric:").select_option(label="items waiting (items)")
    await page.get_by_label("Threshold:", exact=True).fill("100")
    await picture(page, "rule")
    await page.get_by_role("button", name="Save", exact=True).click()
    await shows(page.locator(".messagelist"), "was added successfully")


async def add_key(page: Page) -> None:
    await choose(page, "olga, admin", "API keys")
    await picture(page, "keys")
    await page.get_by_role("link", name="Add API key").click()
    await page.get_by_label("Name:").fill("dialler")
    await page.get_by_label("Ingest").check()
    await picture(page, "key")
    await page.get_by_role("button", name="Save", exact=True).click()
    await shows(page.locator(".messagelist"), "shown only now")
    await picture(page, "key-saved")
