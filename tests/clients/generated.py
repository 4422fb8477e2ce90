"""Generators of clients take the OpenAPI document, and the clients that they make compile and run.

The generators are installed by `make clients`, which runs this; their versions are pinned in this folder.
"""

import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

from intraday.org.models import Organization
from tests.conftest import key_of
from tests.live import LiveServer

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
PYTHON = HERE / ".venv/bin"


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=HERE, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


def npx(*command: str | Path) -> str:
    return run(HERE / "node_modules/.bin" / str(command[0]), *command[1:])


@pytest.fixture(scope="session")
def document() -> Path:
    BUILD.mkdir(exist_ok=True)
    path = BUILD / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(path))
    return path


@pytest.fixture
def key(server: LiveServer, organization: Organization) -> str:
    return key_of(organization)


def test_the_document_breaks_no_rule_of_the_linter(document: Path):
    said = npx("spectral", "lint", document, "--ruleset", HERE / "spectral.yaml", "--fail-severity", "warn")
    assert "No results with a severity of 'warn' or higher found!" in said


def test_clients_for_typescript_compile_and_run(document: Path, server: LiveServer, key: str):
    npx("openapi-typescript", document, "-o", BUILD / "schema.d.ts")
    npx("orval", "--config", HERE / "orval.config.cjs")
    npx("tsc", "-p", HERE)
    assert run("node", BUILD / "js/program.js", server.http, key).split() == ["created", "1", "42"]


def test_a_client_for_python_compiles_and_runs(document: Path, server: LiveServer, key: str):
    package = BUILD / "python"
    options = ("--path", document, "--output-path", package, "--overwrite", "--config", HERE / "python-client.yaml")
    said = run(PYTHON / "openapi-python-client", "generate", *options)
    assert "WARNING" not in said, said
    run(PYTHON / "python", "-m", "compileall", "-q", package)
    code = f"import sys; sys.path.insert(0, {str(package)!r}); sys.argv = sys.argv[1:]; exec(open(sys.argv[0]).read())"
    answer = run(PYTHON / "python", "-c", code, HERE / "program.py", server.http, key)
    assert answer.split() == ["created", "1", "43"]
