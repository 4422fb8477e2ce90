"""Commands run in a process of their own, with settings from its environment alone."""

import os
import subprocess
import sys
from pathlib import Path

from tests.structure import ROOT

STRONG = "only-for-tests-" + "x" * 40
DATABASE = "postgresql://a,b/intraday?sslmode=require&options=-c%20search_path%3Dx"


def run(*command: str, var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"SECRET_KEY": STRONG, "INTRADAY_VAR": str(var), "DATABASE_URL": DATABASE, "REDIS_URL": "redis://cache"}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | own | environment, capture_output=True, text=True
    )
