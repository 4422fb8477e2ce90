"""Bind the job to its log lines, and carry the id of the request that started it along with the message."""

import inspect
from typing import Any

from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun
from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars


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


def bind_jobs() -> None:
    """Connect to Celery's signals; harmless when repeated."""
    before_task_publish.connect(_carry_request_id, dispatch_uid="carry-request-id")
    task_prerun.connect(_bind, dispatch_uid="bind-job", weak=False)
    task_postrun.connect(_unbind, dispatch_uid="unbind-job", weak=False)
