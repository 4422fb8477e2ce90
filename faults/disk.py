"""The disk of the database is full, until somebody makes room."""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from faults.layout import Layout
from faults.scenario import Run, Scenario
from tests.services import Postgres, dies_with_parent

SIZE = 256  # MB
NOBODY = "nobody"
TOOLS = ("unshare", "nsenter", "setpriv", "mount")
BLOCK = bytes(1024 * 1024)


class SmallDiskPostgres(Postgres):
    """A PostgreSQL on a small file system, in a mount namespace that ends with the process that holds it."""

    _spawning = False
    _holder: subprocess.Popen[str]

    def _prepare(self, directory: Path) -> None:
        data = directory / "data"
        data.mkdir()
        owner = pwd.getpwnam(NOBODY)
        options = f"size={SIZE}m,mode=0700,uid={owner.pw_uid},gid={owner.pw_gid}"
        script = f"mount -t tmpfs -o {options} tmpfs {data} && echo ready && exec sleep infinity"
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_parent(self.stop_signal),  # noqa: PLW1509 - only a call of the kernel
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            raise RuntimeError("the small file system could not be mounted")
        super()._prepare(directory)

    def _identity(self) -> dict[str, Any]:
        return {} if self._spawning else super()._identity()

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Enter the namespace as root, then become nobody."""
        enter = ["nsenter", "--target", str(self._holder.pid), "--mount", f"--wd={self.directory}"]
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={pwd.getpwnam(NOBODY).pw_gid}", "--clear-groups"]
        self._spawning = True
        try:
            return super()._spawn([*enter, *become, *command])
        finally:
            self._spawning = False

    def stop(self) -> None:
        super().stop()
        self._holder.kill()
        self._holder.communicate()

    @property
    def filler(self) -> Path:
        """Seen from outside, through the process that holds the namespace."""
        return Path(f"/proc/{self._holder.pid}/root{self.directory}/data/filler")

    def fill(self) -> None:
        with suppress(OSError), self.filler.open("wb", buffering=0) as file:
            while file.write(BLOCK):
                pass

    def make_room(self) -> None:
        """Make room as an operator does; a server that gave up is started again."""
        self.filler.unlink(missing_ok=True)
        if self._running.poll() is not None:
            self.restart()


class SmallDiskLayout(Layout):
    @classmethod
    def missing(cls) -> str:
        if os.geteuid() != 0:
            return "a small file system needs root"
        if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
            return f"{', '.join(absent)} not found"
        try_it = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        done = subprocess.run(try_it, capture_output=True, text=True, check=False)
        return f"mounting is not permitted ({done.stderr.strip()})" if done.returncode else ""

    def make_postgres(self) -> Postgres:
        return SmallDiskPostgres({"min_wal_size": "32MB", "max_wal_size": "64MB"})


async def fill_disk(run: Run) -> None:
    postgres = run.layout.postgres
    assert isinstance(postgres, SmallDiskPostgres)
    await run.apart(postgres.fill)
    try:
        await run.last()
    finally:
        await run.apart(postgres.make_room)


SCENARIOS = [Scenario("disk full", fill_disk, SmallDiskLayout)]
