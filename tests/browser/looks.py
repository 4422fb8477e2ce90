"""Take pictures of a page for people to look at, and check it with axe."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page

HERE = Path(__file__).parent
SCREENSHOTS = HERE / "screenshots"
_AXE = HERE.parents[1] / "node_modules/axe-core/axe.min.js"


async def picture(page: Page, name: str) -> None:
    """Kept by the test run, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


async def barriers(page: Page) -> list[str]:
    """Return the violations of axe, of any weight, with their places, once animations have ended: a drawer that fades
    in has too little contrast. Targets are at least 24 pixels large."""
    await page.evaluate(_AXE.read_text())
    ended = "Promise.allSettled(document.getAnimations().map(animation => animation.finished))"
    await page.evaluate(f"Promise.race([{ended}, new Promise(done => setTimeout(done, 2000))])")  # some never end
    options = "{resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}"
    found = await page.evaluate(f"axe.run(document, {options})")
    return [
        f"{each['id']}: {json.dumps([node['target'] for node in each['nodes'][:3]])}" for each in found["violations"]
    ]


async def is_seen(place: Locator) -> bool:
    """Return whether all of it is inside the window, without scrolling, and nothing lies over its middle."""
    seen: Any = await place.evaluate(
        """place => {
            const box = place.getBoundingClientRect();
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            const inside = box.width > 0 && box.top >= 0 && box.left >= 0
                && box.bottom <= innerHeight && box.right <= innerWidth;
            const top = document.elementFromPoint(x, y);
            return inside && (place.contains(top) || top.contains(place));
        }"""
    )
    return bool(seen)
