"""The story of a shift, as a supervisor asks for it: a time of yesterday and the hand-over, within three clicks."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest_asyncio
from playwright.async_api import Locator, Page, Request, ViewportSize, expect

from tests.browser import storm
from tests.browser.looks import SCREENSHOTS, barriers, picture
from tests.browser.scene import PHONE, WINDOW, raised
from tests.browser.stage import Stage
from tests.browser.storm import spell
from tests.browser.visit import PATIENCE, Hand, open_console, shows
from tests.live import ProcessServer

ZONE = ZoneInfo("Europe/Berlin")
PLACE = {"department_id": "dept_456", "queue_name": "support"}
ALERT = {"alert_id": "alert-1", "rule_name": "Understaffed", "severity": "critical"}
NOBODY = {"who": None, "note": None}


def wall(day: date, hours: int, minutes: int = 0) -> str:
    """The instant at which clocks of the organization show that time of that day."""
    return spell(datetime.combine(day, time(hours, minutes), ZONE).astimezone(UTC))


def items(day: date) -> list[dict[str, Any]]:
    short = {"code": "shortage", "value": 29.2, "limit": 20.0, "level": "critical"}
    measured = {**PLACE, "target_service_level": 80.0, "end": wall(day, 11), "service_level": 84.0, "predicted": 82.0}
    told = {
        **ALERT,
        "message": "7 of 24 agents short",
        "status": "pending",
        "value": 29.2,
        "threshold": 20,
        "unit": "%",
    }
    sent = {**ALERT, "transition": "triggered", "attempts": 1, "detail": None}
    steps: list[tuple[str, str, dict[str, Any]]] = [
        (wall(day, 10, 5), "state", {"state": {"before": "ok", "level": "critical", "reasons": [short]}}),
        (wall(day, 10, 15), "alert", {"who": "system", "alert": {**told, "reason": "fired"}}),
        (wall(day, 10, 15), "notification", {"who": "Ops pager", "notification": {**sent, "outcome": "sent"}}),
        (
            wall(day, 10, 15),
            "notification",
            {"who": "lead@acme.example", "notification": {**sent, "outcome": "failed", "detail": "HTTP 503"}},
        ),
        (
            wall(day, 10, 21),
            "alert",
            {"who": "sam", "note": "Two come from billing", "alert": {**told, "reason": "acknowledged"}},
        ),
        (
            wall(day, 10, 25),
            "action",
            {
                "who": "sam",
                "note": "Mara and Jonas",
                "action": {
                    "action_id": 1,
                    "kind": "move",
                    "agents": 2,
                    "from_queue_name": "billing",
                    "until": None,
                    "predicted": [],
                    "measured": [measured],
                },
            },
        ),
        (wall(day, 10, 50), "state", {"state": {"before": "critical", "level": "ok", "reasons": []}}),
        (wall(day, 10, 52), "alert", {"who": "system", "alert": {**told, "reason": "recovered"}}),
        (wall(day, 14), "outage", {"department_id": None, "queue_name": None, "alert": {**told, "reason": "fired"}}),
    ]
    return [
        {"id": f"{kind}:{number}", "at": at, "kind": kind, **PLACE, **NOBODY, **fields}
        for number, (at, kind, fields) in enumerate(steps)
    ]


def story(asked: Request) -> dict[str, Any]:
    day = date.fromisoformat(parse_qs(urlsplit(asked.url).query)["day"][0])
    found = items(day)
    summary = {
        "as_of": wall(day, 15),
        "level": "at_risk",
        "level_since": wall(day, 13, 40),
        "contacts": {"offered": 6_204, "answered": 5_871, "abandoned": 248, "service_level": 74.6},
        "people_at_start": {"at": wall(day, 8), "required": 61, "scheduled": 60, "available": 58},
        "people_at_end": {"at": wall(day, 14, 30), "required": 66, "scheduled": 64, "available": 59},
        "queues": [
            {
                **PLACE,
                "level": "at_risk",
                "since": wall(day, 13, 40),
                "worst": "critical",
                "worst_since": wall(day, 10, 5),
            }
        ],
        "alerts_triggered": 4,
        "open_alerts": [
            {
                **ALERT,
                **PLACE,
                "message": "7 of 24 agents short",
                "triggered_at": wall(day, 13, 50),
                "taken_at": wall(day, 13, 58),
                "taken_by": "sam",
                "note": "Waiting for the late shift",
            }
        ],
        "actions": [item for item in found if item["kind"] == "action"],
        "outages": [{**PLACE, "rule_name": None, "since": wall(day, 14), "until": None}],
        "left_out": 0,
    }
    frame = {"organization_id": "org_123", "department_id": None, "queue_name": None, "date": day.isoformat()}
    span = {"time_zone": ZONE.key, "since": wall(day, 0), "until": wall(day + timedelta(days=1), 0)}
    return {**frame, **span, "items": found, "next": None, "summary": summary}


def grid(asked: Request) -> dict[str, Any]:
    """From eight to nine in the evening, all of it over."""
    day = date.fromisoformat(parse_qs(urlsplit(asked.url).query)["date"][0])
    found = storm.intervals(datetime.combine(day, time(16), ZONE).astimezone(UTC))
    over = [{**row, "state": "past", "offered": row["offered"] or row["forecast"]} for row in found["intervals"]]
    return {**found, "intervals": over}


def figures(asked: Request) -> dict[str, Any]:
    """The figure of the minute before the instant that is asked about."""
    since = datetime.fromisoformat(parse_qs(urlsplit(asked.url).query)["since"][0])
    then = since + timedelta(minutes=1)
    return {"items": [storm.above(storm.kpi(storm.QUEUES[0], then)) | {"timestamp": spell(then)}], "next": None}


@pytest_asyncio.fixture(loop_scope="session")
async def stage(page: Page) -> Stage:
    await page.set_viewport_size(WINDOW)
    stage = await raised(page)
    stage.answers |= {
        "/api/intraday/story": story,
        "/api/intraday/kpi/intervals": grid,
        "/api/intraday/kpi/history": figures,
        "/api/intraday/backlog/history": {"items": [], "next": None},
    }
    return stage


def line(page: Page, text: str) -> Locator:
    return page.locator(".story-items > li", has_text=text)


async def test_what_happened_at_a_quarter_past_ten_yesterday(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await open_console(page, embedded)
    hand = Hand()
    await hand.click(page.get_by_role("link", name="What happened").first)
    await hand.click(page.get_by_role("button", name="Day before"))
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    await expect(page).to_have_url(re.compile(f"day={yesterday}"))
    await hand.click(line(page, "fired7 of 24").get_by_role("button", name="10:15"))
    await shows(page.get_by_role("region", name="At 10:15"), "The figure of 10:14:30")
    await expect(line(page, "Ops pager notified")).to_have_attribute("data-chosen", "true")
    await shows(line(page, "Moved 2 agents from billing"), "11:00: 84 % (told 82 %)")
    await looks_right(page, "story")

    await page.reload()  # the address has it all
    await shows(page.get_by_role("region", name="At 10:15"), "The figure of 10:14:30")
    await page.get_by_role("button", name="Notes 2").click()
    await expect(page.locator(".story-items > li")).to_have_count(2, timeout=PATIENCE)
    await chart_is_clicked(page)


async def chart_is_clicked(page: Page) -> None:
    """A click in the middle of the curves chooses the middle of the time from eight to nine in the evening."""
    await page.locator(".story-curves .u-over").first.click()
    await expect(page.get_by_role("region", name=re.compile("At 14:[23]"))).to_be_visible(timeout=PATIENCE)


async def looks_right(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        assert await barriers(page) == []
        await picture(page, f"{name}-{theme}")
    await page.set_viewport_size(PHONE)
    await expect(page.locator(".story-items > li").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert await barriers(page) == []
    await page.screenshot(path=SCREENSHOTS / f"{name}-phone.png", full_page=True, animations="disabled")
    await page.set_viewport_size(WINDOW)


PAPER: ViewportSize = {"width": 794, "height": 1123}


async def test_the_shift_is_handed_over(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.add_init_script("window.print = () => { window.printed = true }")
    await open_console(page, embedded)
    hand = Hand()
    await hand.click(page.get_by_role("row", name=re.compile("^support")))
    await hand.click(page.get_by_role("dialog", name="support").get_by_role("link", name="What happened"))
    panel = page.get_by_role("region", name="Hand-over")
    await shows(panel, "7 of 24 agents short")
    await hand.click(panel.get_by_role("button", name="Copy"))
    await shows(panel, "Copied")
    text = await page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Hand-over of dept_456 / support, ")
    assert "taken by sam at 13:58; “Waiting for the late shift”" in text

    await panel.get_by_role("button", name="Print").click()
    assert await page.evaluate("window.printed")
    await page.set_viewport_size(PAPER)
    await page.evaluate("document.documentElement.dataset.theme = 'dark'; dispatchEvent(new Event('beforeprint'))")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("heading", name=re.compile("support: .* 20..$"))).to_be_visible()
    await expect(page.get_by_text("Times are those of Europe/Berlin")).to_be_visible()
    await expect(panel.get_by_role("button", name="Print")).to_be_hidden()
    await page.screenshot(path=SCREENSHOTS / "story-print.png", full_page=True, animations="disabled")
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
