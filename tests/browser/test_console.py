"""The console as a person uses it: a real browser on a real embedded server, without the simulated day."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect

from intraday.org.credentials import walls
from intraday.org.models import Organization, Role
from intraday.org.services import grant
from tests.browser.looks import barriers, picture
from tests.browser.posting import post
from tests.browser.visit import PATIENCE, connected, continue_as, open_console, says, shows
from tests.conftest import key_of
from tests.live import Caller, ProcessServer
from tests.realtime.notes import in_thread


def cell(page: Page, queue: str, column: str) -> Locator:
    """The figure of a queue under the heading `column`."""
    table = page.get_by_role("region", name="Queues").locator("table")
    places = ["Queue", "State", "SLA risk", "Service", "Gap", "Backlog", "Trend", "Age"]
    row = table.locator("tbody tr").filter(has=page.get_by_role("button", name=queue, exact=True))
    return row.locator("th, td").nth(places.index(column))


# --- figures ---------------------------------------------------------------------------------------------------------
async def test_a_posted_backlog_appears_without_a_reload(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await page.evaluate("window.loadedOnce = true")
    await post(embedded, "sales", 1234, items_over_sla=617)
    await shows(cell(page, "sales", "Backlog"), "1,234 617 late")
    await shows(cell(page, "sales", "State"), "critical")  # half of it within SLA: under 75 %
    assert await page.evaluate("window.loadedOnce")


async def test_what_a_feed_does_not_say_is_a_dash_with_its_reason(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await post(embedded, "email", 5)
    unknown = cell(page, "email", "Trend").locator(".unknown")
    await shows(unknown, "\N{EN DASH}")
    await expect(unknown).to_have_attribute(
        "title", "fewer than 4 snapshots, a minute or more apart, within 90 minutes"
    )


async def test_a_name_is_shown_as_it_is_typed(page: Page, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await post(embedded, "<img src=x onerror=alert(1)>", 5, department_id="dept_456")
    await shows(cell(page, "<img src=x onerror=alert(1)>", "Backlog"), "5")
    assert await page.locator("img[src=x]").count() == 0


async def test_a_scope_is_in_the_address_and_comes_from_it(page: Page, embedded: ProcessServer) -> None:
    await post(embedded, "support", 11)
    await post(embedded, "claims", 22)
    await open_console(page, embedded, "/?organization=org_123&department=dept_789")
    await shows(cell(page, "claims", "Backlog"), "22")
    await expect(page.get_by_role("button", name="support", exact=True)).to_have_count(0)
    await page.get_by_label("Department", exact=True).select_option("dept_456")
    await page.get_by_label("Queue", exact=True).select_option("support")
    await shows(cell(page, "support", "Backlog"), "11")
    assert page.url.endswith("/?organization=org_123&department=dept_456&queue=support")
    await page.go_back()
    await page.go_back()
    await shows(cell(page, "claims", "Backlog"), "22")


# --- connection ------------------------------------------------------------------------------------------------------
async def test_after_a_restart_the_page_shows_what_it_missed_and_raises_no_flood(page: Page, tmp_path: Path) -> None:
    with ProcessServer.embedded(tmp_path) as server:
        await open_console(page, server)
        await watch_states(page)
        await post(server, "support", 10)
        await shows(cell(page, "support", "Backlog"), "10")
        await says(page, "Live")  # the demo's own figures are old; now that of the whole is new
        await asyncio.to_thread(server.stop)
        await says(page, "Offline")
        await expect(page.locator(".connection .state small")).to_contain_text(re.compile("for .* s, "))
        await asyncio.to_thread(server.shell, INGEST)  # surely missed
        await asyncio.to_thread(server.start)
        await says(page, "Live")
        await shows(cell(page, "support", "Backlog"), "20")
        await shows(cell(page, "billing", "Backlog"), "7")
        assert await page.get_by_role("button", name="support", exact=True).count() == 1
        # The demo's own no-show may be found by the first judgement after the start: it is no missed one.
        assert await page.locator(".toasts li").filter(has_not_text="no-show").count() == 0
        states = await page.evaluate("window.states")
        assert states[states.index("Offline") :] == ["Offline", "Catching up", "Live"]


INGEST = """
from django.utils import timezone
from backlog.serializers import BacklogSnapshotSerializer
from backlog.services import ingest
from intraday.ingest.posts import Post
from intraday.org.models import Organization
posted = {"snapshot_time": timezone.now().isoformat(), "average_wait_time_minutes": 1}
checked = [
    BacklogSnapshotSerializer(data=posted | {"queue_name": name, "total_items": total})
    for name, total in (("support", 20), ("billing", 7))
]
rows = {place: each.to_row(each.validated_data) for place, each in enumerate(checked) if each.is_valid()}
ingest(Post(organization=Organization.objects.get(id="org_123"), rows=rows, now=timezone.now()))
"""


async def watch_states(page: Page) -> None:
    """Keep every word that the connection says."""
    await page.evaluate(
        """() => {
            window.states = [];
            const place = document.getElementById('connection');
            new MutationObserver(() => window.states.push(place.textContent))
                .observe(place, {characterData: true, childList: true, subtree: true});
        }"""
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [(4401, "Sign in"), (4403, "Try again"), (4413, "Try again")],
)
async def test_a_final_close_code_is_told_in_words_and_ends_it(
    page: Page, embedded: ProcessServer, code: int, words: str
) -> None:
    opened: list[WebSocketRoute] = []

    async def close_at_once(socket: WebSocketRoute) -> None:
        opened.append(socket)
        await socket.close(code=code, reason="as the server says")

    await page.route_web_socket("**/ws", close_at_once)
    await page.goto(embedded.http)
    await says(page, "Stopped")
    banner = page.get_by_role("alert")
    await shows(banner, "as the server says What you see is no longer current.")
    await shows(banner, words)
    await page.wait_for_timeout(1_500)  # more than the first delay
    assert len(opened) == 1


async def test_after_a_resync_the_page_reads_everything_anew(page: Page, embedded: ProcessServer) -> None:
    heard: list[str] = []
    sockets: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server = socket.connect_to_server()
        socket.on_message(lambda message: (heard.append(str(message)), server.send(message))[1])

    await page.route_web_socket("**/ws", between)
    await open_console(page, embedded)
    before = sum("subscribe" in message for message in heard)
    resync = {"organization_id": "org_123", "reason": "tried"}
    position = {"stream": "backlog:org:org_123", "epoch": "e", "seq": 10**6, "ts": "2026-01-31T10:00:00Z"}
    sockets[0].send(json.dumps({"event": "backlog:resync", "data": resync, **position}))
    async with asyncio.timeout(PATIENCE / 1_000):
        while sum("subscribe" in message for message in heard) == before:
            await asyncio.sleep(0.02)
    await connected(page)


# --- people ----------------------------------------------------------------------------------------------------------
async def test_a_person_of_the_demo_signs_in_and_out(page: Page, embedded: ProcessServer) -> None:
    await page.goto(f"{embedded.http}/signin?next=/%3Fdepartment=dept_789")
    assert await barriers(page) == []
    await picture(page, "signin")
    await page.get_by_role("button", name="vic").click()
    await connected(page)
    assert page.url.endswith("/?department=dept_789")
    await page.get_by_role("button", name="vic, viewer").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_outside_the_demo_one_needs_a_password_and_comes_back_to_where_one_was(
    page: Page, tmp_path: Path
) -> None:
    with ProcessServer.embedded(tmp_path, INTRADAY_DEMO="0") as server:
        await asyncio.to_thread(organizations, server, "north")
        await page.goto(f"{server.http}/alerts/a-1")
        await expect(page.get_by_role("button", name="ada")).to_have_count(0)
        for typed in ("wrong", PASSWORD):
            await page.get_by_label("Name").fill("north-boss")
            await page.get_by_label("Password").fill(typed)
            await page.get_by_role("button", name="Sign in").click()
            if typed == "wrong":
                await shows(page.get_by_role("alert"), "Please enter a correct username and password")
        await page.wait_for_url("**/alerts/a-1")
        await expect(page.get_by_role("heading", name="No such alert")).to_be_visible(timeout=PATIENCE)
        assert await barriers(page) == []


async def test_two_organizations_in_two_browsers_never_see_each_other(
    browser: Browser, embedded: ProcessServer
) -> None:
    keys = await asyncio.to_thread(organizations, embedded, "north", "south")
    async with await browser.new_context() as here, await browser.new_context() as there:
        pages = {"north": await here.new_page(), "south": await there.new_page()}
        for name, page in pages.items():
            await sign_in(page, embedded, f"{name}-boss")
            heading = page.get_by_role("heading", name=f"Nothing has been posted for {name.title()} yet")
            await expect(heading).to_be_visible(timeout=PATIENCE)
        assert await barriers(pages["north"]) == []
        await picture(pages["north"], "empty")
        for name, key in keys.items():
            await post_to(embedded, key, f"{name} line", 7)
        for name, page in pages.items():
            await shows(cell(page, f"{name} line", "Backlog"), "7")
            other = {"north": "south", "south": "north"}[name]
            assert other not in (await page.content()).lower()


PASSWORD = "correct horse battery"
ORGANIZATIONS = """
from django.contrib.auth import get_user_model
from intraday.org.services import create_api_key, create_organization, grant
for name in {names}:
    organization = create_organization(id=name, name=name.title())
    user = get_user_model().objects.create_user(f"{{name}}-boss", password="{password}")
    grant(user=user, organization=organization, role="supervisor")
    print("key", name, create_api_key(organization=organization, name="feed", scopes=["ingest"])[1])
"""


def organizations(server: ProcessServer, *names: str) -> dict[str, str]:
    """New ones, each with a supervisor; the keys of their feeds."""
    printed = server.shell(ORGANIZATIONS.format(names=names, password=PASSWORD))
    words = [line.split() for line in printed.splitlines() if line.startswith("key ")]
    return {name: key for _, name, key in words}


async def sign_in(page: Page, server: ProcessServer, name: str) -> None:
    await page.goto(f"{server.http}/signin")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await connected(page)


async def post_to(server: ProcessServer, key: str, queue: str, total: int, **fields: Any) -> None:
    row = {"queue_name": queue, "department_id": "service", "total_items": total, "average_wait_time_minutes": 1}
    async with Caller(server, key) as caller:
        now = {"snapshot_time": datetime.now(UTC).isoformat()}
        assert (await caller.post("/api/schedulesbacklog/ingest", row | now | fields)).status_code == 201


# --- alerts ----------------------------------------------------------------------------------------------------------
async def test_what_one_acknowledges_the_others_see(page: Page, browser: Browser, embedded: ProcessServer) -> None:
    rule = {
        "organization_id": "org_123",
        "name": "Too many items",
        "alert_type": "backlog_high",
        "source": "backlog",
        "metric": "total_items",
        "operator": ">",
        "threshold": 5_000,
        "severity": "critical",
        "evaluate_each": "queue",
    }
    async with Caller(embedded) as caller:
        assert (await caller.post("/api/alerts/rules", rule)).status_code == 201
    await continue_as(page, embedded, "ana")
    await post(embedded, "billing", 6_000)
    async with Caller(embedded) as caller:
        await caller.post("/api/alerts/evaluate", {"organization_id": "org_123"})
    mine = page.locator("#alerts article", has_text="billing")
    await shows(mine, "critical")
    await shows(page.locator(".toasts li", has_text="billing"), "items waiting")
    # Pages that open within a second share a snapshot, and hear what came after it.
    await expect(mine).to_contain_text(re.compile(r"for ([2-9]|\d\d) s"), timeout=PATIENCE)
    async with await browser.new_context() as context:
        other = await context.new_page()
        await continue_as(other, embedded, "sam")
        theirs = other.locator("#alerts article", has_text="billing")
        await shows(theirs, "Acknowledge")
        # It was raised before this page was opened.
        assert await other.locator(".toasts li", has_text="billing").count() == 0
        await mine.get_by_role("button", name="Acknowledge").click()
        await shows(theirs, "taken by ana")
        await theirs.get_by_role("link", name="history").click()
        await shows(other.get_by_role("row", name=re.compile("pending to acknowledged")), "ana")
        assert await barriers(other) == []
        await picture(other, "alert")
        await other.get_by_role("textbox", name="Note").fill("Two more agents from sales")
        await other.get_by_role("button", name="Resolve with note").click()
        await expect(page.locator("#alerts article", has_text="billing")).to_have_count(0, timeout=PATIENCE)
        await shows(other.get_by_role("row", name=re.compile("resolved")), "Two more agents from sales")


# --- in production ---------------------------------------------------------------------------------------------------
@pytest.fixture
def production(transactional_db: None, organization: Organization) -> Iterator[ProcessServer]:
    """A process on PostgreSQL and Valkey, where nobody is let in without a password."""
    sam = get_user_model().objects.create_user("sam", password=PASSWORD)
    grant(user=sam, organization=organization, role=Role.SUPERVISOR)
    with ProcessServer.serve() as server:
        yield server


async def test_it_is_the_same_on_postgresql_and_valkey(
    page: Page, production: ProcessServer, organization: Organization
) -> None:
    await page.goto(production.http)
    assert page.url == f"{production.http}/signin?next=/"
    await sign_in(page, production, "sam")
    key = await in_thread(lambda: key_of(organization))
    await post_to(production, key, "support", 4321, department_id="dept_456")
    await shows(cell(page, "support", "Backlog"), "4,321")


# --- wall boards -----------------------------------------------------------------------------------------------------
async def test_a_wall_board_shows_one_scope_until_its_link_is_revoked(
    page: Page, browser: Browser, embedded: ProcessServer
) -> None:
    await post(embedded, "claims", 31)
    await post(embedded, "support", 32)
    await continue_as(page, embedded, "sam")
    await page.get_by_label("Department", exact=True).select_option("dept_789")
    await page.get_by_role("button", name="Wall boards").click()
    await page.get_by_label("Where it hangs").fill("2nd floor")
    await page.get_by_role("button", name="Make a link").click()
    link = await page.get_by_role("link", name=re.compile("wall")).text_content() or ""
    async with await browser.new_context(viewport={"width": 1920, "height": 1080}) as context:
        wall = await context.new_page()
        await wall.goto(link)
        await connected(wall)
        await shows(wall.locator("tbody tr", has_text="claims"), "31")
        await expect(wall.locator("tbody tr", has_text="support")).to_have_count(0)
        assert await barriers(wall) == []
        await page.get_by_role("listitem").filter(has_text="2nd floor").get_by_role("button", name="Revoke").click()
        await shows(wall.get_by_role("alert"), "These figures are old. This board has ended.")
        assert (await wall.goto(link)).status == 404  # type: ignore[union-attr]


def only_member_of(organization: Organization, *department_ids: str) -> None:
    sam = get_user_model().objects.get(username="sam")
    sam.memberships.all().delete()
    grant(user=sam, organization=organization, department_ids=department_ids)


async def test_a_wall_board_shows_its_scope_in_a_browser_that_is_signed_in_elsewhere(
    page: Page, production: ProcessServer, organization: Organization, stranger: Organization
) -> None:
    key = await in_thread(lambda: key_of(organization))
    await post_to(production, key, "support", 77, department_id="dept_456")
    await in_thread(lambda: only_member_of(stranger))
    hangs: dict[str, Any] = {"organization": organization, "department_id": "", "name": "hall", "created_by": "sam"}
    _, secret = await in_thread(lambda: walls.create(**hangs))
    await sign_in(page, production, "sam")
    await page.goto(f"{production.http}/wall/{secret}")
    await connected(page)
    for total in (78, 79):
        await post_to(production, key, "support", total, department_id="dept_456")
        await shows(page.locator("tbody tr", has_text="support"), str(total))
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_wall_board_shows_nobody(page: Page, production: ProcessServer, organization: Organization) -> None:
    key = await in_thread(lambda: key_of(organization))
    await post_to(production, key, "support", 77, department_id="dept_456")
    came = {
        "employee_id": "emp-4711",
        "employee_name": "Ada Lovelace",
        "department_id": "dept_456",
        "status": "present",
    }
    async with Caller(production, key) as caller:
        came["snapshot_time"] = datetime.now(UTC).isoformat()
        assert (await caller.post("/api/intraday/attendance/ingest", came)).status_code == 201
    hangs: dict[str, Any] = {"organization": organization, "department_id": "", "name": "hall", "created_by": "sam"}
    _, secret = await in_thread(lambda: walls.create(**hangs))
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    await page.goto(f"{production.http}/wall/{secret}")
    await connected(page)
    await shows(page.locator("tbody tr", has_text="support"), "77")
    text = await page.locator("body").inner_text()
    assert not [word for word in ("Ada", "emp-4711", "check", "who took") if word in text]
    assert refused == []
    assert await barriers(page) == []


async def test_a_page_that_may_not_be_shown_says_so_and_is_not_live(
    page: Page, production: ProcessServer, organization: Organization
) -> None:
    await in_thread(lambda: only_member_of(organization, "dept_456"))
    await sign_in(page, production, "sam")
    await page.goto(f"{production.http}/?organization={organization.id}&department=dept_789")
    await says(page, "No access")
    await shows(page.get_by_role("alert"), "There is no department “dept_789”, or it is not yours.")  # that alone


# --- policy ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/", "/signin", "/alerts/a-1", "/runbook", "/api/docs", "/admin/login/"])
async def test_no_page_breaks_the_content_security_policy(page: Page, embedded: ProcessServer, path: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    answer = await page.goto(embedded.http + path, wait_until="networkidle" if path == "/api/docs" else "load")
    assert answer is not None
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if path == "/":
        await connected(page)
    assert [text for text in complaints if "Content Security Policy" in text] == []
