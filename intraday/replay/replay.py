"""Posts a recorded log as its system would have: in order, one instant for one request, at a chosen pace."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

from intraday.api_client.client import GaveUpError, Poster, RefusedError, StoppedError
from intraday.api_client.rows import Row, batches
from intraday.replay.replay_stats import Closings, ReplayStats
from intraday.replay.timeline import Instant, RecordedLog, shifted

Progress = Callable[[Instant, ReplayStats], None]  # the instant just posted, the counts so far


def unwatched(_instant: Instant, _tally: ReplayStats) -> None:
    pass


@dataclass
class Replay:
    """`speed` is log seconds per wall second, None = as fast as answers come; `shift` moves all times alike.

    Computing for the times of the log is left to the server's jobs where the times are moved to now.
    """

    recorded: RecordedLog
    poster: Poster
    speed: float | None = None
    shift: timedelta = timedelta()
    progress: Progress = unwatched
    stop: Event = field(default_factory=Event)
    stats: ReplayStats = field(default_factory=ReplayStats)
    elapsed: float = 0.0
    ended_early: bool = False

    def __post_init__(self) -> None:
        self.closings = Closings(self.recorded.zone)

    def run(self) -> None:
        started = time.monotonic()
        try:
            for instant in self._paced():
                self._post(instant)
        except StoppedError:
            pass
        except (RefusedError, GaveUpError):
            self.ended_early = True  # the reason is among the stats's errors
        finally:
            self.elapsed = time.monotonic() - started

    def _paced(self) -> Iterator[Instant]:
        started = time.monotonic()
        for instant in self.recorded.instants:
            if self.stop.wait(self._until_due(instant, started)):
                return
            yield instant

    def _until_due(self, instant: Instant, started: float) -> float:
        if self.speed is None:
            return 0.0
        due = started + (instant.time - self.recorded.times[0]).total_seconds() / self.speed
        return max(0.0, due - time.monotonic())

    def _post(self, instant: Instant) -> None:
        rows = [] if instant.kind == "compute" and self.shift else shifted(instant, self.shift).rows
        through = [self._send(each, instant.kind) for each in batches(rows)]
        if all(through):
            self.stats.instants += 1
            self.closings.saw(instant)
        self.progress(instant, self.stats)

    def _send(self, rows: list[Row], kind: str) -> bool:
        """False when this batch was turned away but the next may pass; raises when none will."""
        try:
            self.stats.answered(rows, self.poster.post(rows, kind))
        except (RefusedError, GaveUpError) as error:
            self.stats.failed(rows, str(error))
            if isinstance(error, GaveUpError) or error.final:
                raise
            return False
        return True


def shift_to(recorded: RecordedLog, now: datetime) -> timedelta:
    """Return the shift that moves the last instant to now, or to just before it: no row lands in the future."""
    return (now.astimezone(UTC) - recorded.times[-1]) // recorded.step * recorded.step
