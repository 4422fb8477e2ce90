"""The server and Vite side by side: `make dev`. A change of Python starts the server anew, one of the console is hot.

The console is at Vite's address, which passes to the server what is not its own. Ctrl-C ends both.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
WATCHED = [ROOT / name for name in ("alerts", "attendance", "backlog", "intraday", "kpi", "realtime")]
ENDINGS = {".py", ".html"}
PORT = int(os.environ.get("PORT", "5000"))
VITE_PORT = int(os.environ.get("VITE_PORT", str(PORT + 1)))
PAUSE = 0.5  # seconds between two looks at the files
PATIENCE = 10.0  # seconds until what does not end is killed
SERVER = [sys.executable, "manage.py", "up", "--port", str(PORT)]
VITE = ["node", "scripts/dev.mjs", str(VITE_PORT), f"http://localhost:{PORT}"]

Snapshot = dict[Path, float]


def say(text: str) -> None:
    sys.stderr.write(f"dev: {text}\n")


def snapshot() -> Snapshot:
    files = (path for folder in WATCHED for path in folder.rglob("*") if path.suffix in ENDINGS)
    return {path: path.stat().st_mtime for path in files if path.exists()}


def started(command: list[str]) -> "subprocess.Popen[bytes]":
    """Start a program in a group of its own: Ctrl-C reaches this one alone, which ends the others in order."""
    return subprocess.Popen(command, cwd=ROOT, process_group=0)


def end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def watch(server: "subprocess.Popen[bytes]", vite: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
    """Wait for a change or for Vite's end; return the server that runs since."""
    before = snapshot()
    while vite.poll() is None:
        time.sleep(PAUSE)
        after = snapshot()
        if after != before:
            changed = sorted(path for path, _ in after.items() ^ before.items())
            say(f"{changed[0].relative_to(ROOT)} changed: the server starts anew.")
            end(server)
            return started(SERVER)
    return server


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
    server, vite = started(SERVER), started(VITE)
    say(f"the console with hot reload is at http://localhost:{VITE_PORT}/ as soon as the server is up.")
    try:
        while vite.poll() is None:
            server = watch(server, vite)
    except KeyboardInterrupt:
        say("ending the server and Vite.")
    finally:
        end(vite)
        end(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
