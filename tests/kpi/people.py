"""People on shift in tests, who are there."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from rest_framework.test import APIClient

from tests.attendance.posting import BATCH, SHIFTS
from tests.backlog.posting import at, post

_numbers = count()
SINCE, UNTIL = -120, 240
"""Minutes from ten o'clock: everybody works from eight to two."""


def on_shift(
    api: APIClient,
    heads: int,
    *queues: str,
    there: bool = True,
    departments: Iterable[str] = ("dept_456",),
    breaks: Iterable[tuple[float, float]] = (),
) -> None:
    """Post shifts of that many people for these queues of each department, with breaks in minutes from ten."""
    names = [f"person_{next(_numbers)}" for _ in range(heads)]
    shifts = [
        _shift(name, department, kind, start, end, queues)
        for name in names
        for department in departments
        for kind, start, end in (("work", SINCE, UNTIL), *(("break", *times) for times in breaks))
    ]
    assert post(api, {"items": shifts}, SHIFTS)["status"] == 201
    if there:
        home = next(iter(departments))
        records = [
            {"employee_id": name, "department_id": home, "snapshot_time": at(SINCE), "status": "present"}
            for name in names
        ]
        assert post(api, {"items": records}, BATCH)["status"] == 201


def _shift(name: str, department: str, kind: str, start: float, end: float, queues: Iterable[str]) -> dict[str, Any]:
    return {
        "shift_id": f"{name} {department} {kind} {start}",
        "employee_id": name,
        "department_id": department,
        "queue_names": list(queues),
        "kind": kind,
        "start": at(start),
        "end": at(end),
    }
