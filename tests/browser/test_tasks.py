"""The tasks of a supervisor's day, each within three clicks from the page, by role, as the page names things."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Request, ViewportSize, expect

from tests.browser import advice, storm
from tests.browser.looks import barriers, picture
from tests.browser.scene import PEOPLE, PHONE, WINDOW, raised
from tests.browser.stage import Stage
from tests.browser.visit import PATIENCE, Hand, continue_as, open_console, shows
from tests.live import ProcessServer


@pytest_asyncio.fixture(loop_scope="session")
async def stage(page: Page) -> Stage:
    await page.set_viewport_size(WINDOW)
    return await raised(page)


def worst_alert(page: Page) -> Locator:
    return page.get_by_role("article", name="critical: Far too few agents")


def asked_for_people(stage: Stage, fields: dict[str, Any]) -> list[str]:
    """Answer with one person of these fields; return the addresses that are asked."""
    addresses: list[str] = []

    def people(request: Request) -> Any:
        addresses.append(request.url)
        return {"items": [{**PEOPLE[0], **fields}]}

    stage.answers["/api/intraday/attendance/people"] = people
    return addresses


def kept(stage: Stage, path: str) -> list[Any]:
    """Answer this path with what was posted, and keep it."""
    bodies: list[Any] = []
    stage.answers[path] = lambda request: (bodies.append(request.post_data_json), {})[1]
    return bodies


async def test_a_viewer_finds_the_worst_queue_and_why(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    await continue_as(page, embedded, "vic")
    await Hand().click(page.get_by_role("row", name=re.compile("^support")))
    await shows(page.get_by_role("dialog", name="support"), "This interval is lost: 41 % of 80 %; 7 of 24 agents short")


@pytest.mark.parametrize("window", [WINDOW, PHONE], ids=["1280", "390"])
async def test_among_200_queues_the_worst_is_one_click_away(
    page: Page, embedded: ProcessServer, window: ViewportSize
) -> None:
    await page.set_viewport_size(window)
    stage, now = await raised(page), datetime.now(UTC)
    worst = storm.Queue("dept_456", "hotline", 12.0, 99.9, 40, 10, 900, 400, 90.0, level="critical")
    stage.snapshots["kpi"] += [storm.kpi(queue, now) for queue in (*storm.many(200), worst)]
    await open_console(page, embedded)
    row = page.locator(".queues tbody tr").first
    await shows(row, "hotline")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await picture(page, f"200-queues-{window['width']}")
    await Hand().click(row)
    await shows(page.get_by_role("dialog", name="hotline"), "12 % of 80 %")


async def test_a_supervisor_finds_who_is_on_break_there(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    asked = asked_for_people(stage, {"state": "break", "state_seconds": 540.0})
    await continue_as(page, embedded, "sam")
    hand = Hand()
    await hand.click(page.locator(".attendance").get_by_role("button", name="8 Break"))
    people = page.get_by_role("dialog", name="Break")
    await people.get_by_label("Queue").select_option("support")
    await shows(people.get_by_role("row", name="Dana Ruiz"), "9 min")
    assert "state=break" in asked[-1]
    assert "queue_name=support" in asked[-1]
    await picture(page, "on-break")


def day_of_dana() -> dict[str, Any]:
    now = datetime.now(UTC)
    span = {"start": storm.spell(now - timedelta(hours=2)), "end": storm.spell(now)}
    day = {"start": storm.spell(now - timedelta(hours=12)), "end": storm.spell(now + timedelta(hours=12))}
    times = {"out_of_adherence_minutes": 7.8, "adherence_percent": 93.5, "conformance_percent": 96.0, "reason": None}
    states, schedule = [{**span, "state": "on_contact"}], [{**span, "activity": "work"}]
    return {"employee_id": "dana", **day, "as_of": span["end"], "states": states, "schedule": schedule, **times}


async def test_a_supervisor_finds_one_person(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    asked_for_people(stage, {"state": "on_contact", "state_seconds": 60.0})
    stage.answers["/api/intraday/attendance/states"] = day_of_dana()
    await continue_as(page, embedded, "sam")
    hand = Hand()
    await hand.click(page.get_by_role("button", name="All people"))
    people = page.get_by_role("dialog", name="People")
    await people.get_by_role("searchbox", name="Name").fill("dana")
    await hand.click(people.get_by_role("button", name="Dana Ruiz"))
    await expect(people.get_by_role("button", name="Dana Ruiz")).to_have_attribute("aria-expanded", "true")
    await shows(people, "Adherence today")
    await shows(people, "93.5 %")


async def test_a_supervisor_sees_what_would_fix_it(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    effects = advice.effect("support", (61, 82), (76, 78)), advice.effect("billing", (95, 88), (90, 89))
    move = advice.suggestion("move", 2, "billing", *effects)
    stage.answers["/api/intraday/kpi/suggestions"] = {"suggestions": [move]}
    await continue_as(page, embedded, "sam")
    await Hand().click(page.get_by_role("row", name=re.compile("^support")))
    drawer = page.get_by_role("dialog", name="support")
    await shows(drawer.locator(".suggestions"), "Move 2 agents from billing")
    await shows(drawer.get_by_role("row", name="billing"), "95 to 88 %")


async def test_an_analyst_takes_an_alert_with_a_note(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    bodies, hand = kept(stage, "/api/alerts/alert-1/acknowledge"), Hand()
    await continue_as(page, embedded, "ana")
    alert = worst_alert(page)
    await hand.click(alert.get_by_role("button", name="More"))
    await alert.get_by_role("textbox", name="Note").fill("Two come from sales")
    await hand.click(alert.get_by_role("button", name="Acknowledge with note"))
    await expect(alert.get_by_role("textbox", name="Note")).to_be_hidden()
    assert [body["note"] for body in bodies] == ["Two come from sales"]


async def test_what_still_holds_is_resolved_with_a_reason_only(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    bodies = kept(stage, "/api/alerts/alert-1/resolve")
    await open_console(page, embedded)
    alert = worst_alert(page)
    await alert.get_by_role("button", name="More").click()
    resolve = alert.get_by_role("button", name="Resolve with note")
    await expect(resolve).to_be_disabled()
    assert await barriers(page) == []
    await alert.get_by_role("textbox", name="Note").fill("The line was tested")
    await resolve.click()
    await expect(resolve).to_be_hidden()
    assert [body["note"] for body in bodies] == ["The line was tested"]


async def test_a_supervisor_silences_a_rule_for_an_hour(page: Page, stage: Stage, embedded: ProcessServer) -> None:
    bodies, hand = kept(stage, "/api/alerts/silences"), Hand()
    await continue_as(page, embedded, "sam")
    alert = worst_alert(page)
    await hand.click(alert.get_by_role("button", name="More"))
    await picture(page, "silence")
    await hand.click(alert.get_by_role("button", name="Silence the rule for an hour"))
    await expect(alert.get_by_role("textbox", name="Note")).to_be_hidden()
    place = {"organization_id": "org_123", "department_id": "dept_456", "queue_name": "support", "rule_id": "rule-1"}
    assert [body | place for body in bodies] == bodies
    assert len(bodies) == 1


async def test_a_snooze_says_until_when_and_by_whom_and_is_undone(
    page: Page, stage: Stage, embedded: ProcessServer
) -> None:
    [first, *_] = stage.snapshots["alerts"]
    first |= {"suppressed": True, "snoozed_until": "2026-11-29T21:15:00.000Z"}
    stage.answers["/api/alerts/alert-1"] = first | {"audit": [{"reason": "snoozed", "actor": "ana"}]}
    bodies = kept(stage, "/api/alerts/alert-1/unsnooze")
    await open_console(page, embedded)
    alert = worst_alert(page)
    await shows(alert, "until 22:15 by ana")
    await shows(page.locator("#alerts"), "4 waiting, 1 taken, 1 silenced")
    await Hand().click(alert.get_by_role("button", name="Undo"))
    await expect(alert.get_by_role("button", name="Undo")).to_be_enabled()
    assert bodies == [{"organization_id": "org_123"}]


async def test_a_supervisor_makes_a_wall(page: Page, embedded: ProcessServer) -> None:
    await page.set_viewport_size(WINDOW)
    await continue_as(page, embedded, "sam")
    hand = Hand()
    await hand.click(page.get_by_role("button", name="Wall boards"))
    await page.get_by_role("textbox", name="Where it hangs").fill("3rd floor")
    await hand.click(page.get_by_role("button", name="Make a link"))
    await expect(page.locator(".secret").get_by_role("link")).to_be_visible(timeout=PATIENCE)
    assert await barriers(page) == []


async def test_an_administrator_changes_a_threshold(page: Page, embedded: ProcessServer) -> None:
    await page.set_viewport_size(WINDOW)
    await continue_as(page, embedded, "ada")
    hand = Hand()
    await hand.click(page.get_by_role("row").filter(has=page.get_by_role("button", expanded=False)).first)
    await hand.click(page.get_by_role("link", name="Targets and thresholds"))
    await expect(page).to_have_url(re.compile("/admin/kpi/queuesettings/"))
    await hand.click(page.locator("#result_list tbody th a, #without-settings a").first)
    cap = page.get_by_label("Occupancy cap %")
    await cap.fill("87")
    await cap.press("Enter")
    await expect(page.locator(".messagelist")).to_contain_text("successfully", timeout=PATIENCE)
