"""Tests of the suite, in a run of their own on the embedded database."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.live import ROOT


def expect_passed(tests: Sequence[str], *, folder: Path, var: Path) -> None:
    """Run these tests of a folder, with the database in `var`, and expect each of them to pass."""
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(var), "PYTEST_XDIST_WORKER": "sqlite"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(folder / test) for test in tests)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"{len(tests)} passed" in done.stdout
