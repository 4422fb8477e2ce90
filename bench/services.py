"""PostgreSQL and Valkey for one run, and our own application seeded on them."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from bench.machine import MissingError
from bench.processes import ROOT
from tests.services import Postgres, Valkey

# One organization gets all the load; the row about neighbours (bench.starving) goes by the defaults.
NO_LIMITS = {
    f"INTRADAY_LIMIT_{name}": "1000000000"
    for name in ("ROWS_PER_MINUTE", "BYTES_PER_MINUTE", "CONNECTIONS", "CONNECTIONS_PER_CREDENTIAL")
}


@contextmanager
def valkey() -> Iterator[dict[str, str]]:
    with Valkey() as server:
        yield {"REDIS_URL": server.url}


@contextmanager
def postgres() -> Iterator[dict[str, str]]:
    with Postgres() as server:
        environment = {"SECRET_KEY": secrets.token_hex(32), "INTRADAY_LOG_LEVEL": "WARNING"}
        yield {"DATABASE_URL": server.url, **environment, **NO_LIMITS}


def another_database(env: dict[str, str], name: str, number: int) -> dict[str, str]:
    """Make a database beside the one of the other benches, with the limits of production; the broker's and the cache's
    is apart, too."""
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    base = env["DATABASE_URL"].rpartition("/")[0]
    own = {"DATABASE_URL": f"{base}/{name}", "INTRADAY_LAYER_PREFIX": name, "EMAIL_URL": "dummymail://"}
    limited = {variable: value for variable, value in env.items() if variable not in NO_LIMITS}
    return {**limited, **own, "REDIS_URL": f"{env['REDIS_URL'].rstrip('/').removesuffix('/0')}/{number}"}


def seed(env: dict[str, str]) -> str:
    """The API key of a fresh organization with 5000 queues."""
    try:
        return str(inside("bench.seed", env)["key"])
    except RuntimeError as error:
        print(error, file=sys.stderr)
        raise MissingError("our own application, which could not be set up") from error


def inside(module: str, env: dict[str, str], *arguments: str) -> Any:
    """Run a module that uses Django in a process of its own; return its last line, which is JSON."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])
