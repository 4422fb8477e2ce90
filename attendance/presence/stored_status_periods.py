"""Derive and store the status periods of people from their records and chains of shifts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from attendance.choices import AttendanceStatus
from attendance.microseconds import to_instant, to_microseconds
from attendance.models import AttendanceRecord, Person, StatusPeriod
from attendance.presence import status_periods, stored_scheduled_periods
from attendance.presence.chains import ShiftChains
from attendance.presence.intervals import EXPIRES_AFTER, HOUR
from attendance.presence.status_periods import Record
from intraday.org.models import Organization

# A record may change periods that ended this long before it: by statuses in force, and by a night.
_REACH = EXPIRES_AFTER + 8 * HOUR

Records = Mapping[int, Sequence[AttendanceRecord]]


@dataclass(frozen=True, slots=True)
class StatusPeriodChange:
    """The status periods of a person from before her first changed record on: as they were, and as they are now."""

    before: list[status_periods.StatusPeriod]
    after: list[status_periods.StatusPeriod]

    @property
    def unchanged(self) -> int:
        """Return the number of periods at the beginning that are the same."""
        pairs = enumerate(zip(self.before, self.after, strict=False))
        return next((n for n, (a, b) in pairs if a != b), min(len(self.before), len(self.after)))


@dataclass
class Rederivation:
    """People whose status periods are to be derived again, and the time from which. `late`: people whose stored
    records are needed for it, too."""

    since: dict[int, int] = field(default_factory=dict)
    records: dict[int, list[AttendanceRecord]] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)

    def add_records(self, changed: Iterable[AttendanceRecord], newest_before: Mapping[int, datetime | None]) -> None:
        """Add saved records. Records that are newer than all earlier ones need none of these."""
        for record in changed:
            pk, newest = record.person_id, newest_before.get(record.person_id)
            self.records.setdefault(pk, []).append(record)
            self.since[pk] = min(to_microseconds(record.time), self.since.get(pk, to_microseconds(record.time)))
            if newest is not None and record.time <= newest:
                self.late.add(pk)

    def add_shifts(self, since: Mapping[int, int], people: Iterable[Person]) -> None:
        """Add people whose chains changed, by the time of the change."""
        newest = {person.pk: person.newest_at for person in people}
        for pk, time in since.items():
            newest_at = newest.get(pk)
            if newest_at is None:
                continue
            self.since[pk] = min(time, self.since.get(pk, time))
            if to_microseconds(newest_at) >= time:
                self.late.add(pk)

    def groups(self) -> Iterator[dict[int, int]]:
        """Yield people with late records apart from the others: theirs reach far back."""
        for is_late in (True, False):
            group = {pk: time for pk, time in self.since.items() if (pk in self.late) == is_late}
            if group:
                yield group


def rederive(organization: Organization, rederivation: Rederivation, *, now: datetime) -> dict[int, StatusPeriodChange]:
    """Derive status periods again from each person's earliest change on, and store them."""
    changes: dict[int, StatusPeriodChange] = {}
    stored: dict[int, list[StatusPeriod]] = {}
    for group in rederivation.groups():
        rows = _stored(group)
        records = _records(group) if group.keys() <= rederivation.late else rederivation.records
        concerned = {pk: group[pk] for pk in group if rows.get(pk) or records.get(pk)}
        if not concerned:
            continue
        latest = max((to_microseconds(each.time) for pk in concerned for each in records.get(pk, ())), default=0)
        chains = stored_scheduled_periods.load_chains(
            concerned, min(concerned.values()), max(latest, *concerned.values())
        )
        for pk, since in concerned.items():
            changes[pk] = _derive(rows.get(pk, ()), records.get(pk, ()), since, chains.get(pk, ShiftChains()))
        stored |= rows
    _save(organization, stored, changes, now)
    return changes


def _derive(
    rows: Iterable[StatusPeriod], records: Iterable[AttendanceRecord], since: int, chains: ShiftChains
) -> StatusPeriodChange:
    before = [_as_value(row) for row in rows]
    after = status_periods.rewind(before, since, chains)
    for record in sorted(records, key=lambda each: each.time):
        status_periods.apply_record(after, _as_record(record), chains)
    status_periods.end_open_break(after)
    return StatusPeriodChange(before, after)


def _stored(since: Mapping[int, int]) -> dict[int, list[StatusPeriod]]:
    """Return the stored status periods that may change, in order."""
    found: dict[int, list[StatusPeriod]] = {}
    reach = min(since.values()) - _REACH
    for row in StatusPeriod.objects.filter(person__in=since, ends__gt=reach).order_by("person", "starts"):
        found.setdefault(row.person_id, []).append(row)
    return found


def _records(since: Mapping[int, int]) -> dict[int, list[AttendanceRecord]]:
    found: dict[int, list[AttendanceRecord]] = {}
    for record in AttendanceRecord.objects.filter(person__in=since, time__gte=to_instant(min(since.values()))):
        if to_microseconds(record.time) >= since[record.person_id]:
            found.setdefault(record.person_id, []).append(record)
    return found


def _save(
    organization: Organization,
    stored: Mapping[int, list[StatusPeriod]],
    changes: Mapping[int, StatusPeriodChange],
    now: datetime,
) -> None:
    stale = [row.pk for pk, each in changes.items() for row in stored.get(pk, [])[each.unchanged :]]
    StatusPeriod.objects.filter(pk__in=stale).delete()
    StatusPeriod.objects.bulk_create(
        StatusPeriod(
            organization=organization,
            person_id=pk,
            made_at=now,
            **{name: getattr(period, name) for name in status_periods.StatusPeriod.__slots__},
        )
        for pk, each in changes.items()
        for period in each.after[each.unchanged :]
    )


def _as_value(row: StatusPeriod) -> status_periods.StatusPeriod:
    return status_periods.StatusPeriod(*(getattr(row, name) for name in status_periods.StatusPeriod.__slots__))


def _as_record(record: AttendanceRecord) -> Record:
    return Record(
        to_microseconds(record.time),
        record.status,
        record.department_id,
        None if record.checked_in_at is None else to_microseconds(record.checked_in_at),
        None if record.checked_out_at is None else to_microseconds(record.checked_out_at),
    )


def new_check_ins(change: StatusPeriodChange) -> list[status_periods.StatusPeriod]:
    """Return the status periods that begin with a check-in at a time that was unknown before."""
    known = {period.came_at for period in change.before} | {None}
    found = {period.came_at: period for period in reversed(change.after) if period.came_at not in known}
    return [found[came_at] for came_at in sorted(found, key=lambda each: each or 0)]


def new_check_outs(change: StatusPeriodChange) -> list[status_periods.StatusPeriod]:
    """Return the status periods that begin with a check-out at a time that was unknown before.

    A check-out in a break is the period on break, or the absence after it if the record is later than the break.
    """
    known = {period.left_at for period in change.before} | {None}
    left = [period for period in change.after if period.left_at not in known and period.starts <= period.reported_at]
    return list(
        {
            period.left_at: period
            for period in left
            if period.began_by_break or period.status == AttendanceStatus.CHECKED_OUT
        }.values()
    )
