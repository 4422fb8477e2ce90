"""The kinds of rows that feeds post, each with its address and the type of its rows."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from intraday_client import rows

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Kind(Generic[Row]):
    name: str
    path: str


BACKLOG: Kind[rows.BacklogSnapshot] = Kind("backlog", "/api/intraday/backlog/batch-ingest")
INTERVALS: Kind[rows.IntervalOrAgents] = Kind("intervals", "/api/intraday/kpi/batch-ingest")
FORECAST: Kind[rows.Forecast] = Kind("forecast", "/api/intraday/kpi/forecast/batch-ingest")
SHIFTS: Kind[rows.Shift] = Kind("shifts", "/api/intraday/attendance/shifts/batch-ingest")
ATTENDANCE: Kind[rows.AttendanceRecord] = Kind("attendance", "/api/intraday/attendance/batch-ingest")
STATES: Kind[rows.AgentState] = Kind("states", "/api/intraday/attendance/states/batch-ingest")
