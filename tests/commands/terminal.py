"""A terminal in which the commands of a page are typed one after the other, with nothing of this process around it."""

import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.documents import ROOT, blocks

SECONDS = 60
OF_A_CHECKOUT = (".venv", "manage.py", "docker", "clients")
OURS = ("PYTHON", "PIP_", "INTRADAY")
OFFLINE = {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""pip finds what the Python client depends on among the packages of the tests."""
DONE = "@@@ done "


def commands_of(page: str) -> list[str]:
    return [command for block in blocks(ROOT / "docs" / page) for command in block]


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        time.sleep(0.05)


class Terminal:
    """A bash in a fresh folder that looks like a copy of the project."""

    def __init__(self, folder: Path, addresses: dict[str, str], environment: dict[str, str]) -> None:
        self._addresses, self._folder = addresses, folder
        checkout = folder / "intraday"
        checkout.mkdir()
        for name in OF_A_CHECKOUT:
            (checkout / name).symlink_to(ROOT / name)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=checkout,
            env=clean | OFFLINE | path | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "errors").open("w"),
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._bash.pid, signal.SIGTERM)
        self._bash.communicate()

    def type(self, *commands: str) -> str:
        """Type commands and return what they printed; the first one that fails is the end."""
        return "".join(map(self._type, commands))

    def start(self, command: str) -> Callable[[], str]:
        """Type a command that runs until the terminal is closed; the result reads what it has printed so far."""
        printed = self._folder / f"printed-{len(list(self._folder.iterdir()))}"
        printed.touch()
        self._type(f"{command} > {printed} 2>&1 &")
        return printed.read_text

    def _type(self, command: str) -> str:
        for documented, here in self._addresses.items():
            command = command.replace(documented, here)
        command = command.replace("curl ", "curl -fsS ")
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f'{{ {command}\n}} < /dev/null; echo "{DONE}$?"\n')
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            text, done, status = line.partition(DONE)
            printed.append(text)
            if done:
                assert status == "0\n", f"{command}\n{''.join(printed)}\n{(self._folder / 'errors').read_text()}"
                return "".join(printed)
        raise AssertionError(f"the terminal has ended: {command}")
