"""Each line of a job names it, its organization, and the request that started it."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery import Task
from celery.contrib.testing.worker import start_worker
from structlog.contextvars import bound_contextvars, get_contextvars

from intraday.celery import app
from tests.logs.conftest import Lines

log = structlog.get_logger(__name__)
SECONDS = 20


@pytest.fixture
def jobs() -> Iterator[dict[str, Task]]:
    def of_one(organization_id: str) -> None:
        log.info("job_seen", bound=dict(get_contextvars()))

    def of_all() -> None:
        log.info("job_seen", bound=dict(get_contextvars()))

    def broken(organization_id: str) -> None:
        raise ZeroDivisionError("a fault of ours")

    made = {each.__name__: app.task(name=f"tests.{each.__name__}")(each) for each in (of_one, of_all, broken)}
    yield made
    for task in made.values():
        app.tasks.pop(task.name)


@pytest.fixture
def worker(transactional_db: None, jobs: dict[str, Task], settings: Any) -> Iterator[None]:
    """A worker with two threads, on a queue of its own: the broker is shared by all tests."""
    with start_worker(
        app, pool="threads", concurrency=2, perform_ping_check=False, loglevel="INFO", queues=["tests.logs"]
    ):
        yield


def send(task: Task, *args: Any) -> None:
    task.apply_async(args, queue="tests.logs")


def test_a_job_carries_the_id_of_the_request_that_started_it(
    jobs: dict[str, Task], worker: None, lines: Lines, wait: Any
):
    with bound_contextvars(request_id="r-1"):
        send(jobs["of_one"], "org_123")
    wait(lambda: lines.of("job_seen"))
    [line] = lines.of("job_seen")
    assert line.pop("task_id")
    assert (line["task"], line["organization_id"], line["request_id"]) == ("tests.of_one", "org_123", "r-1")


def test_the_next_job_of_a_thread_knows_nothing_of_the_one_before(
    jobs: dict[str, Task], worker: None, lines: Lines, wait: Any
):
    for number in range(10):
        with bound_contextvars(request_id=f"r-{number}"):
            send(jobs["of_one"], f"org_{number}")
        send(jobs["of_all"])
    wait(lambda: len(lines.of("job_seen")) == 20)
    told = [line["bound"] for line in lines.of("job_seen")]
    assert sorted(each["request_id"][2:] + each["organization_id"][4:] for each in told if len(each) == 4) == [
        f"{number}{number}" for number in range(10)
    ]
    assert [set(each) for each in told if len(each) != 4] == [{"task", "task_id"}] * 10


def test_a_job_that_breaks_is_one_line_with_its_traceback(jobs: dict[str, Task], worker: None, lines: Lines, wait: Any):
    with bound_contextvars(request_id="r-1"):
        send(jobs["broken"], "org_123")
    wait(lambda: [line for line in lines.all() if line["level"] == "error"])
    [line] = [line for line in lines.all() if line["level"] == "error"]
    assert (line["task"], line["organization_id"], line["request_id"]) == ("tests.broken", "org_123", "r-1")
    assert "ZeroDivisionError: a fault of ours" in line["exception"]


def test_a_job_run_inside_a_request_leaves_its_lines_as_they_were(jobs: dict[str, Task], db: None, lines: Lines):
    with bound_contextvars(request_id="r-1", user="ada"):
        jobs["of_one"].apply(("org_123",))
        assert get_contextvars() == {"request_id": "r-1", "user": "ada"}
    assert lines.of("job_seen")[0]["bound"].keys() >= {"request_id", "user", "task", "organization_id"}


def test_a_job_called_wrongly_fails_for_that_reason(jobs: dict[str, Task], db: None, lines: Lines):
    result = jobs["of_one"].apply(("org_123", "too", "many"))
    assert isinstance(result.result, TypeError)
