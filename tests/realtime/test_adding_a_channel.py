"""docs/adding-a-channel.md, step by step in a copy of the tree: at its end the new channel is heard over a socket."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.documents import ROOT
from tests.services import free_port, wait_until

PAGE = (ROOT / "docs/adding-a-channel.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = Path(sys.executable).parent
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}


@dataclass
class Copy:
    """A copy of the files that git knows, and what the page does to it."""

    folder: Path

    def take(self, language: str, text: str) -> None:
        if language == "bash":
            self.run(text)
        elif language == "python":
            self._create(*text.removeprefix("# ").split("\n", 1))
        else:
            self._change(*text.removeprefix("--- ").split("\n", 1))

    def _create(self, path: str, text: str) -> None:
        file = self.folder / path
        assert not file.exists(), f"{path} is there already"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.lstrip("\n"))

    def _change(self, path: str, text: str) -> None:
        lines = text.splitlines()
        before = "\n".join(line[1:] for line in lines if line[0] in " -")
        after = "\n".join(line[1:] for line in lines if line[0] in " +")
        file = self.folder / path
        content = file.read_text()
        assert content.count(before) == 1, f"{path} has {content.count(before)} times:\n{before}"
        file.write_text(content.replace(before, after))

    def run(self, command: str) -> None:
        path = f"{PROGRAMS}{os.pathsep}{ENVIRONMENT['PATH']}"
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env={**ENVIRONMENT, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "bench/", "docs/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return Copy(tmp_path)


@contextmanager
def running(copy: Copy) -> Iterator[int]:
    """Run the server of the copy, on an embedded database of its own."""
    port = free_port()
    command = [sys.executable, "manage.py", "up", "--host", "127.0.0.1", "--port", str(port), "--no-simulate"]
    with (copy.folder / "server.log").open("w") as output:
        process = subprocess.Popen(command, cwd=copy.folder, env=ENVIRONMENT, stdout=output, stderr=output)
        try:
            assert wait_until(lambda: is_ready(port), seconds=120), (copy.folder / "server.log").read_text()[-3_000:]
            yield port
        finally:
            process.terminate()
            process.wait(30)


def is_ready(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).status == 200
    except OSError:
        return False


def post(port: int, body: dict[str, object]) -> dict[str, object]:
    address = f"http://127.0.0.1:{port}/api/intraday/callbacks/ingest"
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def test_the_steps_of_the_page_end_with_a_channel_that_is_heard(copy: Copy):
    blocks = FENCE.findall(PAGE)
    assert len(blocks) > 20
    for language, text in blocks:
        copy.take(language, text)
    schema = (copy.folder / "clients/typescript/protocol.schema.json").read_text()
    assert '"callbacks:update"' in schema  # the event, and below the name of the channel
    assert '"callbacks"' in schema
    with running(copy) as port, connect(f"ws://127.0.0.1:{port}/ws", open_timeout=20) as socket:

        def tell(event: str, **data: object) -> None:
            socket.send(json.dumps({"event": event, "data": data}))

        def heard(event: str) -> dict[str, object]:
            while True:
                message = json.loads(socket.recv(timeout=20))
                assert message["event"] != "error", message
                if message["event"] == event:
                    return message["data"]

        tell("authenticate", user_id="user_123", organization_id="org_123")
        tell("subscribe", channels=["callbacks"], organization_id="org_123")
        heard("subscribed")
        counted = {"queue_name": "support", "snapshot_time": datetime.now(UTC).isoformat(), "open_callbacks": 7}
        assert post(port, counted)["result"] == "created"
        told = heard("callbacks:update")
        assert (told["queue_name"], told["open_callbacks"]) == ("support", 7)
        assert post(port, counted) == {"result": "duplicate", "event": None}


def test_each_file_that_the_page_names_is_changed_or_made_by_it():
    """The list of what a channel touches: settings, addresses, the migration, contracts, types, and its own files."""
    changed = {text.split("\n")[0].split(" ")[1] for language, text in FENCE.findall(PAGE) if language != "bash"}
    assert changed >= {
        "realtime/protocol/rooms.py",
        "realtime/eventlog/store.py",
        "intraday/settings.py",
        "intraday/urls.py",
        "intraday/channels.py",
        "intraday/retention/registry.py",
        "pyproject.toml",
        "callbacks/models.py",
        "callbacks/views.py",
    }
    commands = [text for language, text in FENCE.findall(PAGE) if language == "bash"]
    assert any("makemigrations" in each for each in commands)
    assert any("lint-imports" in each for each in commands)
