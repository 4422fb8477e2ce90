"""The processes of the application, as production runs them: web and realtime, worker, beat."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx2 as httpx
import psutil

from bench.processes import ROOT
from tests.services import Service

Environment = Mapping[str, str]


class Program(Service):
    """A process of our own, from the code in `root`."""

    patience: ClassVar[float] = 90.0  # a busy machine takes half a minute for what takes seconds

    def __init__(self, environment: Environment, root: Path = ROOT, python: Path = Path(sys.executable)) -> None:
        super().__init__()
        self.environment, self.root, self.python = dict(environment), root, python

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _prepare(self, directory: Path) -> None:
        self.environment["INTRADAY_VAR"] = str(directory)

    def _surroundings(self) -> dict[str, Any]:
        return {"cwd": self.root, "env": os.environ | self.environment}

    def processes(self) -> list[psutil.Process]:
        """Return the process and its children."""
        return self.family()


class Serve(Program):
    name = "serve"

    def _command(self, _directory: Path) -> list[str]:
        return [str(self.python), "manage.py", "serve", "--port", str(self.port)]

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


class Worker(Program):
    """Started with as many processes as `docker/run worker` starts."""

    name = "worker"
    concurrency = 2

    def _command(self, _directory: Path) -> list[str]:
        celery = [str(self.python), "-m", "celery", "-A", "intraday.celery", "worker"]
        return [*celery, "--concurrency", str(self.concurrency), "--hostname", f"worker@{self.port}"]

    def _answers(self) -> bool:
        return len(self.family()) > self.concurrency


class Beat(Program):
    name = "beat"

    def _command(self, directory: Path) -> list[str]:
        celery = [str(self.python), "-m", "celery", "-A", "intraday.celery", "beat"]
        return [*celery, "--schedule", str(directory / "schedule"), "--pidfile", ""]

    def _answers(self) -> bool:
        assert self.directory is not None
        return any(self.directory.glob("schedule*"))
