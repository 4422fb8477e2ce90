"""Keeps a demonstration alive: posts the world's queues through the API every few seconds until told to stop."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

from intraday.feeds.client import Answer, Poster, RefusedError, StoppedError
from intraday.feeds.instants import Row
from intraday.feeds.world import World

logger = logging.getLogger(__name__)
START_PATIENCE = 60.0  # seconds until the server must answer /healthz
AFTER_REFUSAL = 5.0
Posted = Callable[[list[Row], Answer], None]


def unwatched(_rows: list[Row], _answer: Answer) -> None:
    pass


def run(
    url: str,
    *,
    stop: Event,
    seed: int = 7,
    every: float = 2.0,
    organization: str = "org_123",
    key: str = "",
    say: Callable[[str], None] = logger.warning,
    posted: Posted = unwatched,
) -> bool:
    """Blocks until `stop` is set; False when the server never came up. Outages are waited out and said once: the batch
    that was under way is offered again unchanged, the world goes on meanwhile, and no item is lost or counted twice."""
    with Poster(url, key, patience=float("inf"), stop=stop, notice=say) as poster:
        if not poster.wait_until_healthy(START_PATIENCE):
            if not stop.is_set():
                say(f"no server at {url}: nothing is simulated")
            return stop.is_set()
        _post_until(stop, poster, World(seed, datetime.now(UTC), organization), every, say, posted)
    return True


def _post_until(
    stop: Event, poster: Poster, world: World, every: float, say: Callable[[str], None], posted: Posted
) -> None:
    said = ""
    while not stop.is_set():
        try:
            rows = world.at(datetime.now(UTC))
            answer = poster.post(rows)
            posted(rows, answer)
            trouble, pause = _complaint(answer), every
        except RefusedError as error:
            trouble, pause = str(error), max(every, AFTER_REFUSAL)
        except StoppedError:
            return
        if trouble and trouble != said:
            say(f"the server refuses simulated rows: {trouble}")
        said = trouble
        stop.wait(pause)


def _complaint(answer: Answer) -> str:
    return str(answer.rejected[0].get("errors")) if answer.rejected else ""
