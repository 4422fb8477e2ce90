"""Scopes as rules see them: their level, their label, the rules that cover them, the key of their alerts. Pure."""

import hashlib
from typing import Any, Protocol

from alerts.choices import AlertKind, Level


class ScopeFields(Protocol):
    """The organization as a whole has neither a department nor a queue, a department has no queue."""

    @property
    def organization_id(self) -> str: ...
    @property
    def department_id(self) -> str: ...
    @property
    def queue_name(self) -> str: ...


class CoverageFields(Protocol):
    """The fields of a rule that name the scopes that it covers."""

    @property
    def evaluate_each(self) -> str: ...
    @property
    def department_id(self) -> str: ...
    @property
    def queue_name(self) -> str: ...


def level_of(scope: ScopeFields) -> str:
    if scope.queue_name:
        return Level.QUEUE
    return Level.DEPARTMENT if scope.department_id else Level.ORGANIZATION


def covers(rule: CoverageFields, scope: ScopeFields) -> bool:
    return (
        rule.evaluate_each == level_of(scope)
        and rule.department_id in ("", scope.department_id)
        and rule.queue_name in ("", scope.queue_name)
    )


def scope_label(scope: ScopeFields) -> str:
    """Return the name that messages of alerts give the scope."""
    return scope.queue_name or scope.department_id or scope.organization_id


def dedup_key(rule_id: Any, scope: ScopeFields, kind: str) -> str:
    """Return the key that at most one open alert has: by rule, scope and kind."""
    parts = [scope.organization_id, str(rule_id), scope.department_id, scope.queue_name]
    if kind == AlertKind.NO_DATA:
        parts.append("nodata")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
