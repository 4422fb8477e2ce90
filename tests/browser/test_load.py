"""Two hundred queues at fifty updates a second: the page stays small, and answers."""

import asyncio
import sys
from datetime import UTC, datetime

from playwright.async_api import CDPSession, Page

from tests.browser import storm
from tests.browser.stage import Stage
from tests.browser.visit import open_console, shows
from tests.live import ProcessServer

QUEUES = storm.many(200)
UPDATES = 600
RATE = 50  # a second
BURST = 10
ALERTS_EVERY = 30

WATCH = """() => {
    window.longTasks = [];
    new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(each => each.duration)))
        .observe({type: 'longtask'});
}"""


async def counts(cdp: CDPSession) -> dict[str, float]:
    await cdp.send("HeapProfiler.collectGarbage")
    found = await cdp.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in found["metrics"]}


async def test_nodes_and_listeners_stay_bounded_under_a_storm_of_updates(page: Page, embedded: ProcessServer) -> None:
    now = datetime.now(UTC)
    stage = Stage()
    stage.snapshots["kpi"] = [storm.kpi(queue, now) for queue in QUEUES]
    stage.snapshots["backlog"] = [storm.backlog(queue, now) for queue in QUEUES]
    stage.answers["/api/intraday/feeds"] = {"feeds": []}
    await stage.open_on(page)
    await open_console(page, embedded)
    await shows(page.get_by_role("button", name="Show all"), "Show all 200 queues")
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    await publish(stage, range(60))  # what is made once, is made now
    before = await counts(cdp)
    await page.evaluate(WATCH)
    await publish(stage, range(60, UPDATES))
    last = storm.backlog(QUEUES[9], datetime.now(UTC), total_items=98_765)
    stage.publish("backlog:update", last)
    await shows(page.locator(".queues tbody tr", has_text="queue 009"), "98,765")
    after, tasks = await counts(cdp), await page.evaluate("window.longTasks")
    measured = [f"{name} {before[name]:.0f} -> {after[name]:.0f}" for name in ("Nodes", "JSEventListeners")]
    sys.stdout.write(f"{', '.join(measured)}, long tasks {len(tasks)}, the longest {max(tasks, default=0):.0f} ms\n")
    assert after["Nodes"] < before["Nodes"] * 1.25
    # Panels that load late bring some tens; a listener left by each update would be 540.
    assert after["JSEventListeners"] < before["JSEventListeners"] + 150


async def publish(stage: Stage, numbers: range) -> None:
    for number in numbers:
        _one(stage, number)
        if number % BURST == 0:
            await asyncio.sleep(BURST / RATE)


def _one(stage: Stage, number: int) -> None:
    queue, now = QUEUES[number * 7 % len(QUEUES)], datetime.now(UTC)
    if number % ALERTS_EVERY == 0:
        fresh = storm.alert(number, "high", queue, f"Alert {number}", now)
        stage.publish("alert:triggered", fresh)
        stage.publish("alert:resolved", fresh | {"status": "resolved", "version": 2, "resolved_by": "system"})
    elif number % 2:
        stage.publish("kpi:update", storm.kpi(queue, now, health_score=float(number % 100)))
    else:
        stage.publish("backlog:update", storm.backlog(queue, now, total_items=number))
