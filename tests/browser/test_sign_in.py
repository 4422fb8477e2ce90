"""Signing in as a person does: second factor, forgotten password, a company's provider; on a phone, under the CSP."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.async_api import ConsoleMessage, Page, expect

from tests.browser.looks import picture
from tests.browser.visit import PATIENCE, connected
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
GroupGrant.objects.create(provider=provider, group="wfm", organization=Organization.objects.get(), role="analyst")
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


async def sign_in(page: Page, server: ProcessServer, password: str) -> None:
    await page.goto(f"{server.http}/signin?next=/account")
    await page.get_by_label("Name").fill("dana")
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def fits(page: Page) -> None:
    """Nothing sticks out of the screen of a phone."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def code_of(secret: str, periods: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + periods))


async def test_a_second_factor_and_a_forgotten_password(
    page: Page, server: ProcessServer, mails: Path, refused: list[str]
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await sign_in(page, server, PASSWORD)
    await fits(page)
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
    recovery = await page.locator(".codes li").first.inner_text()
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
    assert [text for text in refused if server.http in text] == []


async def come(page: Page, subject: str) -> None:
    await page.get_by_role("link", name="Sign in with Acme").click()
    await page.locator("input[name=sub]").fill(subject, timeout=PATIENCE)
    await page.locator("button[type=submit]").first.click()
