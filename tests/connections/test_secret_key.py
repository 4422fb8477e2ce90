"""A SECRET_KEY that can be guessed is refused before anything is served; former ones still count where they shall."""

from pathlib import Path
from typing import Any

import pytest

from intraday import checks
from tests.connections.commands import STRONG, run

SERVE_OR_WORK = [
    "manage.py serve --port 0",
    "-m celery -A intraday.celery worker",
    "-m celery -A intraday.celery beat",
]


@pytest.mark.parametrize("command", SERVE_OR_WORK)
def test_nothing_serves_or_works_with_a_weak_key(command: str, tmp_path: Path):
    done = run(*command.split(), var=tmp_path, SECRET_KEY="changeme", REDIS_URL="redis://localhost:1")
    assert done.returncode == 1
    assert "(intraday.E007) SECRET_KEY is weak: it needs 50 random characters, so that nobody" in done.stderr
    assert "openssl rand -base64 48" in done.stderr
    assert "changeme" not in done.stderr + done.stdout


def test_nothing_works_without_a_key(tmp_path: Path):
    done = run(*SERVE_OR_WORK[1].split(), var=tmp_path, SECRET_KEY="", REDIS_URL="redis://localhost:1")
    assert done.returncode == 1
    assert "(intraday.E002) SECRET_KEY is missing." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("", []),  # intraday.E002 says so
        ("changeme", ["intraday.E007"]),
        ("x" * 80, ["intraday.E007"]),
        ("0123456789" * 5, []),
        ("0123456789" * 4 + "abcdefghi", ["intraday.E007"]),
        ("django-insecure-" + "k2#s8f0q1z" * 6, ["intraday.E007"]),
        (STRONG, []),
    ],
)
def test_which_keys_are_weak(settings: Any, key: str, found: list[str]):
    settings.SECRET_KEY = key
    assert [error.id for error in checks.secret_key_is_strong(None)] == found


FALLBACKS = "import intraday.settings as s; print(s.SECRET_KEY_FALLBACKS)"


def test_former_keys_come_from_the_environment(tmp_path: Path):
    assert run("-c", FALLBACKS, var=tmp_path).stdout.strip() == "[]"
    assert run("-c", FALLBACKS, var=tmp_path, SECRET_KEY_FALLBACKS="one, two,").stdout.strip() == "['one', 'two']"


OWN_KEY = "import intraday.settings as s; print(s.SECRET_KEY)"


def test_an_embedded_installation_makes_a_strong_key_of_its_own_and_keeps_it(settings: Any, tmp_path: Path):
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": ""}
    first, second = (run("-c", OWN_KEY, var=tmp_path, **alone).stdout.strip() for _ in range(2))
    assert first == second
    settings.SECRET_KEY = first
    assert checks.secret_key_is_strong(None) == []
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
