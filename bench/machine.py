"""The machine: which core does what, CPU time of a process, what the last run was made on."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("django", "channels", "channels-redis", "daphne", "uvicorn", "uvloop", "msgspec", "psycopg")
PEERS = Path(__file__).parent / "peers"


class MissingError(Exception):
    """Something a bench needs is not on this machine; the message says what and where to get it."""


@cache
def cores() -> tuple[int, int]:
    """(the server's core, everyone else's), as they were when the bench began."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise MissingError("two CPU cores: the server is measured on one, the load client runs on the other")
    return allowed[0], allowed[1]


def pinned(core: int | None) -> Callable[[], None] | None:
    """Return what a child does before it starts; None: it goes where its parent may go."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


@contextmanager
def on_both_cores() -> Iterator[None]:
    """Leave it to the system where this process, and what it starts, runs."""
    os.sched_setaffinity(0, set(cores()))
    try:
        yield
    finally:
        os.sched_setaffinity(0, {cores()[1]})


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads; every contender is one process."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    return _status_kb(pid, "VmRSS") * 1024


def peak_bytes(pid: int) -> int:
    """The most that was resident since `reset_peak`."""
    return _status_kb(pid, "VmHWM") * 1024


def reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_kb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def need(program: str, hint: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise MissingError(f"{program} ({hint})")
    return found


def describe() -> str:
    """Two lines for the reader of the table: machine, versions, date."""
    os_name = f"{platform.system()} {platform.machine().replace('_', '-')}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} shared cores, {os_name}, {_cpu_model()}; {datetime.now(UTC):%Y-%m-%d}.  \n"
        f"Python {platform.python_version()}, {packages}; {_node_versions()}."
    )


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "CPU unknown")


def _node_versions() -> str:
    node = shutil.which("node")
    if node is None:
        return "no Node"
    number = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    installed = [PEERS / "node_modules" / name / "package.json" for name in ("socket.io", "@socket.io/redis-adapter")]
    peers = [json.loads(path.read_text()) for path in installed if path.exists()]
    return ", ".join([f"Node {number.removeprefix('v')}", *(f"{peer['name']} {peer['version']}" for peer in peers)])
