"""A run: the figures of some scopes of one organization at one instant, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import msgspec
import structlog
from django.db import transaction
from msgspec import structs

from intraday.clock.database import clock
from intraday.connections.database import UNREACHABLE
from intraday.jobs.garbage import not_collected
from intraday.org.models import Organization, Scope
from kpi.computing import broken_queues, latest, state_changes, volume_drops
from kpi.computing.latest import Before
from kpi.computing.remembered_queues import RememberedQueues
from kpi.computing.targets import Targets
from kpi.events import KPIChanged
from kpi.loading import load_inputs
from kpi.models import CurrentKPI, KPISnapshot
from kpi.pipeline.figure import Figure, Inside, figure, payload
from kpi.pipeline.inputs import Judging, Key, Surroundings
from kpi.pipeline.organization import Worked, work_out
from kpi.pipeline.part import Part
from kpi.pipeline.state import Memory, State
from kpi.pipeline.totals import Totals
from realtime.publish import EventRef, publish

log = structlog.get_logger(__name__)

MEMORABLE = timedelta(hours=1)
FORGOTTEN = timedelta(days=1)
"""A scope whose newest figure is older belongs to a log that is replayed: no run of today carries it on."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A figure that was stored; `event` is its place in the log, if it was published."""

    payload: KPIChanged
    event: EventRef | None


@not_collected()
def run(
    *, organization: Organization, targets: Targets, known: RememberedQueues, at: datetime, now: datetime, manual: bool
) -> dict[Scope, Computed]:
    """Work out, store and publish.

    Manual figures are always published; a late one moves nothing. Automatic ones are left out where they are late,
    where nothing new is to be published, and where another run published the same. A queue whose rows nothing can be
    made of gets a figure without data, and the others do not wait for it.
    """
    began = clock.now()
    try:
        done = _run(organization, targets, known, frozenset(), at, now, began, manual=manual)
    except UNREACHABLE:
        raise
    except Exception:
        broken = broken_queues.find(targets.queues, partial(_try, organization, at))
        if not broken:
            raise
        broken_queues.report(broken)
        return _run(organization, targets, known, frozenset(broken), at, now, began, manual=manual)
    broken_queues.report_recovered(targets.queues)
    return done


@transaction.atomic
def _try(organization: Organization, at: datetime, queues: Sequence[Scope]) -> None:
    work_out(load_inputs.load(organization, queues, at), load_inputs.surroundings(organization, at), at)


@transaction.atomic
def _run(
    organization: Organization,
    targets: Targets,
    known: RememberedQueues,
    broken: frozenset[Scope],
    at: datetime,
    now: datetime,
    began: datetime,
    *,
    manual: bool,
) -> dict[Scope, Computed]:
    rows = latest.lock([*targets.queues, *targets.levels], now=now)
    known.check()
    targets, others = _with_unknown(targets, known, rows, now)
    near = load_inputs.surroundings(organization, at)
    worked = _work_out(organization, targets, others, broken, near, at)
    found = _figures(targets, worked, others, rows, near.judging, at)
    volume_drops.keep(_newest(targets, rows, at), before=near.drops, lasting=worked.drops, at=at)
    news = [each for each in found if manual or _is_news(each, rows[each.scope.pk])]
    late = [each.scope for each in news if _is_late(each, rows[each.scope.pk])]
    past = latest.late_before(late, at, near.judging.baseline_within) if late else {}
    drafts = [_Draft.of(each, rows[each.scope.pk], past, near.judging, now) for each in news]
    again = {
        draft.figure.scope: before for draft in drafts if (before := draft.published_before(began, manual)) is not None
    }
    done = _store([draft for draft in drafts if draft.figure.scope not in again])
    parts = {each.scope.pk: (each.part, each.state) for each in found if each.scope.queue_name}
    known.remember(rows, parts, [computed.event.seq for computed in done.values() if computed.event is not None])
    return done | {scope: Computed(before, None) for scope, before in again.items()}


Others = Mapping[Scope, tuple[Part, State]]
"""Queues that are not worked out now: their parts and states as they last were."""


def _with_unknown(
    targets: Targets, known: RememberedQueues, rows: dict[int, CurrentKPI], now: datetime
) -> tuple[Targets, Others]:
    """Queues of no usable memo (new, or of another version of the software) are worked out with the others."""
    parts = known.parts_of(targets.others)
    unknown = [scope for scope in targets.others if scope.pk not in parts]
    if unknown:
        rows |= latest.lock(unknown, now=now)
        targets = Targets([*targets.queues, *unknown], targets.levels, targets.others)
    return targets, {scope: parts[scope.pk] for scope in targets.others if scope.pk in parts}


def _work_out(
    organization: Organization,
    targets: Targets,
    others: Others,
    broken: frozenset[Scope],
    near: Surroundings,
    at: datetime,
) -> Worked:
    unknown = {key_of(scope): Part(Totals(), "no_data") for scope in broken}
    worked = work_out(
        load_inputs.load(organization, [queue for queue in targets.queues if queue not in broken], at),
        near,
        at,
        others={key_of(scope): part for scope, (part, _) in others.items()} | unknown,
        levels=[key_of(scope) for scope in targets.levels],
    )
    worked.queues.update(unknown)
    return worked


def key_of(scope: Scope) -> Key:
    return scope.department_id, scope.queue_name


def _figures(
    targets: Targets, worked: Worked, others: Others, rows: Mapping[int, CurrentKPI], judging: Judging, at: datetime
) -> list[Figure[Scope]]:
    """Return the figures of queues, then of the levels above them, whose states are those of their queues."""

    def of(scope: Scope, part: Part, inside: Sequence[Inside] = ()) -> Figure[Scope]:
        measured = worked.measured.get(key_of(scope))
        overrides = () if measured is None else measured.rules.limits
        derive = partial(
            figure,
            scope,
            at,
            judging=judging,
            limits=judging.thresholds.limits(overrides),
            day_ratio=worked.ratio,
            memory=_memory(rows[scope.pk], at),
            inside=inside,
        )
        try:
            return derive(part)
        except UNREACHABLE:
            raise
        except Exception as error:  # of one scope; the figures of the others do not wait for it
            broken_queues.report({scope: error})
            return derive(Part(Totals(), "no_data", closed_until=part.closed_until, is_deferred=part.is_deferred))

    queues = [of(scope, worked.queues[key_of(scope)]) for scope in targets.queues]
    states = {each.scope: each.state for each in queues} | {scope: state for scope, (_, state) in others.items()}
    inside = _inside(states)
    return queues + [
        of(level, worked.levels[key_of(level)], inside.get(level.department_id, ())) for level in targets.levels
    ]


def _inside(states: Mapping[Scope, State]) -> dict[str, list[Inside]]:
    """Return the queues of each department; '' is the organization."""
    found: dict[str, list[Inside]] = {}
    for scope, state in states.items():
        for department_id in {scope.department_id, ""}:
            found.setdefault(department_id, []).append(Inside(scope.queue_name, state))
    return found


def _memory(row: CurrentKPI, at: datetime) -> Memory | None:
    """Return the state's memory. It says nothing of instants before the newest figure, nor of ones much later than
    itself: nobody knows what held in between."""
    memory = latest.memo(row).memory
    if memory is None or row.time is None or at < row.time or at - memory.at > MEMORABLE:
        return None
    return memory


def _newest(targets: Targets, rows: Mapping[int, CurrentKPI], at: datetime) -> dict[Key, Scope]:
    """The scopes for which this instant is not older than their newest figure."""
    every = [*targets.queues, *targets.levels]
    return {key_of(scope): scope for scope in every if (time := rows[scope.pk].time) is None or time <= at}


def _is_late(found: Figure[Scope], row: CurrentKPI) -> bool:
    return row.time is not None and found.at < row.time


def _is_news(found: Figure[Scope], row: CurrentKPI) -> bool:
    idle = found.part.idle
    if row.time is None:
        return idle != "no data"
    forgotten = found.at - row.time > FORGOTTEN and not row.idle
    if found.at < row.time or (idle == "no data" and forgotten):
        return False
    return not idle or idle != row.idle or row.as_of != found.part.as_of


@dataclass(slots=True)
class _Draft:
    figure: Figure[Scope]
    row: CurrentKPI
    before: Before
    payload: KPIChanged

    @classmethod
    def of(
        cls, found: Figure[Scope], row: CurrentKPI, past: Mapping[int, Before], judging: Judging, now: datetime
    ) -> "_Draft":
        late = _is_late(found, row)
        before = past.get(row.pk, Before()) if late else latest.before(row, found.at, judging.baseline_within)
        key = uuid4() if before.stored is None else before.stored.snapshot_id
        drafted = payload(found, snapshot_id=str(key), computed_at=now, latest=not late, baseline=before.baseline)
        return cls(found, row, before, drafted)

    def published_before(self, began: datetime, manual: bool) -> KPIChanged | None:
        """The same figure of the same instant, if another run published it. Manual requests republish, unless another
        run published while they waited for the lock."""
        stored = self.before.stored
        if stored is None or (manual and stored.saved_at <= began):
            return None
        try:
            before = msgspec.json.decode(stored.figure, type=KPIChanged)
        except msgspec.MsgspecError:
            return None  # of another version, or damaged: this one takes its place
        return before if before == structs.replace(self.payload, computed_at=before.computed_at) else None

    def snapshot(self, saved_at: datetime) -> KPISnapshot:
        return KPISnapshot(
            id=UUID(self.payload.snapshot_id),
            scope=self.figure.scope,
            time=self.figure.at,
            saved_at=saved_at,
            expires_at=latest.expires_at(self.row, self.figure.at, self.payload.computed_at),
            figure=msgspec.json.encode(self.payload),
        )


def _store(news: Sequence[_Draft]) -> dict[Scope, Computed]:
    """Save and publish; the newest of each scope becomes current."""
    if not news:
        return {}
    saved_at = clock.now()
    snapshots = [draft.snapshot(saved_at) for draft in news]
    newest = [pair for pair in zip(news, snapshots, strict=True) if pair[0].payload.latest]
    before = [latest.advance(draft.row, draft.figure, snapshot) for draft, snapshot in newest]
    state_changes.save(zip((draft.figure for draft, _ in newest), before, strict=True))
    latest.save(snapshots, [draft.row for draft, _ in newest])
    refs = publish("kpi", [(draft.figure.scope, partial(_as_built, draft.payload)) for draft in news])
    return {draft.figure.scope: Computed(draft.payload, ref) for draft, ref in zip(news, refs, strict=True)}


def _as_built(payload: KPIChanged) -> KPIChanged:
    return payload
