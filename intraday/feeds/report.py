"""A replay on the terminal: a bar while it runs, plain lines where there is no terminal, tables at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from intraday.feeds.instants import Feed, Instant, Problem
from intraday.feeds.replay import Progress as Heard
from intraday.feeds.replay import Replay
from intraday.feeds.tally import Closings, Tally

SHOWN_PROBLEMS = 10
PLAIN_EVERY = 5.0  # seconds between two plain lines


@contextmanager
def progress(console: Console, feed: Feed) -> Iterator[Heard]:
    if not console.is_terminal:
        yield PlainLines(console, feed)
        return
    text, rows = TextColumn("{task.description}"), TextColumn("{task.fields[rows]} rows")
    with Progress(text, BarColumn(), MofNCompleteColumn(), rows, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(feed.name, total=len(feed.times), rows=0)

        def heard(instant: Instant, tally: Tally) -> None:
            at = f"{instant.time.astimezone(feed.zone):%Y-%m-%d %H:%M}"
            bar.update(task, advance=1, description=f"{feed.name}  {at}", rows=tally.rows)

        yield heard


@dataclass
class PlainLines:
    console: Console
    feed: Feed
    _spoken: float = field(default_factory=time.monotonic)

    def __call__(self, instant: Instant, tally: Tally) -> None:
        if time.monotonic() - self._spoken < PLAIN_EVERY:
            return
        self._spoken = time.monotonic()
        at = f"{instant.time.astimezone(self.feed.zone):%Y-%m-%d %H:%M}"
        done = f"{tally.instants}/{len(self.feed.times)} instants, {tally.rows} rows"
        self.console.print(f"{self.feed.name}  {at}  {done}")


def closing_report(console: Console, replay: Replay) -> None:
    console.print(counts(replay))
    if replay.closings.opening:
        console.print(days(replay.closings))
    for line in [*bad_lines(replay.feed.problems), *errors(replay.tally)]:
        console.print(Text(line))


def counts(replay: Replay) -> Table:
    tally, table = replay.tally, Table("", "count", title=f"Replay of {replay.feed.name}", title_justify="left")
    table.columns[1].justify = "right"
    per_second = tally.rows / replay.elapsed if replay.elapsed else 0.0
    lines = {
        "instants": f"{tally.instants} of {len(replay.feed.times)}",
        "rows": str(tally.rows),
        **{f"  {result}": str(count) for result, count in sorted(tally.results.items())},
        "  rejected": str(tally.rejected),
        "never got through": str(tally.undelivered),
        "events caused": str(tally.events),
        "rows with warnings": str(tally.warnings),
        "bad lines in the log": str(len(replay.feed.problems)),
        "elapsed": f"{replay.elapsed:.1f} s",
        "rows per second": f"{per_second:.0f}",
    }
    for name, count in lines.items():
        table.add_row(name, count)
    return table


def days(closings: Closings) -> Table:
    """The sum over all queues at each local midnight, to hold against the source's own figures."""
    table = Table("day", "added", "completed", "backlog at end of day", title=f"Days in {closings.zone.key}")
    table.title_justify = "left"
    for column in table.columns[1:]:
        column.justify = "right"
    if closings.opening:
        at, total = closings.opening
        table.add_row(f"opening {at:%Y-%m-%d %H:%M}", "", "", str(total))
    for day, sums in sorted(closings.days.items()):
        table.add_row(day.isoformat(), str(sums.added), str(sums.completed), str(sums.closing))
    return table


def bad_lines(problems: list[Problem]) -> Iterator[str]:
    for problem in problems[:SHOWN_PROBLEMS]:
        yield f"line {problem.line}: {problem.message}"
    if len(problems) > SHOWN_PROBLEMS:
        yield f"… and {len(problems) - SHOWN_PROBLEMS} more bad lines"


def errors(tally: Tally) -> Iterator[str]:
    lost = tally.rejected + tally.undelivered
    if lost:
        yield f"{lost} rows are not stored; the first reasons:"
    yield from (f"  {error}" for error in tally.errors)
    if tally.warned:
        yield "warnings of the server, each the first time:"
    yield from (f"  {warning}" for warning in tally.warned)
