"""Bind the job to its log lines, and carry the id of the request that started it along with the message."""

import inspect
from typing import Any

import structlog
from celery import Task
from celery.signals import (
    beat_init,
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_ready,
    worker_shutdown,
)
from celery.utils.dispatch import Signal
from django.conf import settings
from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

log = structlog.get_logger(__name__)


def _carry_request_id(headers: dict[str, Any], **_: Any) -> None:
    request_id = get_contextvars().get("request_id")
    if request_id is not None:
        headers["request_id"] = request_id


def _bind(task: Task, task_id: str, args: Any, kwargs: Any, **_: Any) -> None:
    found = {
        "task": task.name,
        "task_id": task_id,
        "request_id": getattr(task.request, "request_id", None),
        "organization_id": _arguments(task, args, kwargs).get("organization_id"),
    }
    task.request.log_tokens = bind_contextvars(**{name: value for name, value in found.items() if value is not None})


def _arguments(task: Task, args: Any, kwargs: Any) -> dict[str, Any]:
    try:
        return inspect.signature(task.run).bind_partial(*args, **kwargs).arguments
    except TypeError:  # called wrongly: the task itself fails, with this as its reason
        return {}


def _unbind(task: Task, **_: Any) -> None:
    reset_contextvars(**task.request.log_tokens)


def _log_worker(sender: Any, signal: Signal, **_: Any) -> None:
    """Celery's own words at start and end are no JSON; the embedded run greets by itself."""
    if not settings.EMBEDDED:
        log.info(
            "worker_started" if signal is worker_ready else "worker_stopped",
            worker=str(getattr(sender, "hostname", sender)),
        )


def _log_beat(**_: Any) -> None:
    if not settings.EMBEDDED:
        log.info("beat_started")


def _keep_logging(**_: Any) -> None:
    """Keep our logging: without a receiver of this signal Celery raises the level of everything to its own `-l`."""


def bind_jobs() -> None:
    """Connect to Celery's signals; harmless when repeated."""
    setup_logging.connect(_keep_logging, dispatch_uid="keep-logging", weak=False)
    for signal in (worker_ready, worker_shutdown):
        signal.connect(_log_worker, dispatch_uid="log-worker", weak=False)
    beat_init.connect(_log_beat, dispatch_uid="log-beat", weak=False)
    before_task_publish.connect(_carry_request_id, dispatch_uid="carry-request-id")
    task_prerun.connect(_bind, dispatch_uid="bind-job", weak=False)
    task_postrun.connect(_unbind, dispatch_uid="unbind-job", weak=False)
