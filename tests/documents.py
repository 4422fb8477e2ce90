"""The documents of the repository, section by section, and their commands."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def blocks(page: Path) -> list[list[str]]:
    """Return the commands of each block of bash in the page."""
    found = re.findall(r"^```bash\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [list(commands(block)) for block in found]


def commands(block: str) -> Iterator[str]:
    """Yield whole commands: a line, and those that bash needs to understand it."""
    lines: list[str] = []
    for line in block.splitlines():
        lines.append(line)
        command = "\n".join(lines)
        if not line.endswith("\\") and is_whole(command):
            yield command
            lines = []
    assert not lines, f"half a command: {lines}"


def is_whole(command: str) -> bool:
    """Tell whether bash understands it; of a document without its end it only warns."""
    checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False)
    return checked.returncode == 0 and not checked.stderr
