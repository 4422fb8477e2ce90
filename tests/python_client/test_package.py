"""The Python package as strangers get it: generated types, the wheel on the server, the page that explains it."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from intraday.org.models import Scope
from scripts import python_client, python_reference
from tests.documents import ROOT
from tests.live import LiveServer

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WHEEL = f"intraday_client-{VERSION}-py3-none-any.whl"
README = (ROOT / "clients/python/README.md").read_text()
BUILT_BY = {"WHEEL", "RECORD"}
"""Files that name the program that built them."""


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if Path(name).name not in BUILT_BY}


def python(*words: str, path: Path, **environment: str) -> str:
    """The output of a Python that finds the package in this folder alone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "INTRADAY"))}
    command = [sys.executable, *words]
    done = subprocess.run(
        command,
        env=clean | {"PYTHONPATH": str(path)} | environment,
        cwd=path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def install(what: str, target: Path) -> None:
    """Without the index: what the package depends on is there already."""
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, what], check=True, capture_output=True)


def test_the_types_are_those_of_the_schemas():
    stale = [path.name for path, text in python_client.modules().items() if path.read_text() != text]
    assert stale == [], "`make types` writes them anew"


def test_the_reference_explains_every_public_name_as_the_sources_do():
    exported, explained = python_reference.public_names()
    assert exported == explained, "scripts/python_reference.py groups the names"
    assert python_reference.PAGE.read_text() == python_reference.page(), "`make types` writes it anew"


def test_the_wheel_that_is_served_holds_the_sources_as_they_are(tmp_path: Path):
    served = finders.find(f"intraday/client/{WHEEL}")
    assert served is not None, "`make bundle` builds it"
    assert content(Path(served)) == content(python_client.build(tmp_path)), "`make bundle` builds it anew"


def test_it_is_installed_from_its_folder_with_the_version_of_the_product(tmp_path: Path):
    install(str(ROOT / "clients/python"), tmp_path)
    assert python("-c", "import intraday_client as it; print(it.__version__)", path=tmp_path).strip() == VERSION


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")  # static files, in the server's thread
def test_it_is_installed_from_the_server_and_does_what_its_page_says(
    server: LiveServer, key: str, support: Scope, tmp_path: Path
):
    [address] = re.findall(r"pip install (http://\S+\.whl)", README)
    assert finders.find(address.partition("/static/")[2]), "the page names a wheel that is served"
    install(address.replace("http://localhost:5000", server.http), tmp_path)
    posting, listening = (
        block.replace("http://localhost:5000", server.http).replace('key=""', f'key="{key}"')
        for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    )
    assert python("-c", posting, path=tmp_path) == "['created'] []\n"
    compute = (
        "from intraday_client import Client\n"
        f"client = Client({server.http!r}, {key!r})\n"
        "client.post('/api/intraday/kpi/compute', {'organization_id': 'org_123', 'queue_name': 'support'})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-u", "-c", listening], stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as process:
        try:
            assert process.stdout is not None
            os.set_blocking(process.stdout.fileno(), False)
            for _ in range(100):
                python("-c", compute, path=tmp_path)
                if line := process.stdout.readline():
                    break
            assert line.startswith(b"support ")
        finally:
            process.terminate()


@pytest.mark.parametrize("command", re.findall(r"^python -m intraday_client (.*)", README, flags=re.MULTILINE))
def test_the_commands_of_the_page_are_understood(command: str):
    from intraday_client.__main__ import _parser

    assert _parser().parse_args(command.split()).url


def test_each_kind_of_rows_has_its_type_from_the_api():
    from intraday_client import kinds

    of_kinds = {each.path for each in vars(kinds).values() if isinstance(each, kinds.Kind)}
    assert of_kinds == set(python_client.PATHS.values())
