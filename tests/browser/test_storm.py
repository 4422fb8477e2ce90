"""One glance while queues are critical, and what one can do about it: the real page before a scripted server."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, Request, expect

from tests.browser import storm
from tests.browser.looks import barriers, is_seen, picture
from tests.browser.scene import PHONE, WALL, WINDOW, raised
from tests.browser.stage import Stage
from tests.browser.visit import open_console, says, shows
from tests.live import ProcessServer


@pytest_asyncio.fixture(loop_scope="session")
async def stage(page: Page) -> Stage:
    """The storm, behind the page of this test."""
    await page.set_viewport_size(WINDOW)
    return await raised(page)


# --- at a glance -----------------------------------------------------------------------------------------------------
async def test_without_scrolling_one_sees_which_queues_are_critical_and_how_badly(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    await open_console(page, embedded)
    await expect(page.get_by_role("heading", name="2 queues critical")).to_be_visible()
    worst = page.locator(".critical-queue").first
    for words in (
        "support",
        "for 14 min",
        "s old",
        "41 % of 80 service level",
        "7 agents short",
        "This interval is lost: 41 % of 80 %",
        "100 % of those answered",
        "queue grows to 64 this interval",
        "needs 97 % of the rest; ends at about 37 %",
    ):
        await shows(worst, words)
    assert await is_seen(worst)
    missing = page.locator(".tile", has_text="12 missing")
    assert await is_seen(missing)
    row = page.locator(".queues tbody tr").first
    await shows(row, "support")
    assert await is_seen(row)
    await page.wait_for_selector(".plot canvas")
    await picture(page, "storm")


async def test_on_a_phone_the_newest_critical_alert_comes_first(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    await page.set_viewport_size(PHONE)
    await open_console(page, embedded)
    newest = page.locator(".newest-critical")
    await shows(newest, "Far too few agents: 7 short of 24 on support")
    assert await is_seen(newest.get_by_role("button", name="Acknowledge"))
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await barriers(page) == []
    await picture(page, "phone")


async def test_it_is_as_legible_in_the_dark(browser: Browser, embedded: ProcessServer) -> None:
    async with await browser.new_context(viewport=WINDOW, color_scheme="dark") as context:
        page = await context.new_page()
        await raised(page)
        await open_console(page, embedded)
        await page.wait_for_selector(".plot canvas")
        assert await barriers(page) == []
        await picture(page, "dark")
        await page.get_by_role("button", name="Colours: as the system").click()
        background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(242, 244, 246)"
        assert await barriers(page) == []
        await picture(page, "light")


async def test_rows_are_worst_first_and_say_why_a_figure_is_missing(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    await open_console(page, embedded)
    names = page.locator(".queues tbody th button")
    order = ["support", "claims", "billing", "email", "complaints", "sales", "returns", "night line"]
    await expect(names).to_have_text(order)
    levels = ["critical", "critical", "at_risk", "at_risk", "stale", "ok", "ok", "closed"]
    rows = page.locator(".queues tbody tr")
    assert await rows.evaluate_all("rows => rows.map(row => row.dataset.level)") == levels
    closed = page.locator(".queues tbody tr", has_text="night line")
    await shows(closed, "closed until")
    unknown = closed.locator(".unknown").first
    await expect(unknown).to_have_attribute("title", "the queue is closed")
    await page.get_by_role("button", name="Queue", exact=True).click()
    await expect(names.first).to_have_text("billing")


async def test_what_callers_meet_counts_those_who_wait(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    tile = page.locator(".tile", has_text="Service level now")
    await shows(tile, "(100 % of those answered)")
    await shows(page.locator(".tile", has_text="Waiting now"), "9 waiting past target")
    await shows(page.locator(".tile", has_text="SLA risk"), "needs 97 % of the rest; ends at about 37 %")
    await shows(page.locator(".service", has_text="Deferred work"), "1 queue, apart from callers")
    await page.locator(".queues tbody").get_by_role("button", name="support", exact=True).click()
    drawer = page.get_by_role("dialog", name="support")
    await shows(drawer, "41 % (100 % of those answered)")
    await shows(drawer, "3 % chance to reach the day's target")
    await shows(drawer.locator(".verdict"), "This interval is lost: 41 % of 80 %; 7 of 24 agents short")


async def test_a_figure_without_a_state_is_unknown(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    for figure in stage.snapshots["kpi"]:
        del figure["state"]
    await open_console(page, embedded)
    row = page.locator(".queues tbody tr", has_text="support")
    await shows(row.locator(".level"), "unknown")
    await expect(row.locator(".level")).to_have_attribute("title", re.compile("older than the last upgrade"))
    await expect(page.get_by_role("heading", name="8 queues without current data")).to_be_visible()


async def test_a_suspect_volume_is_said_and_a_person_confirms_it(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    now, words = datetime.now(UTC), "Far fewer contacts than forecast: 0 of 24 in 10 min; is the line up?"
    stage.snapshots["kpi"] = [
        storm.suspect(figure, now) if figure.get("queue_name", "sales") == "sales" else figure
        for figure in stage.snapshots["kpi"]
    ]
    grid = storm.intervals(now)
    for interval in grid["intervals"][14:16]:
        interval["suspect"] = True
    stage.answers["/api/intraday/kpi/intervals"] = grid
    bodies: list[Any] = []
    path = "/api/intraday/kpi/volume-confirmation"
    stage.answers[path] = lambda request: (bodies.append(request.post_data_json), {})[1]
    await open_console(page, embedded)
    await shows(page.get_by_role("region", name="Suspect volume"), words)
    await shows(page.locator(".queues tbody tr", has_text="sales"), "suspect")
    await shows(page.locator(".tile", has_text="Service level now"), "suspect")
    assert await barriers(page) == []
    await picture(page, "suspect")
    await page.locator(".queues tbody").get_by_role("button", name="sales", exact=True).click()
    drawer = page.get_by_role("dialog", name="sales")
    await shows(drawer.get_by_role("region", name="Suspect volume"), words)
    await expect(drawer.locator("tr[data-suspect=true]")).to_have_count(3)  # two of the past, and the running one
    assert await barriers(page) == []
    await drawer.get_by_role("button", name="The volume is real").click()
    await shows(drawer.get_by_role("status"), "Confirmed")
    assert bodies == [{"organization_id": "org_123", "department_id": "dept_456", "queue_name": "sales"}]


async def test_old_figures_are_called_stale(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    long_ago = storm.spell(datetime.now(UTC) - timedelta(hours=2))
    for channel in ("kpi", "backlog"):
        stage.snapshots[channel] = [figure | {"timestamp": long_ago} for figure in stage.snapshots[channel]]
    await page.goto(embedded.http)
    await says(page, "Stale")


async def test_silent_feeds_are_named(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    silent_since = storm.spell(datetime.now(UTC) - timedelta(minutes=20))
    feed = {"source": "acd", "kind": "kpi", "last_received_at": silent_since, "cadence_seconds": 60.0, "stale": True}
    stage.answers["/api/intraday/feeds"] = {"feeds": [feed, feed | {"source": "mail", "stale": False}]}
    await page.goto(embedded.http)
    await says(page, "Feed down")
    await shows(page.locator(".connection .state small"), "kpi from acd silent for 20 min")
    await page.get_by_role("button", name="Connection: Feed down").click()
    await shows(page.get_by_role("row", name="acd"), "silent, 20 min")


async def test_a_feed_that_was_closed_is_silent_since_opening_and_one_behind_is_warned_of(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    now = datetime.now(UTC)
    feed = {
        "source": "acd",
        "kind": "kpi",
        "last_received_at": storm.spell(now - timedelta(hours=14)),
        "cadence_seconds": 60.0,
        "stale": True,
        "awaited_since": storm.spell(now - timedelta(minutes=20)),
    }
    warning = "data is 60 min behind: is the zone right?"
    behind = feed | {"source": "mail", "stale": False, "last_received_at": storm.spell(now), "warning": warning}
    stage.answers["/api/intraday/feeds"] = {"feeds": [feed, behind]}
    await page.goto(embedded.http)
    await says(page, "Feed down")
    await shows(page.locator(".connection .state small"), "kpi from acd silent for 20 min")
    await page.get_by_role("button", name="Connection: Feed down").click()
    await shows(page.get_by_role("row", name="mail data"), warning)


# --- what one can do -------------------------------------------------------------------------------------------------
async def test_every_tile_says_how_it_was_computed(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    for name in ("Health", "Service level now", "SLA risk", "Headcount gap", "Occupancy", "Backlog", "Attendance"):
        button = page.get_by_role("button", name=f"How {name} is computed")
        await button.click()
        await shows(page.get_by_role("group", name=f"How {name} is computed"), "As of")
        await page.keyboard.press("Escape")
        await expect(button).to_be_focused()
        await expect(button).to_have_attribute("aria-expanded", "false")


async def test_a_queue_opens_by_keyboard_and_answers_what_if(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    asked: list[Any] = []

    def what_if(request: Request) -> Any:
        asked.append(request.post_data_json)
        return {"baseline": storm.staffing(17, 41.2), "scenario": storm.staffing(25, 83.4)}

    stage.answers["/api/intraday/kpi/what-if"] = what_if
    await open_console(page, embedded)
    row = page.locator(".queues tbody").get_by_role("button", name="support", exact=True)
    await row.focus()
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="support")
    await drawer.get_by_label("Agents").fill("25")
    await drawer.get_by_role("button", name="Work it out").click()
    await shows(drawer.get_by_role("row", name="Service level"), "41 %83 %")
    assert asked == [{"organization_id": "org_123", "department_id": "dept_456", "queue_name": "support", "agents": 25}]
    assert await barriers(page) == []
    await picture(page, "queue")
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    await expect(row).to_be_focused()


async def test_behind_a_count_are_the_names(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    await page.get_by_role("button", name="12 Absent").click()
    people = page.get_by_role("dialog")
    await shows(people.get_by_role("row", name="Dana Ruiz"), "95 min")
    assert await barriers(page) == []


async def test_the_second_person_is_told_who_was_first_and_may_take_over(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    taken = {"acknowledged_by": "ana", "acknowledged_at": storm.spell(datetime.now(UTC)), "status": "acknowledged"}
    [first, *_] = stage.snapshots["alerts"]
    refusal = {"status_code": 409, "code": "already_acknowledged", "message": "no", "current": first | taken}
    stage.answers["/api/alerts/alert-1/acknowledge"] = lambda _: dict(refusal)
    await open_console(page, embedded)
    alert = page.locator("#alerts article").first
    await alert.get_by_role("button", name="Acknowledge").click()
    await shows(alert.get_by_role("alert"), "ana took it at")
    stage.publish("alert:acknowledged", first | taken | {"version": 2})
    alert = page.locator("#alerts article", has_text="Far too few agents")
    await shows(alert, "taken by ana")
    await alert.get_by_role("button", name="Resolve…").click()
    bodies: list[Any] = []
    stage.answers["/api/alerts/alert-1/acknowledge"] = lambda request: (bodies.append(request.post_data_json), {})[1]
    await alert.get_by_label("Note").fill("I sit beside them")
    await alert.get_by_role("button", name="Take over").click()
    await expect(alert.get_by_label("Note")).to_be_hidden()
    assert bodies == [{"organization_id": "org_123", "note": "I sit beside them", "take_over": True}]


async def test_many_alerts_are_acknowledged_at_once(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    bodies: list[Any] = []
    answer = {"results": [{"alert_id": "alert-1", "result": "acknowledged"}]}
    stage.answers["/api/alerts/acknowledge"] = lambda request: (bodies.append(request.post_data_json), answer)[1]
    await open_console(page, embedded)
    await page.get_by_label("All", exact=True).check()
    await page.get_by_role("button", name="Acknowledge 5").click()
    await expect(page.get_by_role("button", name="Acknowledge several")).to_be_disabled()
    assert sorted(bodies[0]["ids"]) == ["alert-1", "alert-2", "alert-3", "alert-4", "alert-6"]


async def test_a_burst_of_alerts_of_one_group_is_one_toast(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    now = datetime.now(UTC)
    for number in range(20, 25):
        fresh = storm.alert(
            number, "critical", storm.QUEUES[1], f"Risk of claims: {number}", now, group_key="claims:kpi"
        )
        stage.publish("alert:triggered", fresh)
    toasts = page.locator(".toasts li")
    await expect(toasts).to_have_count(1)
    await shows(toasts, "Risk of claims: 24 and 4 more like it")
    bell = page.get_by_role("button", name="5 new alerts")
    await expect(page).to_have_title("(10) Critical: Demo organization · Intraday console")
    await bell.click()
    await expect(page.get_by_role("button", name="No new alerts")).to_be_visible()
    await toasts.get_by_role("button", name="Dismiss").click()
    await expect(toasts).to_have_count(0)


# --- for a long time -------------------------------------------------------------------------------------------------
async def test_a_wall_is_read_from_afar(browser: Browser, embedded: ProcessServer) -> None:
    script = """
from intraday.org.models import Organization
from intraday.org.credentials import walls
organization = Organization.objects.get(id="org_123")
print("secret", walls.create(organization=organization, department_id="", name="wall", created_by="sam")[1])
"""
    secret = next(line.split()[1] for line in embedded.shell(script).splitlines() if line.startswith("secret "))
    async with await browser.new_context(viewport=WALL) as context:
        page = await context.new_page()
        await raised(page)
        await page.goto(f"{embedded.http}/wall/{secret}")
        await says(page, "Live")
        assert await page.get_by_role("button").count() == 0
        for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
            await page.set_viewport_size({"width": width, "height": height})
            await expect(page.locator(".wall tbody tr").first).to_contain_text("support")
            for place in (".wall tbody tr:last-child", ".wall .alert:last-child", ".wall-age", ".wall .clock"):
                assert await is_seen(page.locator(place).last), f"{place} at {width}"
            assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
            clock = await page.locator(".wall .clock").evaluate("place => parseFloat(getComputedStyle(place).fontSize)")
            assert clock >= height / 20  # 3 cm on a screen of 60 cm: legible from 5 m
            await picture(page, f"wall-{width}")
        assert await barriers(page) == []
        assert "ana" not in await page.locator("#alerts").inner_text()
