"""Count people by their adherence at an instant, in one statement for all departments of an organization.

The SQL has the same rules as attendance.presence.adherence; a test holds the two against each other.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from attendance.choices import AttendanceStatus
from attendance.presence.chains import JOIN_WITHIN
from attendance.presence.intervals import EARLY_CHECK_IN, GRACE, MINUTE, NO_SHOW_AFTER

# One row for each scheduled period (attendance_duty) that covers the instant, with the newest status period
# (attendance_spell) that touches it; then people who are present without a scheduled period, or on leave. A person has
# one row in each of her departments (`of_department`) and one in the organization (`of_organization`), which usually
# are the same row. `lost` is in microseconds.
_ADHERENCE = f"""
WITH known AS (
    SELECT d.person_id, d.department_id, d.starts, d.ends, d.of_department, d.of_organization,
           s.status, s.came_at, s.starts AS since,
           MIN(s.came_at) OVER (PARTITION BY d.id) AS first_came_at,
           ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY s.starts DESC) AS place
    FROM attendance_duty d
    LEFT JOIN attendance_spell s ON s.person_id = d.person_id AND s.starts <= %(at)s AND s.ends > d.starts
    WHERE d.organization_id = %(organization)s AND d.starts <= %(at)s AND d.ends > %(at)s AND NOT d.on_leave
),
scheduled AS (
    SELECT person_id, department_id, starts, ends, of_department, of_organization,
           first_came_at AS came_at, status AS activity,
           CASE WHEN status IN ('{AttendanceStatus.ON_LEAVE}', '{AttendanceStatus.DAY_OFF}') THEN status
                WHEN first_came_at IS NULL THEN
                    CASE WHEN %(at)s <= starts + {GRACE} THEN 'expected' ELSE 'absent' END
                WHEN came_at IS NULL AND since < ends - {GRACE} THEN 'left_early'
                ELSE 'present' END AS state
    FROM known WHERE place = 1
),
now AS (
    SELECT s.person_id, s.department_id, s.status, s.came_at
    FROM attendance_spell s
    WHERE s.organization_id = %(organization)s AND s.starts <= %(at)s AND s.ends > %(at)s
      AND (s.came_at IS NOT NULL OR s.status = '{AttendanceStatus.ON_LEAVE}')
),
adherence AS (
    SELECT person_id, department_id, starts, ends, of_department, of_organization, came_at, activity, state,
           CASE WHEN state = 'present' AND came_at > starts + {GRACE} THEN 1 ELSE 0 END AS late,
           CASE WHEN state = 'absent' AND %(at)s > starts + {NO_SHOW_AFTER} THEN 1 ELSE 0 END AS no_show,
           CASE WHEN state = 'present' AND came_at > starts + {GRACE} THEN came_at - starts
                WHEN state = 'absent' THEN %(at)s - starts ELSE 0 END AS lost
    FROM scheduled
    UNION ALL
    SELECT d.person_id, d.department_id, d.starts, d.ends, d.of_department, d.of_organization,
           NULL, NULL, 'on_leave', 0, 0, 0
    FROM attendance_duty d
    WHERE d.organization_id = %(organization)s AND d.starts <= %(at)s AND d.ends > %(at)s AND d.on_leave
      AND NOT EXISTS (SELECT 1 FROM now WHERE now.person_id = d.person_id AND now.came_at IS NOT NULL)
    UNION ALL
    SELECT now.person_id, now.department_id, NULL, NULL, TRUE, TRUE, now.came_at, now.status,
           CASE WHEN now.came_at IS NULL THEN 'on_leave' ELSE 'unscheduled' END, 0, 0, 0
    FROM now
    WHERE NOT EXISTS (
        SELECT 1 FROM attendance_duty d
        WHERE d.person_id = now.person_id
          AND CASE WHEN now.came_at IS NULL THEN d.starts <= %(at)s AND d.ends > %(at)s
                   ELSE NOT d.on_leave AND d.starts <= %(at)s + {EARLY_CHECK_IN} AND d.ends > now.came_at
                        AND d.starts <= now.came_at + {JOIN_WITHIN} END
    )
)
"""  # noqa: S608 - all parts are literals and constants of this project

_SUMS = """
       SUM(CASE WHEN state IN ('present', 'expected', 'absent', 'left_early') THEN 1 ELSE 0 END),
       SUM(CASE WHEN state = 'present' THEN 1 ELSE 0 END),
       SUM(CASE WHEN state = 'expected' THEN 1 ELSE 0 END),
       SUM(CASE WHEN state = 'absent' THEN 1 ELSE 0 END),
       SUM(CASE WHEN state = 'left_early' THEN 1 ELSE 0 END),
       SUM(late), SUM(no_show),
       SUM(CASE WHEN state = 'on_leave' THEN 1 ELSE 0 END),
       SUM(CASE WHEN state = 'unscheduled' THEN 1 ELSE 0 END),
       SUM(lost)
"""

# The counts of each department, then the same of each person who is absent or expected. In one statement, because posts
# come in between two of them, and a person may not be subtracted from counts that never had her.
_COUNTS = f"""{_ADHERENCE}
SELECT NULL, department_id, of_department, of_organization, {_SUMS}
FROM adherence GROUP BY department_id, of_department, of_organization
UNION ALL
SELECT person_id, department_id, of_department, of_organization, {_SUMS}
FROM adherence WHERE state IN ('absent', 'expected')
GROUP BY person_id, department_id, of_department, of_organization
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Headcount:
    """People of a scope at an instant. scheduled = present + expected + absent + left_early."""

    scheduled: int = 0
    present: int = 0
    expected: int = 0
    absent: int = 0
    left_early: int = 0
    late: int = 0
    no_show: int = 0
    on_leave: int = 0
    unscheduled: int = 0
    lost: int = 0
    """Microseconds."""

    def __add__(self, other: "Headcount") -> "Headcount":
        return Headcount(*(getattr(self, name) + getattr(other, name) for name in Headcount.__slots__))

    def if_present(self) -> "Headcount":
        """Return what changes in the counts if this person, who is absent or expected, is present instead."""
        return Headcount(
            present=self.scheduled, expected=-self.expected, absent=-self.absent, no_show=-self.no_show, lost=-self.lost
        )

    @property
    def lost_minutes(self) -> float:
        return self.lost / MINUTE


def count(organization_id: str, *, at: int, there: Collection[int] = ()) -> dict[str, Headcount]:
    """Return the headcounts of departments that have anybody; '' is the organization, which counts people once.

    `there` are people of whom something else tells that they are there: they are present, also without a check-in.
    """
    found, whole = dict[str, Headcount](), Headcount()
    values = {"organization": organization_id, "at": at}
    for person, code, of_department, of_organization, *sums in _rows(_COUNTS, values):
        counted = Headcount(*map(int, sums))
        if person is not None:
            counted = counted.if_present() if person in there else Headcount()
        if of_department:
            found[code] = found.get(code, Headcount()) + counted
        if of_organization:
            whole += counted
    return {**found, "": whole}


def _rows(statement: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        yield from cursor.fetchall()


# The conditions of `people?status=`.
PEOPLE_STATUSES = {
    "no_show": "no_show = 1",
    "absent": "state = 'absent'",
    "left_early": "state = 'left_early'",
    "late": "late = 1",
    "on_break": "activity = 'on_break' AND state IN ('present', 'unscheduled')",
    "training": "activity = 'training' AND state IN ('present', 'unscheduled')",
    "present": "state = 'present'",
    "expected": "state = 'expected'",
    "unscheduled": "state = 'unscheduled'",
    "on_leave": "state = 'on_leave'",
    "day_off": "state = 'day_off'",
}

_PEOPLE = (
    _ADHERENCE
    + """
SELECT p.id, p.employee_id, p.name, adherence.department_id, CASE {cases} ELSE state END, starts, ends, came_at, lost
FROM adherence JOIN attendance_person p ON p.id = adherence.person_id
WHERE CASE WHEN %(department)s = '' THEN of_organization
           ELSE of_department AND adherence.department_id = %(department)s END
  AND (%(site)s = '' OR p.site_id = %(site)s)
  AND {condition}
ORDER BY lost DESC, p.employee_id, starts LIMIT %(limit)s
"""
)
_CASES = " ".join(f"WHEN {condition} THEN '{status}'" for status, condition in PEOPLE_STATUSES.items())


@dataclass(frozen=True, slots=True)
class PersonNow:
    """A person at an instant. `status` is the requested one, else the first of PEOPLE_STATUSES that holds."""

    person_id: int
    employee_id: str
    name: str
    department_id: str
    status: str
    starts: int | None
    ends: int | None
    came_at: int | None
    lost: int


def people(
    organization_id: str, *, at: int, status: str | None, department_id: str, site_id: str, limit: int
) -> list[PersonNow]:
    """Return people with their adherence, those with the most lost time first."""
    cases = _CASES if status is None else f"WHEN 1 = 1 THEN '{status}'"
    condition = "1 = 1" if status is None else PEOPLE_STATUSES[status]
    values = {"organization": organization_id, "at": at, "department": department_id, "site": site_id, "limit": limit}
    return [PersonNow(*row) for row in _rows(_PEOPLE.format(cases=cases, condition=condition), values)]


_CHECK_INS = f"""
WITH visits AS (
    SELECT s.person_id, MAX(s.department_id) AS department_id, s.came_at,
           ROW_NUMBER() OVER (PARTITION BY s.person_id ORDER BY s.came_at DESC) AS place
    FROM attendance_spell s
    WHERE s.organization_id = %(organization)s AND s.came_at > %(since)s AND s.came_at <= %(at)s
    GROUP BY s.person_id, s.came_at
),
visit AS (
    SELECT v.person_id, v.department_id, v.came_at,
           (SELECT MIN(d.starts) FROM attendance_duty d
            WHERE d.person_id = v.person_id AND d.of_organization AND NOT d.on_leave
              AND d.starts <= v.came_at + {EARLY_CHECK_IN} AND d.ends > v.came_at) AS scheduled_start
    FROM visits v WHERE v.place = 1
),
ranked AS (
    SELECT visit.*, p.employee_id, p.name,
           ROW_NUMBER() OVER (PARTITION BY visit.department_id ORDER BY visit.came_at DESC, p.employee_id) AS rank
    FROM visit JOIN attendance_person p ON p.id = visit.person_id
)
SELECT department_id, employee_id, name, came_at, scheduled_start,
       (SELECT MIN(s.came_at) FROM attendance_spell s
        WHERE s.person_id = ranked.person_id AND s.ends > ranked.scheduled_start AND s.starts <= ranked.came_at)
FROM ranked WHERE rank <= %(limit)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The last check-in of a person, with the start of its scheduled period and the first check-in for that."""

    department_id: str
    employee_id: str
    name: str
    came_at: int
    scheduled_start: int | None
    first_came_at: int | None


def recent_check_ins(organization_id: str, *, since: int, at: int, limit: int) -> dict[str, list[CheckIn]]:
    """Return the newest check-ins in (since, at], one a person, by department; '' is the organization."""
    values = {"organization": organization_id, "since": since, "at": at, "limit": limit}
    found = [CheckIn(*row) for row in _rows(_CHECK_INS, values)]
    found.sort(key=lambda each: (-each.came_at, each.employee_id))
    by_department: dict[str, list[CheckIn]] = {"": found[:limit]}
    for each in found:
        if each.department_id:
            by_department.setdefault(each.department_id, []).append(each)
    return by_department
