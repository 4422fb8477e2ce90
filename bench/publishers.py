"""Drive the publisher of any contender: a JSON line in each direction."""

import subprocess
from typing import Any

import msgspec

from bench.pace import Command


def tell(publisher: subprocess.Popen[str], command: Command) -> None:
    assert publisher.stdin
    publisher.stdin.write(msgspec.json.encode(command).decode() + "\n")
    publisher.stdin.flush()


def answer(publisher: subprocess.Popen[str]) -> dict[str, Any]:
    assert publisher.stdout
    line = publisher.stdout.readline()
    if not line:
        raise RuntimeError("a publisher gave up; its log lies in bench/build")
    said: dict[str, Any] = msgspec.json.decode(line)
    return said


def ask(publisher: subprocess.Popen[str], command: Command) -> dict[str, Any]:
    tell(publisher, command)
    return answer(publisher)
