"""Child processes, mostly on a given core, with a log file each; none outlives the bench."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.machine import pinned

BUILD = Path(__file__).parent / "build"
ROOT = Path(__file__).parent.parent


@contextmanager
def running(argv: list[str], *, core: int | None, name: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Lines in by `stdin`, lines out by `stdout`; errors go to build/<name>.log."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{name}.log").open("w") as log:
        child = subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            bufsize=1,
            start_new_session=True,
            preexec_fn=pinned(core),  # noqa: PLW1509 - the bench has no threads
        )
    try:
        yield child
    finally:
        stop(child)


def stop(child: subprocess.Popen[str]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(timeout=5)
            break
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    child.communicate()


def log_tail(name: str) -> str:
    return "\n".join((BUILD / f"{name}.log").read_text().splitlines()[-15:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for_port(port: int, child: subprocess.Popen[str], *, name: str, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if child.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{name} does not listen on port {port}:\n{log_tail(name)}")
