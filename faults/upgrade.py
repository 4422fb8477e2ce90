"""An upgrade as docs/operations.md tells it, with traffic: processes of both releases run side by side for a while."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.processes import ROOT
from faults.layout import Layout
from faults.processes import Beat, Program, Serve, Worker
from faults.scenario import Run, Scenario

BEFORE = "b335233"
"""The last commit of release 0.1.0."""
SEED = Path(__file__).with_name("seed.py")


class UpgradeLayout(Layout):
    """Everything is of the release before, in a folder of its own."""

    old: Path

    @classmethod
    def missing(cls) -> str:
        command = ["git", "cat-file", "-e", f"{BEFORE}^{{commit}}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        return f"commit {BEFORE} is not in this clone" if done.returncode else ""

    def start(self, stack: ExitStack) -> None:
        self.old = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="intraday-before-")))
        archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", self.old], input=archive, check=True)
        subprocess.run(["make", "-C", self.old, "runtime"], check=True, stdout=subprocess.DEVNULL)  # with its packages
        super().start(stack)

    @property
    def python(self) -> Path:
        return self.old / ".venv/bin/python"

    def seed(self) -> dict[str, str]:
        environment = {**os.environ, **self.environment(), "PYTHONPATH": str(self.old)}
        command = [str(self.python), str(SEED), str(self.tenants), str(self.queues)]
        done = subprocess.run(command, cwd=self.old, env=environment, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def make_serve(self, number: int) -> Serve:
        return Serve(self.environment(), root=self.old, python=self.python)

    def make_worker(self, number: int) -> Worker:
        return Worker(self.environment(), root=self.old, python=self.python)

    def make_beat(self) -> Beat:
        return Beat(self.environment(), root=self.old, python=self.python)


async def upgrade(run: Run) -> None:
    layout = run.layout
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    environment = {**os.environ, **layout.environment()}
    await run.apart(lambda: subprocess.run(migrate, cwd=ROOT, env=environment, check=True))
    part = Run(layout, run.traffic, run.seconds / len(layout.programs()), run.random)
    for program in layout.programs():
        await part.last()
        await run.apart(lambda program=program: renew(program))  # type: ignore[misc]


def renew(program: Program) -> None:
    program.root, program.python = ROOT, Path(sys.executable)
    program.restart()


SCENARIOS = [Scenario("upgrade with traffic", upgrade, UpgradeLayout, short=8.0, long=120.0)]
