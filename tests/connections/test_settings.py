"""URLs and timeouts of a process, and the errors about wrong ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from intraday.checks import redis_is_verified
from tests.connections.commands import run

DUMP = """
import json, intraday.settings as s
print(json.dumps({name: getattr(s, name, None) for name in dir(s) if name.isupper()}, default=repr))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    own = {"INTRADAY_ROLE": "worker", "DATABASE_LOCK_TIMEOUT": "7", "DATABASE_POOL": "1"}
    done = run("-c", DUMP, var=tmp_path_factory.mktemp("var"), INTRADAY_BROKER_TIMEOUT="4", **own)
    assert done.returncode == 0, done.stderr
    names: dict[str, Any] = json.loads(done.stdout)
    return names


def test_both_aliases_get_the_parameters_of_the_url_and_the_timeouts_of_the_role(loaded: dict[str, Any]):
    for alias in ("default", "snapshot"):
        options = loaded["DATABASES"][alias]["OPTIONS"]
        assert (options["sslmode"], options["target_session_attrs"]) == ("require", "read-write")
        assert options["options"] == (
            "-c statement_timeout=120000 -c lock_timeout=7000 -c idle_in_transaction_session_timeout=120000"
            " -c search_path=x"
        )
        assert options["pool"]["min_size"] <= options["pool"]["max_size"]


def test_every_wait_for_the_broker_is_bounded(loaded: dict[str, Any]):
    options = loaded["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert (options["socket_timeout"], options["health_check_interval"]) == (4, 8)
    assert options["max_retries"] == loaded["CELERY_TASK_PUBLISH_RETRY_POLICY"]["max_retries"] == 1
    assert loaded["CELERY_TASK_SOFT_TIME_LIMIT"] < loaded["CELERY_TASK_TIME_LIMIT"]


WRONG = {
    "DATABASE_URL": ("postgresql://ann:secret@db/i?sslmod=require", 'invalid URI query parameter: "sslmod"'),
    "INTRADAY_ROLE": ("secretary", "must be one of web, realtime, worker"),
    "REDIS_URL": ("rediss+cluster://:secret@a,b", "Redis Cluster is not supported"),
}


@pytest.mark.parametrize("command", ["manage.py check", "-m celery -A intraday.celery worker"])
def test_wrong_urls_are_said_by_the_checks_and_by_celery_before_anything_connects(command: str, tmp_path: Path):
    done = run(*command.split(), var=tmp_path, **{name: url for name, (url, _) in WRONG.items()})
    assert done.returncode == 1
    for name, (_, reason) in WRONG.items():
        assert name in done.stderr
        assert reason in done.stderr
    assert ":secret" not in done.stderr + done.stdout


def test_certificates_that_are_not_verified_are_a_warning(settings: Any):
    assert redis_is_verified(None) == []
    settings.REDIS_VERIFIED = False
    assert [warning.id for warning in redis_is_verified(None)] == ["intraday.W002"]
