"""The database's clock, by which all processes agree: a host whose own clock is wrong does no harm.

A process that follows the database asks it every few seconds and counts on by its monotonic clock, so `now` costs no
statement. One that does not follow (a command, embedded runs with a database in the process) has its own clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import NamedTuple

import structlog
from django.db import connection
from django.utils import timezone

log = structlog.get_logger(__name__)

MEASURE_SECONDS = 5.0
SLOW_SECONDS = 1.0  # an answer that took longer says too little of when it was given
SKEW_SECONDS = 2.0
"""A process whose own clock is further off says so in the log."""


class _Anchor(NamedTuple):
    """The database's clock at one instant of this process; `doubt` is half the time that the answer took."""

    time: datetime
    monotonic: float
    doubt: float

    def at(self, instant: float) -> datetime:
        return self.time + timedelta(seconds=instant - self.monotonic)


class Clock:
    def __init__(self, read_database: Callable[[], datetime], own: Callable[[], datetime] = timezone.now) -> None:
        self._read, self._own = read_database, own
        self._anchor: _Anchor | None = None
        self._measured_at: float | None = None
        self._skewed = False
        self._measuring = Lock()

    def now(self) -> datetime:
        """Return the time of the database; that of this process until it has been measured."""
        anchor = self._anchor
        return self._own() if anchor is None else anchor.at(monotonic())

    def skew(self) -> float | None:
        """Return by how many seconds the clock of this process is ahead of the database's; None if never measured."""
        anchor = self._anchor
        return None if anchor is None else (self._own() - anchor.at(monotonic())).total_seconds()

    def read(self) -> datetime:
        """Ask the database what time it is. Raises DatabaseError."""
        return self._read()

    def measure(self) -> None:
        """Ask the database. Raises DatabaseError. Slow answers are dropped; one that agrees with what is known moves
        nothing, so that time does not go to and fro by the milliseconds of a measurement."""
        with self._measuring:
            begun = monotonic()
            told = self._read()
            ended = monotonic()
            if self._anchor is not None and ended - begun > SLOW_SECONDS:
                return
            self._measured_at = ended
            doubt = (ended - begun) / 2
            found = _Anchor(told, (begun + ended) / 2, doubt)
            if not self._agrees(found):
                self._anchor = found
            self._report()

    def measure_if_due(self) -> None:
        """Ask the database unless it was asked in the last MEASURE_SECONDS. Raises DatabaseError."""
        if self._measured_at is None or monotonic() - self._measured_at >= MEASURE_SECONDS:
            self.measure()

    def forget(self) -> None:
        """Go by the clock of this process again."""
        self._anchor = self._measured_at = None

    def _agrees(self, found: _Anchor) -> bool:
        known = self._anchor
        if known is None or found.doubt < known.doubt / 2:
            return False
        off = abs((known.at(found.monotonic) - found.time).total_seconds())
        return off <= found.doubt + known.doubt

    def _report(self) -> None:
        """Log once that the process is off, and once that it is right again."""
        skew = self.skew()
        assert skew is not None
        if (abs(skew) > SKEW_SECONDS) == self._skewed:
            return
        self._skewed = not self._skewed
        if self._skewed:
            log.warning("clock_skewed", seconds=round(skew, 3), used="the database's clock")
        else:
            log.info("clock_recovered", seconds=round(skew, 3))


def _read() -> datetime:
    """Ask the database what time it is. Raises DatabaseError."""
    if connection.vendor != "postgresql":
        return timezone.now()  # in the process itself
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        time: datetime = cursor.fetchone()[0]
    return time.astimezone(UTC)


clock = Clock(_read)
