"""A Chromium for the browser tests: the system's, or the one that an npm package brings (no root needed).

`python -m tests.browser.chromium` shows which, and that it starts.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "node_modules/@sparticuz/chromium/package.json"

# The sandbox refuses root; the rest keeps the browser from calling anyone but the page under test.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoChromiumError(Exception):
    """Nothing to run the browser tests with; the message says what to install."""


def executable() -> tuple[str, dict[str, str]]:
    """The program, and the environment to start it in. CHROMIUM names another one."""
    environment = {**os.environ}
    if installed := os.environ.get("CHROMIUM") or shutil.which("chromium"):
        return installed, environment
    folder = unpacked()
    # Its own libraries (NSS and others) and fonts, also where the system has some: one way to be tested.
    environment["LD_LIBRARY_PATH"] = os.pathsep.join(
        filter(None, [f"{folder}/lib", environment.get("LD_LIBRARY_PATH")])
    )
    environment["FONTCONFIG_FILE"] = f"{folder}/fonts.conf"
    return f"{folder}/chromium", environment


def unpacked() -> Path:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NoChromiumError("no Chromium for this kind of machine comes with npm: set CHROMIUM to one you have")
    if not (PACKAGE.exists() and shutil.which("node")):
        raise NoChromiumError("no Chromium: install Node.js (with npm) or Debian's chromium, then run make test")
    folder = HERE / ".cache" / f"chromium-{json.loads(PACKAGE.read_text())['version']}"
    if not folder.exists():
        subprocess.run(["node", "unpack.mjs", str(folder)], cwd=HERE, check=True)
    return folder


if __name__ == "__main__":
    try:
        program, environment = executable()
    except NoChromiumError as error:
        sys.exit(str(error))
    sys.exit(subprocess.run([program, "--version"], env=environment, check=False).returncode)
