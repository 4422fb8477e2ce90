"""Repeated blocks in product code, found by jscpd (.jscpd.json): `python -m tests.repeats` fails above the bar.

`tests/repeats.json` holds the numbers of the day when the check began, and the bar: how many blocks there may be, and
how many lines the longest may have.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "node_modules" / ".bin"
Block = dict[str, Any]


def bar() -> dict[str, int]:
    return json.loads((ROOT / "tests" / "repeats.json").read_text())["bar"]  # type: ignore[no-any-return]


def blocks() -> list[Block]:
    """Return the blocks that stand twice, the longest first."""
    program = shutil.which("jscpd", path=os.pathsep.join([str(TOOLS), os.environ["PATH"]]))
    assert program is not None, "jscpd is not installed: `make packages` installs it."
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--config", ".jscpd.json", "--absolute", "--output", folder]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        report = json.loads((Path(folder) / "jscpd-report.json").read_text())
    assert report["statistics"]["total"]["sources"] > 300, "jscpd looked at next to nothing: is .jscpd.json right?"
    return sorted(report["duplicates"], key=lambda block: -block["lines"])


def described(block: Block) -> str:
    places = (block["firstFile"], block["secondFile"])
    one, other = (f"{Path(each['name']).relative_to(ROOT)}:{each['start']}" for each in places)
    return f"{block['lines']} lines: {one} and {other}"


def faults(found: Sequence[Block], *, blocks: int, lines: int) -> Iterator[str]:
    """Say what is above the bar."""
    if len(found) > blocks:
        yield f"{len(found)} blocks of product code stand twice, at most {blocks} may: say each once."
    longest = max((block["lines"] for block in found), default=0)
    if longest > lines:
        yield f"The longest block that stands twice has {longest} lines, at most {lines} are allowed."


def main() -> str | int:
    found = blocks()
    wrong = list(faults(found, **bar()))
    return "\n".join([*wrong, *map(described, found)]) if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
