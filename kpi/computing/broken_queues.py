"""Queues whose stored rows no run can take: they cost their own figures, not those of the organization."""

from collections.abc import Callable, Collection, Sequence

import structlog

from intraday.connections.database import UNREACHABLE
from intraday.org.models import Scope
from intraday.values.once import Once

log = structlog.get_logger(__name__)

_logged = Once()


MOST = 50
"""More broken queues are not the fault of their rows."""


def find(queues: Sequence[Scope], attempt: Callable[[Sequence[Scope]], object]) -> dict[Scope, Exception]:
    """Return the queues with which the attempt fails, and how; none where the fault is not in single queues.

    By halves: a broken queue among n costs about log n attempts.
    """
    broken: dict[Scope, Exception] = {}
    _find(queues, attempt, broken)
    whole = len(broken) > MOST or len(broken) == len(queues) > 1
    return {} if whole else broken


def _find(
    queues: Sequence[Scope], attempt: Callable[[Sequence[Scope]], object], broken: dict[Scope, Exception]
) -> None:
    if not queues or len(broken) > MOST:
        return
    try:
        attempt(queues)
    except UNREACHABLE:
        raise
    except Exception as error:
        if len(queues) == 1:
            broken[queues[0]] = error
            return
        half = len(queues) // 2
        _find(queues[:half], attempt, broken)
        _find(queues[half:], attempt, broken)


def report(broken: dict[Scope, Exception]) -> None:
    for scope, error in broken.items():
        if _logged.is_news(scope.pk, repr(error)):
            log.error("queue_left_out", **_place(scope), exc_info=error)


def report_recovered(queues: Collection[Scope]) -> None:
    for scope in queues:
        if _logged.is_over(scope.pk):
            log.info("queue_recovered", **_place(scope))


def _place(scope: Scope) -> dict[str, str]:
    return {
        "organization_id": scope.organization_id,
        "department_id": scope.department_id,
        "queue_name": scope.queue_name,
    }
