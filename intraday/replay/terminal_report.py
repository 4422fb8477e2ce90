"""A replay on the terminal: a bar while it runs, plain lines where there is no terminal, tables at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from intraday.replay.replay import Progress as OnInstant
from intraday.replay.replay import Replay
from intraday.replay.replay_stats import Closings, ReplayStats
from intraday.replay.timeline import Instant, Problem, RecordedLog

SHOWN_PROBLEMS = 10
PLAIN_EVERY = 5.0  # seconds between two plain lines


@contextmanager
def progress(console: Console, recorded: RecordedLog) -> Iterator[OnInstant]:
    if not console.is_terminal:
        yield PlainLines(console, recorded)
        return
    text, rows = TextColumn("{task.description}"), TextColumn("{task.fields[rows]} rows")
    with Progress(text, BarColumn(), MofNCompleteColumn(), rows, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(recorded.name, total=len(recorded.times), rows=0)

        def show(instant: Instant, stats: ReplayStats) -> None:
            at = f"{instant.time.astimezone(recorded.zone):%Y-%m-%d %H:%M}"
            bar.update(task, advance=1, description=f"{recorded.name}  {at}", rows=stats.rows)

        yield show


@dataclass
class PlainLines:
    console: Console
    recorded: RecordedLog
    _spoken: float = field(default_factory=time.monotonic)

    def __call__(self, instant: Instant, stats: ReplayStats) -> None:
        if time.monotonic() - self._spoken < PLAIN_EVERY:
            return
        self._spoken = time.monotonic()
        at = f"{instant.time.astimezone(self.recorded.zone):%Y-%m-%d %H:%M}"
        done = f"{stats.instants}/{len(self.recorded.times)} instants, {stats.rows} rows"
        self.console.print(f"{self.recorded.name}  {at}  {done}")


def closing_report(console: Console, replay: Replay) -> None:
    console.print(counts(replay))
    if replay.closings.opening:
        console.print(days(replay.closings))
    for line in [*bad_lines(replay.recorded.problems), *errors(replay.stats)]:
        console.print(Text(line))


def counts(replay: Replay) -> Table:
    stats, table = replay.stats, Table("", "count", title=f"Replay of {replay.recorded.name}", title_justify="left")
    table.columns[1].justify = "right"
    per_second = stats.rows / replay.elapsed if replay.elapsed else 0.0
    lines = {
        "instants": f"{stats.instants} of {len(replay.recorded.times)}",
        "rows": str(stats.rows),
        **{f"  {result}": str(count) for result, count in sorted(stats.results.items())},
        "  rejected": str(stats.rejected),
        "never got through": str(stats.undelivered),
        "events caused": str(stats.events),
        "rows with warnings": str(stats.warnings),
        "bad lines in the log": str(len(replay.recorded.problems)),
        "elapsed": f"{replay.elapsed:.1f} s",
        "rows per second": f"{per_second:.0f}",
    }
    for name, count in lines.items():
        table.add_row(name, count)
    return table


def days(closings: Closings) -> Table:
    """Return the sums over all queues at each local midnight, to compare with the source's own figures."""
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


def errors(stats: ReplayStats) -> Iterator[str]:
    lost = stats.rejected + stats.undelivered
    if lost:
        yield f"{lost} rows are not stored; the first reasons:"
    yield from (f"  {error}" for error in stats.errors)
    if stats.warned:
        yield "warnings of the server, each the first time:"
    yield from (f"  {warning}" for warning in stats.warned)
