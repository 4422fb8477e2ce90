"""Every block of code in a page is parsed here, and run by a test or listed with the reason why not."""

import ast
import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.documents import ROOT, commands

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "clients").glob("*/README.md")),
    *sorted((ROOT / "clients/typescript/examples").glob("*/README.md")),
]
SHOWN = {"text", "http", "json", "toml", "yaml", "ini", "mermaid"}
"""Languages of what is read and not run."""
TYPED, PATHS = "tests/commands/test_documented_commands.py", "tests/commands/test_paths.py"
COMPILED = "clients/typescript/tests/snippets.test.ts"
RUN = {
    ("README.md", "bash"): TYPED,
    ("docs/operations.md", "bash"): TYPED,
    ("docs/streams.md", "bash"): PATHS,
    ("docs/tutorial.md", "bash"): PATHS,
    ("docs/paths/asterisk.md", "bash"): PATHS,
    ("docs/paths/front-end.md", "bash"): PATHS,
    ("docs/paths/grafana.md", "bash"): PATHS,
    ("docs/paths/slack.md", "bash"): PATHS,
    ("docs/paths/ticket-export.md", "bash"): PATHS,
    ("docs/adding-a-channel.md", "bash"): "tests/realtime/test_adding_a_channel.py",
    ("docs/adding-a-channel.md", "diff"): "tests/realtime/test_adding_a_channel.py",
    ("docs/adding-a-channel.md", "python"): "tests/realtime/test_adding_a_channel.py",
    ("docs/alerting.md", "javascript"): "tests/notifications/test_standard_webhooks.py",
    ("docs/alerting.md", "python"): "tests/notifications/test_standard_webhooks.py",
    ("docs/frontend.md", "html"): "tests/browser/test_package.py",
    ("docs/frontend.md", "ts"): COMPILED,
    ("docs/frontend.md", "tsx"): COMPILED,
    ("docs/streams.md", "js"): "tests/browser/test_streams.py",
    ("clients/python/README.md", "bash"): "tests/python_client/test_package.py",
    ("clients/python/README.md", "python"): "tests/python_client/test_package.py",
    ("clients/typescript/README.md", "tsx"): COMPILED,
}
"""The test that runs, applies or compiles the blocks of a page in a language. It names the page."""
CUSTOMERS = "the customer's own text beside ours: clients/typescript/tests/snippets.test.ts compiles it from its source"
NOT_RUN = {
    ("CONTRIBUTING.md", "bash"): "they run the whole suite; tests/test_docs.py looks them up in the Makefile",
    ("docs/connectors/asterisk.md", "bash"): f"{PATHS} types the same commands",
    ("docs/connectors/folder.md", "bash"): f"{PATHS} types the same commands",
    ("docs/frontend.md", "bash"): f"{PATHS} types the same commands",
    ("clients/typescript/README.md", "bash"): f"{PATHS} types the same commands",
    ("clients/typescript/examples/portal/README.md", "bash"): "tests/browser/test_portal.py does what they say",
    (
        "docs/operations.md",
        "python",
    ): "needs a service of others; tests/commands/test_own_settings.py has one of its own",
    ("docs/python-client.md", "python"): "signatures without bodies, made from the sources",
    ("docs/typescript-client.md", "typescript"): "signatures without bodies, made from the sources",
    ("docs/replay.md", "bash"): "tests/replay runs these commands on samples of its own; here they are understood",
    ("docs/your-names.md", "bash"): CUSTOMERS,
    ("docs/your-names.md", "json"): CUSTOMERS,
    ("docs/your-names.md", "python"): "one line each of modules that are run everywhere",
    ("docs/your-names.md", "tsx"): CUSTOMERS,
    ("docs/your-names.md", "typescript"): CUSTOMERS,
}
"""Every exception, with its reason."""


def _json(text: str) -> None:
    """One value, one on each line, or members of an object."""
    try:
        json.loads(text)
    except ValueError:
        if text.startswith('"'):
            json.loads(f"{{{text}}}")
        else:
            [json.loads(line) for line in text.splitlines()]


def _bash(text: str) -> None:
    assert list(commands(text))


def _ini(text: str) -> None:
    configparser.ConfigParser(strict=True).read_string(text)


def _javascript(text: str) -> None:
    if shutil.which("node"):
        command = ["node", "--input-type=module", "--check", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


PARSERS: dict[str, Callable[[str], Any]] = {
    "python": ast.parse,
    "json": _json,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
    "ini": _ini,
    "bash": _bash,
    "javascript": _javascript,
    "js": _javascript,
}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


BLOCKS = [(name_of(page), language, text) for page in PAGES for language, text in FENCE.findall(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_a_page_is_parsed(page: Path):
    text = page.read_text()
    assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(FENCE.findall(text)), "a block that is not closed"
    for language, block in FENCE.findall(text):
        if language in PARSERS and NOT_RUN.get((name_of(page), language)) != CUSTOMERS:
            PARSERS[language](block)


def test_every_block_that_can_be_run_is_run_or_has_a_reason():
    found = {(page, language) for page, language, _ in BLOCKS}
    known = RUN.keys() | NOT_RUN.keys()
    assert {each for each in found - known if each[1] not in SHOWN} == set()
    assert known - found == RUN.keys() & NOT_RUN.keys() == set()


@pytest.mark.parametrize(("page", "test"), sorted({(page, test) for (page, _), test in RUN.items()}))
def test_the_test_of_a_page_names_it(page: str, test: str):
    text = (ROOT / test).read_text()
    assert Path(page).name in text or "README" in text


def managed() -> Iterator[str]:
    """Yield the commands of manage.py in all pages, as they are typed."""
    for _, language, text in BLOCKS:
        for command in commands(text) if language == "bash" else ():
            yield from re.findall(r"manage\.py ([a-z_]+[^|;&>)]*)", command.replace("\\\n", ""))


@pytest.mark.parametrize("typed", sorted(set(managed())))
def test_every_command_of_manage_py_in_a_page_is_understood(typed: str):
    name, *words = shlex.split(typed, comments=True)
    command = load_command_class(app, name) if isinstance(app := get_commands()[name], str) else app
    assert isinstance(command, BaseCommand)
    command.create_parser("manage.py", name).parse_args(words)
