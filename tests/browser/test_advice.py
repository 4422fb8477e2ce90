"""Suggestions beside a queue: read, copied, applied and noted; what others did comes by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Request, expect

from tests.browser import advice, storm
from tests.browser.looks import barriers, picture
from tests.browser.scene import PHONE, WINDOW, raised
from tests.browser.stage import Stage
from tests.browser.visit import open_console, shows
from tests.live import ProcessServer

SUPPORT = {"organization_id": "org_123", "department_id": "dept_456", "queue_name": "support"}


def noted(**fields: Any) -> dict[str, Any]:
    return {
        **SUPPORT,
        "action_id": 1,
        "kind": "hold_breaks",
        "agents": 3,
        "noted_at": storm.spell(datetime.now(UTC)),
        "noted_by": "omar",
        "until": None,
        "predicted": [],
        "measured": [],
        **fields,
    }


async def drawer_of(page: Page, embedded: ProcessServer) -> tuple[Stage, Locator, list[Any]]:
    """Open the drawer of support, with two suggestions; return what is posted, too."""
    stage, posted, done = await raised(page), list[Any](), list[Any]()

    def actions(request: Request) -> Any:
        if request.method == "POST":
            posted.append(request.post_data_json)
            done.insert(0, noted(action_id=2, kind="move", agents=2, from_queue_name="billing", noted_by="ada"))
        return {"items": done, "next": None}

    move = advice.suggestion(
        "move", 2, "billing", advice.effect("support", (61, 82), (76, 78)), advice.effect("billing", (95, 88), (90, 89))
    )
    hold = advice.suggestion("hold_breaks", 3, None, advice.effect("support", (61, 67), (76, 76)))
    stage.answers["/api/intraday/kpi/suggestions"] = {"suggestions": [move, hold]}
    stage.answers["/api/intraday/actions"] = actions
    stage.answers["done"] = done
    await open_console(page, embedded)
    await page.locator(".queues tbody").get_by_role("button", name="support", exact=True).click()
    return stage, page.get_by_role("dialog", name="support"), posted


@pytest.mark.parametrize(("window", "scheme"), [(WINDOW, "light"), (WINDOW, "dark"), (PHONE, "light")])
async def test_suggestions_can_be_read_on_every_screen(
    page: Page, embedded: ProcessServer, window: Any, scheme: Any
) -> None:
    await page.set_viewport_size(window)
    await page.emulate_media(color_scheme=scheme)
    _, drawer, _ = await drawer_of(page, embedded)
    await shows(drawer.get_by_role("row", name="billing"), "95 to 88 %")
    await drawer.locator(".advice").scroll_into_view_if_needed()
    assert await barriers(page) == []
    small = "[...document.querySelectorAll('.advice button')].filter(b => b.getBoundingClientRect().height < 24).length"
    assert await page.evaluate(small) == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await drawer.evaluate("each => each.scrollWidth <= each.clientWidth")
    await picture(page, f"advice-{window['width']}-{scheme}")


async def test_a_suggestion_is_applied_and_noted_and_those_of_others_come_by_themselves(
    page: Page, embedded: ProcessServer
) -> None:
    await page.set_viewport_size(WINDOW)
    stage, drawer, posted = await drawer_of(page, embedded)
    await drawer.get_by_role("button", name="Apply and note").first.click()
    await drawer.get_by_label("Who, and why").fill("Mara and Jonas")
    await drawer.get_by_role("button", name="Save").click()
    await shows(drawer.locator(".noted"), "Moved 2 agents from billing by ada")
    [body] = posted
    assert (body["kind"], body["agents"], body["note"]) == ("move", 2, "Mara and Jonas")
    assert [each["queue_name"] for each in body["predicted"]] == ["support", "billing"]

    measured = [{**noted(), "end": storm.spell(datetime.now(UTC)), "service_level": 84.0, "target_service_level": 80.0}]
    stage.answers["done"].insert(0, noted(action_id=3, measured=[{**measured[0], "predicted": 82.0}]))
    told = {name: value for name, value in noted(action_id=3).items() if name != "measured"}
    stage.publish("action:noted", told)
    await shows(drawer.locator(".noted li").first, "Held 3 breaks by omar")
    await expect(drawer.locator(".outcome")).to_contain_text("84 % (told 82 %)")
    await picture(page, "advice-noted")


async def test_what_if_moves_agents_for_the_rest_of_the_day_and_tells_both_queues(
    page: Page, embedded: ProcessServer
) -> None:
    await page.set_viewport_size(WINDOW)
    stage, drawer, _ = await drawer_of(page, embedded)
    asked: list[Any] = []

    def what_if(request: Request) -> Any:
        asked.append(request.post_data_json)
        source = {"department_id": "dept_456", "queue_name": "billing", "baseline": case(20, 95, 90)}
        scenario = {"baseline": case(17, 61, 76), "scenario": case(19, 82, 79)}
        return {**scenario, "source": {**source, "scenario": case(18, 88, 89)}}

    stage.answers["/api/intraday/kpi/what-if"] = what_if
    form = drawer.get_by_role("region", name="What if")
    await form.get_by_label("Change").select_option("agents came from another queue")
    await form.get_by_label("How many").fill("2")
    await form.get_by_label("From").select_option("billing · dept_456")
    await form.get_by_label("Until").select_option("the end of the day")
    await form.get_by_role("button", name="Work it out").click()
    for queue, level, day in (("support", "61 %82 %", "76 %79 %"), ("billing", "95 %88 %", "90 %89 %")):
        table = form.get_by_role("table", name=queue)
        await shows(table.get_by_role("row", name="Service level"), level)
        await shows(table.get_by_role("row", name="Level of the day"), day)
    moved = {"move_agents": 2, "from_department_id": "dept_456", "from_queue_name": "billing", "rest_of_day": True}
    assert asked == [SUPPORT | moved]
    await form.get_by_role("table", name="billing").scroll_into_view_if_needed()
    assert await barriers(page) == []
    await picture(page, "what-if")


def case(agents: int, level: float, day: float) -> dict[str, Any]:
    return storm.staffing(agents, level) | {"day_end_service_level": day}
