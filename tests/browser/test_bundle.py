"""The size of the files that the browser loads."""

import gzip
import re
from pathlib import Path

from django.contrib.staticfiles import finders

BUDGET = 170_000  # bytes, compressed
ADDRESS = re.compile(r"""https?://[^"'`)\s]+""")
NAMES = {"http://www.w3.org", "https://react.dev/errors"}  # names of formats, and of where an error is explained


def served() -> list[bytes]:
    files = [Path(path) for path in finders.find("intraday/build", find_all=True)]
    return [path.read_bytes() for folder in files for path in folder.rglob("*") if path.suffix in (".js", ".css")]


def test_the_bundle_is_small() -> None:
    assert 0 < sum(len(gzip.compress(content)) for content in served()) < BUDGET


def test_it_loads_nothing_from_other_hosts() -> None:
    found = {address for content in served() for address in ADDRESS.findall(content.decode())}
    assert [address for address in found if not any(address.startswith(name) for name in NAMES)] == []
