"""Status periods from the records of one person (DOMAIN 3.7). Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from sys import maxsize
from typing import NamedTuple

from attendance.choices import PRESENT_STATUSES, AttendanceStatus
from attendance.presence.chains import ShiftChains
from attendance.presence.intervals import EXPIRES_AFTER


class Record(NamedTuple):
    """An attendance record: the status of a person at one instant."""

    time: int
    status: str
    department_id: str = ""
    checked_in_at: int | None = None
    checked_out_at: int | None = None


@dataclass(frozen=True, slots=True)
class StatusPeriod:
    """A period of one person in one status; `came_at` is set while she is present, and is the time of her check-in.

    `reported_at` is the time of the record that began it, `confirmed_at` of the last record that confirmed it. `ends`
    is the start of the next period; the last period ends when its status expires. `left_at` is set from a check-out
    on: a check-out in a published break begins a period on break, and a period of absence after the break.
    """

    department_id: str
    status: str
    starts: int
    ends: int
    came_at: int | None
    reported_at: int
    confirmed_at: int
    left_at: int | None = None

    @property
    def began_by_break(self) -> bool:
        """Tell whether a check-out in a published break began the period."""
        return self.status == AttendanceStatus.ON_BREAK and self.left_at is not None


def apply_record(periods: list[StatusPeriod], record: Record, chains: ShiftChains) -> None:
    """Continue a person's status periods by her next record; records come in order of time."""
    _end_break(periods, record.time)
    if record.status in PRESENT_STATUSES:
        _apply_presence(periods, record, chains)
    elif record.status == AttendanceStatus.CHECKED_OUT:
        _apply_check_out(periods, record, chains)
    elif _status_in_force(periods, record) == record.status:
        _confirm(periods, record, chains)
    else:
        _begin(periods, record, chains, record.status, record.time)


def end_open_break(periods: list[StatusPeriod]) -> None:
    """Add the absence after a break from which no record tells that the person came back."""
    _end_break(periods, maxsize)


def rewind(periods: Sequence[StatusPeriod], time: int, chains: ShiftChains) -> list[StatusPeriod]:
    """Return the status periods as they were before the records at or after this time."""
    kept = [period for period in periods if period.reported_at < time]
    if len(kept) > 1 and kept[-2].began_by_break and kept[-1].left_at == kept[-2].left_at and kept[-1].starts >= time:
        kept.pop()  # `end_open_break` added it
    if kept:
        kept[-1] = _with_end(replace(kept[-1], confirmed_at=min(kept[-1].confirmed_at, time)), chains)
    return kept


def _apply_presence(periods: list[StatusPeriod], record: Record, chains: ShiftChains) -> None:
    status = AttendanceStatus.PRESENT if record.status == AttendanceStatus.LATE else AttendanceStatus(record.status)
    present = _open_presence(periods, record, chains)
    came_before = None if present is None else present.came_at
    came_at = _reported_check_in(periods, record, chains)
    if came_at is None and (present is None or not present.began_by_break or status == AttendanceStatus.ON_BREAK):
        came_at = came_before
    if came_at is None:
        came_at = record.time
    if present is not None and (present.status, present.began_by_break, came_before) == (status, False, came_at):
        _confirm(periods, record, chains)
    else:
        _begin(periods, record, chains, status, came_at, came_at, confirms=came_at == came_before)


def _reported_check_in(periods: Sequence[StatusPeriod], record: Record, chains: ShiftChains) -> int | None:
    """Return the check-in that a record reports, if it can belong to this presence.

    Some feeds repeat an old check-in, one of another chain, or the first one of the day after a break.
    """
    came_at = record.checked_in_at
    if came_at is None or record.time - came_at > EXPIRES_AFTER or not chains.confirms(came_at, came_at, record.time):
        return None
    if chains.chain_of(record.time) not in (None, chains.chain_of_presence(came_at)):
        return None
    if periods and periods[-1].left_at is not None and came_at <= periods[-1].left_at:
        return record.time
    return came_at


def _apply_check_out(periods: list[StatusPeriod], record: Record, chains: ShiftChains) -> None:
    left_at = record.time if record.checked_out_at is None else record.checked_out_at
    if _is_known_check_out(periods, record) and record.checked_out_at in (None, periods[-1].left_at):
        _confirm(periods, record, chains)
        return
    present = _open_presence(periods, record, chains)
    confirms, came_at = present is not None, record.checked_in_at
    if present is None and came_at is not None and _reports_unknown_visit(periods, came_at, left_at):
        _begin(periods, record._replace(time=left_at), chains, AttendanceStatus.PRESENT, came_at, came_at)
        present = periods[-1] = replace(periods[-1], reported_at=record.time)
    if present is not None and left_at <= present.starts:
        left_at = record.time
    break_end = None if present is None else chains.break_end(left_at)
    if present is None or break_end is None:
        _begin(periods, record, chains, AttendanceStatus.CHECKED_OUT, left_at, confirms=confirms)
    else:
        _begin(
            periods, record, chains, AttendanceStatus.ON_BREAK, left_at, present.came_at, confirms=confirms, left=True
        )


def _reports_unknown_visit(periods: Sequence[StatusPeriod], came_at: int, left_at: int) -> bool:
    """Tell whether a check-out reports the check-in of a visit that was unknown so far."""
    return came_at < left_at <= came_at + EXPIRES_AFTER and (not periods or periods[-1].starts < came_at)


def _open_presence(periods: Sequence[StatusPeriod], record: Record, chains: ShiftChains) -> StatusPeriod | None:
    """Return the last status period if it is presence that this record continues."""
    last = periods[-1] if periods else None
    if last is None or last.came_at is None or not chains.confirms(last.came_at, last.confirmed_at, record.time):
        return None
    other = chains.chain_of(record.time) not in (None, chains.chain_of_presence(last.came_at))
    return None if record.status in PRESENT_STATUSES and other else last


def _is_known_check_out(periods: Sequence[StatusPeriod], record: Record) -> bool:
    """Tell whether a check-out was recorded before."""
    return bool(periods) and (
        periods[-1].began_by_break or _status_in_force(periods, record) == AttendanceStatus.CHECKED_OUT
    )


def _status_in_force(periods: Sequence[StatusPeriod], record: Record) -> str | None:
    """Return the status in force at the next record; None if it has expired."""
    return periods[-1].status if periods and record.time - periods[-1].confirmed_at <= EXPIRES_AFTER else None


def _confirm(periods: list[StatusPeriod], record: Record, chains: ShiftChains) -> None:
    periods[-1] = _with_end(replace(periods[-1], confirmed_at=record.time), chains)


def _begin(
    periods: list[StatusPeriod],
    record: Record,
    chains: ShiftChains,
    status: str,
    since: int,
    came_at: int | None = None,
    *,
    confirms: bool = False,
    left: bool = False,
) -> None:
    """Begin a status period at `since`, or at the record's time if a later period began already.

    `confirms`: the record confirms that the previous period lasted until then, even if its status would have expired.
    """
    starts = since
    if periods:
        last = periods[-1]
        starts = since if since > last.starts else record.time
        lasts = confirms and not last.began_by_break
        periods[-1] = replace(last, ends=starts if lasts else min(last.ends, starts))
    left_at = starts if left or status == AttendanceStatus.CHECKED_OUT else None
    period = StatusPeriod(record.department_id, status, starts, starts, came_at, record.time, record.time, left_at)
    periods.append(_with_end(period, chains))


def _with_end(period: StatusPeriod, chains: ShiftChains) -> StatusPeriod:
    """Return the status period with the end that it has until another record comes."""
    if period.began_by_break and period.left_at is not None:
        ends = chains.break_end(period.left_at) or period.ends
    elif period.came_at is not None:
        ends = chains.presence_ends(period.came_at, period.confirmed_at)
    else:
        ends = max(period.starts, period.confirmed_at) + EXPIRES_AFTER
    return replace(period, ends=ends)


def _end_break(periods: list[StatusPeriod], time: int) -> None:
    """Begin absence at the end of a break from which the person has not come back by this time."""
    if periods and periods[-1].began_by_break and periods[-1].ends <= time:
        last = periods[-1]
        ends = max(last.ends, last.confirmed_at) + EXPIRES_AFTER
        periods.append(
            replace(last, status=AttendanceStatus.CHECKED_OUT.value, starts=last.ends, ends=ends, came_at=None)
        )
