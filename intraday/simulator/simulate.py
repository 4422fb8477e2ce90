"""Keeping a demonstration alive: posts the day so far, then the news of every few seconds, until it is stopped."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event

from intraday.api_client.client import Answer, Poster, RefusedError, StoppedError
from intraday.api_client.rows import Row, batches, iso
from intraday.simulator.profiles import Outage
from intraday.simulator.scenario import Posts, Scenario

logger = logging.getLogger(__name__)
START_PATIENCE = 60.0  # seconds until the server must answer /healthz
AFTER_REFUSAL = 5.0
COARSE, FINE = timedelta(minutes=30), timedelta(minutes=10)
FINE_PART = timedelta(hours=2)  # of the day so far, before now
Posted = Callable[[str, list[Row], Answer], None]  # the kind, what was posted, what came of it


def unwatched(_kind: str, _rows: list[Row], _answer: Answer) -> None:
    pass


def run(
    url: str,
    *,
    stop: Event,
    seed: int = 7,
    every: float = 5.0,
    organization: str = "org_123",
    key: str = "",
    outage: Outage | None = None,
    say: Callable[[str], None] = logger.warning,
    posted: Posted = unwatched,
) -> bool:
    """Block until `stop` is set; return False when the server never came up.

    Outages of the server are waited out and said once: the batch that was under way is offered again unchanged, the
    scenario goes on meanwhile, and no item is lost or counted twice. `outage` is one of a simulated line.
    """
    with Poster(url, key, patience=float("inf"), stop=stop, notice=say) as poster:
        if not poster.wait_until_healthy(START_PATIENCE):
            if not stop.is_set():
                say(f"no server at {url}: nothing is simulated")
            return stop.is_set()
        with suppress(StoppedError):
            _Simulation(poster, Scenario(seed, datetime.now(UTC), organization, outage=outage), say, posted).run(every)
    return True


@dataclass
class _Simulation:
    poster: Poster
    scenario: Scenario
    say: Callable[[str], None]
    posted: Posted
    said: str = ""

    def run(self, every: float) -> None:
        for posts in day_so_far(self.scenario):
            if self.poster.stop.is_set():
                return
            self._post(posts)
        for turn in count():
            taken = self._post(self.scenario.at(datetime.now(UTC), backlog=turn % 2 == 0))
            if self.poster.stop.wait(every if taken else max(every, AFTER_REFUSAL)):
                return

    def _post(self, posts: Posts) -> bool:
        """Post the rows. A refusal is reported once, until the server takes everything again."""
        outcomes = [self._offer(batch, kind) for kind, rows in posts.items() for batch in batches(rows)]
        if not outcomes:
            return True
        trouble = next(filter(None, outcomes), "")
        if trouble and trouble != self.said:
            self.say(f"the server refuses simulated rows: {trouble}")
        self.said = trouble
        return not trouble

    def _offer(self, rows: list[Row], kind: str) -> str:
        try:
            answer = self.poster.post(rows, kind)
        except RefusedError as error:
            return str(error)
        self.posted(kind, rows, answer)
        return str(answer.rejected[0].get("errors")) if answer.rejected else ""


def day_so_far(scenario: Scenario) -> Iterator[Posts]:
    """Yield the rows from the begin of the day up to now, so that no figure of this moment looks worse than it is.

    People come before the forecast, then the intervals one by one, each computed before the next is known.
    """
    times = _steps(scenario)
    steps = [scenario.at(time) for time in times]
    yield _joined(steps, "backlog") | _joined(steps, "shifts")
    for step in steps:
        yield {"attendance": step["attendance"], "states": step["states"]}
    yield scenario.everybody()
    yield _joined(steps, "forecast")
    for time, step in zip(times, steps, strict=True):
        yield {
            "kpi": step["kpi"],
            "compute": [{"organization_id": scenario.organization, "as_of_time": iso(time)}],
        }


def _steps(scenario: Scenario) -> list[datetime]:
    fine = _floor(scenario.start - FINE_PART)
    coarse = _floor(scenario.begin) + COARSE
    return [*_times(coarse, fine, COARSE), *_times(fine + FINE, scenario.start - FINE / 2, FINE), scenario.start]


def _times(first: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [first + step * place for place in range(max(0, (end - first) // step + 1))]


def _floor(time: datetime) -> datetime:
    return time - (time - datetime.fromtimestamp(0, UTC)) % COARSE


def _joined(steps: list[Posts], kind: str) -> Posts:
    return {kind: [row for step in steps for row in step[kind]]}
