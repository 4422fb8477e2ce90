"""The words that rules and alerts are stored with, shared by models and pure rules. Pure."""

from enum import StrEnum
from typing import Self


class Choice(StrEnum):
    """A stored word and its label for people; without one the label is made of the name."""

    _label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_, member._label = value, label
        return member

    @property
    def label(self) -> str:
        return self._label or self.name.replace("_", " ").title()

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Return (value, label) pairs, as fields of models and forms take them."""
        return [(member.value, member.label) for member in cls]


class Severity(Choice):
    """Severities in ascending order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Source(Choice):
    """The subject of a rule."""

    KPI = "kpi", "KPIs"
    BACKLOG = "backlog", "backlog"
    ATTENDANCE = "attendance", "attendance"
    SCHEDULE = "schedule", "schedule and feeds"


class Level(Choice):
    ORGANIZATION = "organization", "the organization as a whole"
    DEPARTMENT = "department", "each department"
    QUEUE = "queue", "each queue"


class Operator(Choice):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    IS = "=="
    IS_NOT = "!="


class NoDataMode(Choice):
    KEEP_LAST = "keep_last", "leave everything as it is"
    ALERT = "alert", "raise a low alert of its own"
    RESOLVE = "resolve", "resolve what is open"


class Status(Choice):
    PENDING = "pending", "waits for a person"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Resolution(Choice):
    MANUAL = "manual"
    AUTO = "auto"
    NO_DATA = "no_data"
    RULE_DISABLED = "rule_disabled"
    ORPHANED = "orphaned"
    CLOSED = "closed"


class AlertKind(Choice):
    """One rule may have two open alerts in one scope: its own, and one for missing data."""

    CONDITION = "condition"
    NO_DATA = "nodata"


class Transition(Choice):
    """The changes of an alert that people are notified of."""

    TRIGGERED = "triggered"
    RAISED = "raised"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


SYSTEM = "system"
"""The actor of what nobody did by hand."""
SEVERITIES = tuple(member.value for member in Severity)
SOURCES = tuple(member.value for member in Source)
LEVELS = tuple(member.value for member in Level)
