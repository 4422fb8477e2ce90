"""An operator's own settings module, on top of ours, starts every kind of process: so tracing is switched on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live import ROOT, ProcessServer, test_database
from tests.services import dies_with_parent, wait_until

SETTINGS = """
from intraday.settings import *
import ops.reporting
INSTALLED_APPS = [*INSTALLED_APPS, "ops"]
MIDDLEWARE = ["ops.reporting.traced", *MIDDLEWARE]
"""
REPORTING = """
import os, sys
from pathlib import Path

def note(what):
    with Path(os.environ["OPS_NOTES"]).open("a") as notes:
        print(os.environ["OPS_ROLE"], what, file=notes)

note("started")

def traced(get_response):
    def handle(request):
        note("request")
        return get_response(request)
    return handle
"""


@pytest.fixture
def ops(tmp_path: Path, transactional_db: None) -> Path:
    (tmp_path / "ops").mkdir()
    for name, text in {"__init__": "", "settings": SETTINGS, "reporting": REPORTING}.items():
        (tmp_path / "ops" / f"{name}.py").write_text(text)
    return tmp_path


def environment(ops: Path, role: str) -> dict[str, str]:
    path = os.pathsep.join([str(ops), str(ROOT)])
    own = {"DJANGO_SETTINGS_MODULE": "ops.settings", "PYTHONPATH": path, "OPS_ROLE": role}
    return test_database() | own | {"OPS_NOTES": str(ops / "notes"), "INTRADAY_VAR": str(ops / "var")}


def notes(ops: Path) -> list[str]:
    path = ops / "notes"
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def celery(ops: Path, role: str, *options: str) -> Iterator[Path]:
    command = [sys.executable, "-m", "celery", "-A", "intraday.celery", role, *options]
    log = ops / f"{role}.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment(ops, role),
            stdout=out,
            stderr=out,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        ) as process,
    ):
        try:
            yield log
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test_serve_starts_with_it(ops: Path):
    with ProcessServer("manage.py", "serve", "--port", "{port}", environment=environment(ops, "serve")):
        assert notes(ops)[0] == "serve started"
        assert wait_until(lambda: "serve request" in notes(ops))


@pytest.mark.parametrize(
    ("role", "options"),
    [
        ("worker", ["--pool", "solo", "--without-gossip", "--without-mingle"]),
        ("beat", ["--schedule", "{ops}/schedule"]),
    ],
)
def test_workers_and_beat_start_with_it(ops: Path, role: str, options: list[str]):
    with celery(ops, role, *(option.format(ops=ops) for option in options)) as log:
        assert wait_until(lambda: f"{role} started" in notes(ops)), log.read_text()
