"""python -m faults.soak [--minutes N] [--out FILE]: an hour of traffic; does anything grow that should not?

Samples go to FILE as they are taken, a line of JSON each; `--report FILE` makes the table of a run again, or of one
that still goes on.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from bench.processes import ROOT
from bench.services import inside
from faults import audit
from faults.audit import Account
from faults.layout import Layout
from faults.samples import sample
from faults.soak_report import report
from faults.traffic import Traffic, traffic

EVERY = 30.0  # seconds between samples
Line = dict[str, Any]


class SoakLayout(Layout):
    """50 tenants post 5 rows each in 12.5 s, which is 20 rows a second, and have 4 sockets each, which is 200."""

    tenants = 50
    queues = 2
    listeners = 4
    period = 12.5


async def soak(layout: Layout, *, minutes: float, out: Path, seed: int, every: float = EVERY) -> list[Line]:
    async with traffic(layout, Random(seed)) as going:
        await going.warm_up()
        begun = time.monotonic()
        lines: list[Line] = [{"kept": await asyncio.to_thread(inside, "faults.kept", dict(layout.environment()))}]
        write(out, lines[0])
        while (second := time.monotonic() - begun) < minutes * 60:
            measured = await asyncio.to_thread(sample, layout)
            lines.append({"second": round(second), **measured, "traffic": state(going)})
            write(out, lines[-1])
            await asyncio.sleep(every - (time.monotonic() - begun) % every)
        lines.append({"account": vars(await account(going)), "unjudged": going.judgements.longest()[1]})
        write(out, lines[-1])
        return lines


def state(going: Traffic) -> dict[str, int]:
    return {
        "posted": sum(len(feed.ledger.posted) for feed in going.feeds),
        "acknowledged": sum(len(feed.ledger.acknowledged) for feed in going.feeds),
        "heard": sum(listener.sequences.events.total() for listener in going.listeners),
        "sessions": sum(listener.sessions for listener in going.listeners),
    }


async def account(going: Traffic) -> Account:
    await going.drain()
    ends = await asyncio.to_thread(audit.heads, going.layout.database())
    await going.all_heard(ends)
    return await asyncio.to_thread(audit.audit, going, ends)


def write(out: Path, line: Line) -> None:
    with out.open("a") as file:
        file.write(json.dumps(line) + "\n")


def read(out: Path) -> list[Line]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m faults.soak", description="A long run; does anything grow?")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=EVERY, help="seconds between samples")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "soak.jsonl", help="samples, a line each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, metavar="FILE", help="only make the table of this file")
    options = parser.parse_args()
    lines = read(options.report) if options.report else run(options)
    text, flat = report(lines)
    print(text)
    sys.exit(not flat)


def run(options: argparse.Namespace) -> list[Line]:
    options.out.parent.mkdir(exist_ok=True)
    options.out.unlink(missing_ok=True)
    with SoakLayout() as layout:
        print(f"{options.minutes:g} minutes; samples go to {options.out}", flush=True)
        job = soak(layout, minutes=options.minutes, out=options.out, seed=options.seed, every=options.every)
        return asyncio.run(job)


if __name__ == "__main__":
    main()
