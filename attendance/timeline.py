"""Keeping the spells of people in step with their records and chains of shifts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from attendance import schedule, spells
from attendance.chains import Roster
from attendance.instants import instant, micros
from attendance.intervals import HOLDS, HOUR
from attendance.models import AttendanceRecord, Person, Spell
from attendance.spells import Said
from attendance.terms import Status
from intraday.org.models import Organization

# How far back a record may still touch what was said before it: what is believed, and a night.
_REACH = HOLDS + 8 * HOUR

Records = Mapping[int, Sequence[AttendanceRecord]]


@dataclass(frozen=True, slots=True)
class Retold:
    """A person's spells from before the first changed record on, as they were and as they are now."""

    before: list[spells.Spell]
    after: list[spells.Spell]

    @property
    def kept(self) -> int:
        """How many at the beginning are the same."""
        pairs = enumerate(zip(self.before, self.after, strict=False))
        return next((n for n, (a, b) in pairs if a != b), min(len(self.before), len(self.after)))


@dataclass
class Retelling:
    """Whose spells are to be worked out anew, and since when. `read`: whose records of before are needed for it."""

    since: dict[int, int] = field(default_factory=dict)
    told: dict[int, list[AttendanceRecord]] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)

    def by_records(self, changed: Iterable[AttendanceRecord], newest_before: Mapping[int, datetime | None]) -> None:
        """Take in records that are saved already. Those newer than all known ones need none of the older ones."""
        for record in changed:
            pk, newest = record.person_id, newest_before.get(record.person_id)
            self.told.setdefault(pk, []).append(record)
            self.since[pk] = min(micros(record.time), self.since.get(pk, micros(record.time)))
            if newest is not None and record.time <= newest:
                self.read.add(pk)

    def by_shifts(self, since: Mapping[int, int], people: Iterable[Person]) -> None:
        """Take in people whose chains changed since then."""
        newest = {person.pk: person.newest_at for person in people}
        for pk, time in since.items():
            known = newest.get(pk)
            if known is None:
                continue
            self.since[pk] = min(time, self.since.get(pk, time))
            if micros(known) >= time:
                self.read.add(pk)

    def groups(self) -> Iterator[dict[int, int]]:
        """People with late records are asked for apart: theirs reach far back."""
        for keep in (True, False):
            group = {pk: time for pk, time in self.since.items() if (pk in self.read) == keep}
            if group:
                yield group


def retell(organization: Organization, retelling: Retelling, *, now: datetime) -> dict[int, Retold]:
    """Work spells out anew from each person's earliest change on."""
    retold: dict[int, Retold] = {}
    stored: dict[int, list[Spell]] = {}
    for group in retelling.groups():
        rows = _stored(group)
        records = _records(group) if group.keys() <= retelling.read else retelling.told
        known = {pk: group[pk] for pk in group if rows.get(pk) or records.get(pk)}
        if not known:
            continue
        latest = max((micros(each.time) for pk in known for each in records.get(pk, ())), default=0)
        rosters = schedule.rosters(known, min(known.values()), max(latest, *known.values()))
        for pk, since in known.items():
            retold[pk] = _retold(rows.get(pk, ()), records.get(pk, ()), since, rosters.get(pk, Roster()))
        stored |= rows
    _save(organization, stored, retold, now)
    return retold


def _retold(rows: Iterable[Spell], records: Iterable[AttendanceRecord], since: int, roster: Roster) -> Retold:
    before = [_as_rule(row) for row in rows]
    after = spells.rewound(before, since, roster)
    for record in sorted(records, key=lambda each: each.time):
        spells.tell(after, _said(record), roster)
    spells.finish(after)
    return Retold(before, after)


def _stored(since: Mapping[int, int]) -> dict[int, list[Spell]]:
    """The spells that may be touched, in order."""
    found: dict[int, list[Spell]] = {}
    reach = min(since.values()) - _REACH
    for row in Spell.objects.filter(person__in=since, ends__gt=reach).order_by("person", "starts"):
        found.setdefault(row.person_id, []).append(row)
    return found


def _records(since: Mapping[int, int]) -> dict[int, list[AttendanceRecord]]:
    found: dict[int, list[AttendanceRecord]] = {}
    for record in AttendanceRecord.objects.filter(person__in=since, time__gte=instant(min(since.values()))):
        if micros(record.time) >= since[record.person_id]:
            found.setdefault(record.person_id, []).append(record)
    return found


def _save(
    organization: Organization, stored: Mapping[int, list[Spell]], retold: Mapping[int, Retold], now: datetime
) -> None:
    stale = [row.pk for pk, each in retold.items() for row in stored.get(pk, [])[each.kept :]]
    Spell.objects.filter(pk__in=stale).delete()
    Spell.objects.bulk_create(
        Spell(
            organization=organization,
            person_id=pk,
            made_at=now,
            **{name: getattr(spell, name) for name in spells.Spell.__slots__},
        )
        for pk, each in retold.items()
        for spell in each.after[each.kept :]
    )


def _as_rule(row: Spell) -> spells.Spell:
    return spells.Spell(*(getattr(row, name) for name in spells.Spell.__slots__))


def _said(record: AttendanceRecord) -> Said:
    return Said(
        micros(record.time),
        record.status,
        record.department_id,
        None if record.checked_in_at is None else micros(record.checked_in_at),
        None if record.checked_out_at is None else micros(record.checked_out_at),
    )


def check_ins(retold: Retold) -> list[spells.Spell]:
    """The spells with which she came at a time that nobody knew of."""
    known = {spell.came_at for spell in retold.before} | {None}
    found = {spell.came_at: spell for spell in reversed(retold.after) if spell.came_at not in known}
    return [found[came_at] for came_at in sorted(found, key=lambda each: each or 0)]


def check_outs(retold: Retold) -> list[spells.Spell]:
    """The spells with which she left at a time that nobody knew of.

    A check-out in a break is one on break; one of absence if the record itself is of after the break.
    """
    known = {spell.left_at for spell in retold.before} | {None}
    told = [spell for spell in retold.after if spell.left_at not in known and spell.starts <= spell.said_at]
    return list({spell.left_at: spell for spell in told if spell.paused or spell.status == Status.CHECKED_OUT}.values())
