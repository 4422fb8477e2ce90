"""The scopes of a run, of all those of an organization: queues and departments first, the organization last."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from intraday.org.models import Scope


@dataclass(frozen=True, slots=True)
class Targets:
    """The scopes to work out: queues, the levels above them from departments to the organization, and the queues
    whose last figures count in those levels, too."""

    queues: list[Scope]
    levels: list[Scope]
    others: list[Scope]


def inside(every: Sequence[Scope], scope: Scope) -> Targets:
    """A scope and all within it."""
    return Targets(
        [each for each in every if each.queue_name and within(each, scope)],
        [each for each in every if not each.queue_name and within(each, scope)],
        [],
    )


def everything(every: Sequence[Scope]) -> Targets:
    return Targets([each for each in every if each.queue_name], [each for each in every if not each.queue_name], [])


def touched(every: Sequence[Scope], scopes: Collection[Scope]) -> Targets:
    """The queues of these scopes and all levels above them: the facts behind their figures have changed.

    A department stands for its queues: who is on shift concerns each of them. So does the organization if it comes
    alone; beside others it is there only because the figures above theirs have changed as well.
    """
    names = {(scope.department_id, scope.queue_name) for scope in scopes}
    if len(names) > 1:
        names.discard(("", ""))
    queues: list[Scope] = []
    others: list[Scope] = []
    for each in every:
        if each.queue_name:
            above = {("", ""), (each.department_id, ""), (each.department_id, each.queue_name)}
            (others if names.isdisjoint(above) else queues).append(each)
    departments = {queue.department_id for queue in queues} | {""}
    levels = [each for each in every if not each.queue_name and each.department_id in departments]
    return Targets(queues, levels, others)


def within(scope: Scope, outer: Scope) -> bool:
    if outer.queue_name:
        return scope.pk == outer.pk
    return not outer.department_id or scope.department_id == outer.department_id
