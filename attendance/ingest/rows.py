"""Rows of attendance as feeds report them, by the names of their models."""

from dataclasses import dataclass, field
from datetime import datetime

from intraday.org.services import ScopeName


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """The person of a row. An empty department is that which is known of the person."""

    employee_id: str
    employee_name: str = ""
    department_id: str = ""
    site_id: str = ""

    @property
    def scope_name(self) -> ScopeName:
        return self.department_id, ""

    @property
    def seen_at(self) -> datetime | None:
        """Return the time at which the person was seen there; None for plans."""
        return None

    @property
    def begins(self) -> datetime:
        """The time by which rows are taken in order."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow(PersonRow):
    time: datetime
    status: str
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    shift_start: datetime | None = None
    shift_end: datetime | None = None

    @property
    def seen_at(self) -> datetime | None:
        return self.time

    @property
    def begins(self) -> datetime:
        return self.time


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow(PersonRow):
    shift_id: str
    start: datetime
    end: datetime
    kind: str
    queue_names: list[str] = field(default_factory=list)
    cancelled: bool = False

    @property
    def begins(self) -> datetime:
        return self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow(PersonRow):
    state: str
    since: datetime
    queue_names: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def begins(self) -> datetime:
        return self.since
