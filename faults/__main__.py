"""python -m faults [--only WORD …] [--seed N] [--short]: causes faults, prints what they cost (faults/README.md)."""

import argparse
import asyncio
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

from faults import clocks, crowd, disk, edges, failover, frozen, kills, locks, paths, restore, tls, upgrade
from faults.layout import Layout
from faults.scenario import Outcome, Scenario, play
from faults.table import heading, outcome_line
from faults.traffic import NotReadyError

MODULES = (kills, edges, frozen, locks, paths, clocks, failover, disk, restore, tls, crowd, upgrade)
SCENARIOS = [scenario for module in MODULES for scenario in module.SCENARIOS]


@dataclass
class Ground:
    """The layout that stands; scenarios on the same one follow each other on it, unless one of them left it broken."""

    layout: Layout | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def of(self, kind: type[Layout]) -> Layout:
        if type(self.layout) is not kind:
            self.clear()
            self.layout = self.stack.enter_context(kind())
        return self.layout

    def clear(self) -> None:
        self.layout = None
        self.stack.close()


async def play_all(scenarios: list[Scenario], *, seed: int, short: bool) -> bool:
    ground, missed = Ground(), False
    try:
        for scenario in scenarios:
            if reason := scenario.lacks():
                say(f"{scenario.name}: left out, {reason}")
            elif not await passes(ground, scenario, seed=seed, short=short):
                missed = True
                ground.clear()
    finally:
        ground.clear()
    return not missed


async def passes(ground: Ground, scenario: Scenario, *, seed: int, short: bool) -> bool:
    layout = ground.of(scenario.layout)
    try:
        outcome = await play(scenario, layout, seed=seed, short=short)
    except NotReadyError as error:
        say(f"{scenario.name}: not begun, {error}")
        return False
    show(scenario, outcome)
    return outcome.passed


def show(scenario: Scenario, outcome: Outcome) -> None:
    say(outcome_line(scenario.name, outcome))
    for text in [*outcome.notes, *outcome.misses, *outcome.account.findings[:8]]:
        say(f"    {text}")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m faults", description="Causes faults and counts what they cost.")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD", help="faults with one of these words in their name"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything that is chosen at random")
    parser.add_argument("--short", action="store_true", help="each fault lasts seconds: a look, not the proof")
    options = parser.parse_args()
    chosen = [one for one in SCENARIOS if not options.only or set(options.only) & set(one.name.split())]
    say(heading())
    sys.exit(not asyncio.run(play_all(chosen, seed=options.seed, short=options.short)))


if __name__ == "__main__":
    main()
