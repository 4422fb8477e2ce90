"""Keeping the spells of people in step with their records."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from attendance import rules
from attendance.instants import micros
from attendance.models import AttendanceRecord, Spell
from attendance.rules import HOLDS, Said
from attendance.terms import Status
from intraday.org.models import Organization

# How far back a record may still touch what was said before it: what is believed, and a night.
_REACH = HOLDS + 8 * rules.HOUR


@dataclass(frozen=True, slots=True)
class Retold:
    """A person's spells from before the first changed record on, as they were and as they are now."""

    before: list[rules.Spell]
    after: list[rules.Spell]

    @property
    def kept(self) -> int:
        """How many at the beginning are the same."""
        pairs = enumerate(zip(self.before, self.after, strict=False))
        return next((n for n, (a, b) in pairs if a != b), min(len(self.before), len(self.after)))


def retell(
    organization: Organization,
    changed: Iterable[AttendanceRecord],
    newest_before: Mapping[int, datetime | None],
    *,
    now: datetime,
) -> dict[int, Retold]:
    """Work spells out anew from each person's earliest changed record on. `changed` are saved already.

    Somebody whose records are all newer than what was known needs none of the older ones.
    """
    told: dict[int, list[AttendanceRecord]] = {}
    for record in changed:
        told.setdefault(record.person_id, []).append(record)
    if not told:
        return {}
    since = {pk: min(record.time for record in records) for pk, records in told.items()}
    old = {pk for pk, time in since.items() if (newest := newest_before.get(pk)) is not None and time <= newest}
    spells = _stored(since, old)
    records = told | _records({pk: since[pk] for pk in old})
    retold: dict[int, Retold] = {}
    for pk in told:
        before = [_as_rule(row) for row in spells.get(pk, ())]
        after = rules.rewound(before, micros(since[pk]))
        for record in sorted(records[pk], key=lambda each: each.time):
            rules.tell(after, _said(record))
        retold[pk] = Retold(before, after)
    _save(organization, spells, retold, now)
    return retold


def _stored(since: Mapping[int, datetime], old: Collection[int]) -> dict[int, list[Spell]]:
    """The spells that may be touched, in order. People with late records are asked for apart: theirs reach far back."""
    found: dict[int, list[Spell]] = {}
    for group in (old, since.keys() - old):
        if not group:
            continue
        reach = micros(min(since[pk] for pk in group)) - _REACH
        for row in Spell.objects.filter(person__in=group, ends__gt=reach).order_by("person", "starts"):
            found.setdefault(row.person_id, []).append(row)
    return found


def _records(since: Mapping[int, datetime]) -> dict[int, list[AttendanceRecord]]:
    if not since:
        return {}
    found: dict[int, list[AttendanceRecord]] = {}
    for record in AttendanceRecord.objects.filter(person__in=since, time__gte=min(since.values())):
        if record.time >= since[record.person_id]:
            found.setdefault(record.person_id, []).append(record)
    return found


def _save(
    organization: Organization, stored: Mapping[int, list[Spell]], retold: Mapping[int, Retold], now: datetime
) -> None:
    stale = [row.pk for pk, rows in stored.items() for row in rows[retold[pk].kept :]]
    Spell.objects.filter(pk__in=stale).delete()
    Spell.objects.bulk_create(
        Spell(
            organization=organization,
            person_id=pk,
            made_at=now,
            **{name: getattr(spell, name) for name in rules.Spell.__slots__},
        )
        for pk, each in retold.items()
        for spell in each.after[each.kept :]
    )


def _as_rule(row: Spell) -> rules.Spell:
    return rules.Spell(*(getattr(row, name) for name in rules.Spell.__slots__))


def _said(record: AttendanceRecord) -> Said:
    return Said(
        micros(record.time),
        record.status,
        record.department_id,
        None if record.checked_in_at is None else micros(record.checked_in_at),
        None if record.checked_out_at is None else micros(record.checked_out_at),
    )


def check_ins(retold: Retold) -> list[rules.Spell]:
    """The spells with which she came at a time that nobody knew of."""
    known = {spell.came_at for spell in retold.before} | {None}
    found = {spell.came_at: spell for spell in reversed(retold.after) if spell.came_at not in known}
    return [found[came_at] for came_at in sorted(found, key=lambda each: each or 0)]


def check_outs(retold: Retold) -> list[rules.Spell]:
    """The spells with which she left at a time that nobody knew of."""
    known = {spell.starts for spell in retold.before if spell.status == Status.CHECKED_OUT}
    return [spell for spell in retold.after if spell.status == Status.CHECKED_OUT and spell.starts not in known]
