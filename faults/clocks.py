"""Machines whose clock is an hour wrong: a serve process and a worker, beside others whose clock is right."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import ClassVar

from bench.processes import BUILD
from faults.layout import Layout
from faults.processes import Environment, Serve, Worker
from faults.scenario import Run, Scenario

SOURCE = Path(__file__).with_name("clock.c")


@cache
def library() -> Path:
    BUILD.mkdir(exist_ok=True)
    built = BUILD / "clock.so"
    subprocess.run(["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", built, SOURCE, "-ldl"], check=True)
    return built


class ClockLayout(Layout):
    """The second serve process and the second worker live in another hour."""

    shift: ClassVar[int]
    """Seconds."""
    worker_count = 2

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which("cc") else "a C compiler (cc) is needed to build a wrong clock"

    def environment_of(self, number: int) -> Environment:
        wrong = {"LD_PRELOAD": str(library()), "CLOCK_SHIFT": str(self.shift)}
        return {**self.environment(), **(wrong if number else {})}

    def make_serve(self, number: int) -> Serve:
        return Serve(self.environment_of(number))

    def make_worker(self, number: int) -> Worker:
        return Worker(self.environment_of(number))


class AheadLayout(ClockLayout):
    shift = 3600


class BehindLayout(ClockLayout):
    shift = -3600


async def wait(run: Run) -> None:
    """The clocks have been wrong from the start."""
    await run.last()


SCENARIOS = [
    Scenario("clock an hour ahead", wait, AheadLayout, long=90.0),
    Scenario("clock an hour behind", wait, BehindLayout, long=90.0),
]
