"""Rows about neighbours: one tenant at its limits, and what the others feel of it.

The application runs twice as in production (web, worker, beat), on databases with the same neighbours, one of which has
the big tenant, too. Phases of seconds take turns, and who has no turn is stopped (SIGSTOP): what else the machine does
falls on both alike. Nothing is pinned to a core, so PostgreSQL and Valkey are the bench's own, too.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from threading import Event, Thread

from bench.machine import on_both_cores
from bench.report import Report, Row
from bench.services import another_database, inside, postgres, valkey
from bench.starving_clients import KINDS, Heard, Poster, big_tenant, listening, sign_in
from bench.starving_scenario import (
    BATCH_ROWS,
    BIG,
    BIG_FEEDS,
    BIG_QUEUES,
    BIG_SOCKETS,
    NEIGHBOUR_QUEUES,
    NEIGHBOURS,
    POSTS_PER_SECOND,
    neighbour,
)
from faults.processes import Beat, Program, Serve, Worker

BAR = 1.5
LAST_ALERTS_SECONDS = 15.0
CHECKED_BEFORE = 3.0  # seconds of a phase that are not counted: first writes, first look-ups


def measure(report: Report, *, rounds: int, seconds: float) -> None:
    """`rounds` pairs of phases of so many seconds each."""
    with on_both_cores(), valkey() as cache, postgres() as database:
        pairs = _pairs({**cache, **database}, rounds, seconds)
    for kind in KINDS:
        report.rows.append(_row(kind, pairs))
    report.notes.append(_note(pairs))


def _pairs(env: dict[str, str], rounds: int, seconds: float) -> list[tuple[Heard, Heard]]:
    without, beside = another_database(env, "starving_alone", 1), another_database(env, "starving_beside", 2)
    keys = {
        "alone": inside("bench.starving_seed", without, str(NEIGHBOURS), "0"),
        "beside": inside("bench.starving_seed", beside, str(NEIGHBOURS), str(BIG_QUEUES)),
    }
    pairs = []
    with ExitStack() as stack:
        sides = {
            name: stack.enter_context(_side(env, keys[name])) for name, env in (("alone", without), ("beside", beside))
        }
        for number in range(rounds):
            order = ("alone", "beside") if number % 2 == 0 else ("beside", "alone")
            phases = {name: _phase(sides[name], seconds) for name in order}
            pairs.append((phases["alone"], phases["beside"]))
    return pairs


def _row(kind: str, pairs: list[tuple[Heard, Heard]]) -> Row:
    pairs = [pair for pair in pairs if all(phase.took[kind] for phase in pair)]  # the note tells what did not come
    if not pairs:
        raise RuntimeError(f"Of {kind} nothing came in any pair of phases: the run says nothing. Run it again.")
    ratio = median(median(beside.took[kind]) / median(alone.took[kind]) for alone, beside in pairs)
    alone, beside = ([each for pair in pairs for each in pair[place].took[kind]] for place in (0, 1))
    what = {"ingest": "answer to a post", "alerts": "post to alert:triggered", "sign-in": "answer to a sign-in"}[kind]
    return Row(
        what=f"neighbours of a tenant at its limits: {what}, p50 / p95, ms",
        ours=f"{_spread(beside)} (without it: {_spread(alone)}; {len(beside)} and {len(alone)} counted)",
        ratio=f"{ratio:.2f}",
        bar=f"<= {BAR}",
        met=ratio <= BAR,
    )


def _spread(took: list[float]) -> str:
    return f"{median(took) * 1e3:,.0f} / {quantiles(took, n=20)[-1] * 1e3:,.0f}"


def _note(pairs: list[tuple[Heard, Heard]]) -> str:
    rows, refused = (sum(getattr(beside, name) for _, beside in pairs) for name in ("rows", "refused"))
    lost = sum(phase.unanswered for pair in pairs for phase in pair)
    return (
        f"neighbours: {NEIGHBOURS} with {NEIGHBOUR_QUEUES} queues, {POSTS_PER_SECOND} posts a second each, half of "
        f"them a breach of a queue that was well; alerts that did not come within {LAST_ALERTS_SECONDS:.0f} s of the "
        f"end of a phase: {lost}. The tenant at its limits has {BIG_QUEUES:,} queues and {BIG_SOCKETS} sockets on all "
        f"of them; {BIG_FEEDS} feeds got {rows:,} rows through in batches of {BATCH_ROWS:,}, with {refused} batches "
        "refused (429). Ratios are the median of the pairs' ratios of medians."
    )


# --- a side and its phases -------------------------------------------------------------------------------------------
@dataclass
class _Side:
    """The processes on one database."""

    programs: list[Program]
    keys: dict[str, str]
    numbers: dict[str, Iterator[int]]
    """The next queue of each neighbour. None comes twice within a run: an alert that is open is not triggered again."""

    @property
    def port(self) -> int:
        return self.programs[0].port

    def signal(self, how: signal.Signals) -> None:
        for program in self.programs:
            for process in program.processes():
                process.send_signal(how)


@contextmanager
def _side(env: dict[str, str], keys: dict[str, str]) -> Iterator[_Side]:
    with ExitStack() as stack:
        programs = [stack.enter_context(each) for each in (Serve(env), Worker(env), Beat(env))]
        side = _Side(programs, keys, {name: count() for name in keys})
        side.signal(signal.SIGSTOP)
        try:
            yield side
        finally:
            side.signal(signal.SIGCONT)


def _phase(side: _Side, seconds: float) -> Heard:
    side.signal(signal.SIGCONT)
    try:
        return _heard(side, seconds)
    finally:
        side.signal(signal.SIGSTOP)


def _heard(side: _Side, seconds: float) -> Heard:
    heard, over = Heard(), Event()
    with ExitStack() as stack:
        if BIG in side.keys:
            stack.enter_context(big_tenant(side.port, side.keys[BIG], heard, over))
        names = [neighbour(number) for number in range(NEIGHBOURS)]
        ears = [stack.enter_context(listening(side.port, side.keys[name], heard)) for name in names]
        counted_from = time.monotonic() + CHECKED_BEFORE
        work = [Thread(target=sign_in, args=(side.port, heard, over, counted_from))]
        for name, ear in zip(names, ears, strict=True):
            poster = Poster(side.port, side.keys[name])
            work.append(Thread(target=poster.run, args=(heard, ear, side.numbers[name], over, counted_from)))
        for each in work:
            each.start()
        over.wait(seconds + CHECKED_BEFORE)
        ends = time.monotonic() + LAST_ALERTS_SECONDS
        for ear in ears:
            ear.stop_posting()
        while any(each.awaited for each in ears) and time.monotonic() < ends:
            time.sleep(0.05)
        over.set()
        for each in work:
            each.join()
        heard.unanswered = sum(len(each.awaited) for each in ears)
    if heard.failures:
        raise RuntimeError(f"{len(heard.failures)} failures, the first: {heard.failures[0]}")
    return heard
