"""The load client (load.c): built here, run on its own core."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.machine import need
from bench.processes import BUILD, log_tail, running

SOURCE = Path(__file__).with_name("load.c")
BINARY = BUILD / "load"
PROGRESS = BUILD / "progress"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries to all connections together."""

    deliveries: int
    out_of_order: int
    duplicates: int
    missing: int
    closed: int
    p50_us: float
    p90_us: float
    p99_us: float
    max_us: float
    last_us_per_event: float  # median over events: from stamp to the last connection
    elapsed_s: float
    client_cpu_s: float
    bytes_per_event: float


def build() -> Path:
    compiler = need("cc", "a C compiler, for the load client")
    BUILD.mkdir(exist_ok=True)
    if not BINARY.exists() or BINARY.stat().st_mtime < SOURCE.stat().st_mtime:
        subprocess.run([compiler, "-O2", "-Wall", "-o", str(BINARY), str(SOURCE)], check=True)
    return BINARY


class Client:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load client gave up:\n{log_tail('load')}")
        return line

    def wait_ready(self) -> float:
        """Seconds until every connection had subscribed."""
        return float(json.loads(self._line())["seconds"])

    def heard(self) -> Heard:
        return msgspec.json.decode(self._line(), type=Heard)


@contextmanager
def client(
    *, port: int, path: str, steps: tuple[tuple[str, str], ...], conns: int, core: int | None, options: dict[str, float]
) -> Iterator[Client]:
    """`options`: count, seconds, deadline as load.c explains them."""
    PROGRESS.touch()
    with PROGRESS.open("r+b") as file:  # written over, not anew: other clients have it in their memory
        file.write(bytes(8))
    argv = [str(BINARY), "--port", str(port), "--path", path, "--conns", str(conns), "--progress", str(PROGRESS)]
    for name, value in options.items():
        argv += [f"--{name}", str(value)]
    for send, expect in steps:
        argv += ["--step", send, expect]
    with running(argv, core=core, name="load", env={}) as process:
        yield Client(process)
