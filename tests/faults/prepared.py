"""The environment of a production process on a database that was made ready."""

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.live import ROOT


def prepared(url: str, settings: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Make the tables and org_123; return the text of its key, and the environment of processes on this database."""
    environment = {
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "intraday.settings",
        "INTRADAY_LOG_LEVEL": "CRITICAL",  # what they print is read at the end: a pipe holds 64 KB
        **settings,
    }
    prepare = [sys.executable, "-m", "tests.faults.prepare"]
    done = subprocess.run(
        prepare, cwd=ROOT, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout, environment
