"""Load an organization's now for what-if and for suggestions."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

import attendance.selectors
from intraday.org.models import Organization, Scope
from kpi import hours
from kpi.advice.suggestions import Adviser, ComingBreak
from kpi.advice.wording import Advice, advice
from kpi.computing import latest
from kpi.computing.day_reading import every_queue, key_of, sharing
from kpi.day.outcomes import Situation
from kpi.day.schedule import planned_heads
from kpi.day.what_if import Change, WhatIf
from kpi.day.what_if import what_if as compare
from kpi.loading import load_inputs
from kpi.models import CurrentKPI
from kpi.pipeline.organization import work_out


def what_if(scope: Scope, change: Change, source: Scope | None, *, now: datetime) -> WhatIf:
    """Compare the queue as it is with the changed one. Raises NotWorkedOutError and TooFewAgentsError of
    kpi.day.what_if."""
    if source is not None:
        change = change._replace(source=key_of(source))
    organization, scopes = scope.organization, [scope, *([source] if source else [])]
    found = _situation(organization, scopes, every_queue(organization), _instant_of_figure(scope, now))
    return compare(found, key_of(scope), change)


def suggestions(scope: Scope, *, within: Collection[str] | None, now: datetime) -> tuple[datetime, list[Advice]]:
    """Return the instant of the figures, and what would help the queues inside the scope. `within` are the departments
    that the caller is limited to."""
    organization, at = scope.organization, _instant_of_figure(scope, now)
    every = every_queue(organization)
    asked = [each for each in every if _is_inside(each, scope)]
    found = _situation(organization, asked, every, at)
    zone = ZoneInfo(organization.time_zone)
    _, end_of_day = hours.local_day(at, zone)
    adviser = Adviser(
        situation=found,
        end_of_day=end_of_day,
        breaks=_breaks(organization, at, end_of_day),
        within=None if within is None else {key_of(each) for each in every if each.department_id in within},
    )
    return at, [advice(each, adviser, zone) for each in adviser.suggestions([key_of(each) for each in asked])]


def _breaks(organization: Organization, at: datetime, until: datetime) -> list[ComingBreak]:
    return [ComingBreak(*each) for each in attendance.selectors.coming_breaks(organization.pk, at=at, until=until)]


def _is_inside(queue: Scope, scope: Scope) -> bool:
    if scope.queue_name:
        return queue.pk == scope.pk
    return scope.department_id in ("", queue.department_id)


def _situation(
    organization: Organization, scopes: Collection[Scope], every: Collection[Scope], at: datetime
) -> Situation:
    """Work out these queues and those that share people with them; of `every` other, what was last worked out."""
    near = load_inputs.surroundings(organization, at)
    _, end_of_day = hours.local_day(at, ZoneInfo(organization.time_zone))
    spans = load_inputs.spans_between(organization, at, end_of_day)
    keys = {key_of(each) for each in scopes}
    serving = [*(span.serves for span in spans), *(group.serves for group in near.groups)]
    chosen = keys | sharing(keys, serving)
    others = [each for each in every if key_of(each) not in chosen]
    known = latest.load_parts(others)
    inputs = load_inputs.load(organization, [each for each in every if key_of(each) in chosen], at)
    worked = work_out(inputs, near, at, others={key_of(each): known[each.pk][0] for each in others if each.pk in known})
    planned = planned_heads(
        spans,
        {each.queue.key: each.rest for each in inputs},
        {each.queue.key: each.queue.rules for each in inputs},
    )
    return Situation(worked=worked, near=near, planned=planned, at=at)


def _instant_of_figure(scope: Scope, now: datetime) -> datetime:
    """The instant of the scope's newest figure, so that "as it is" equals what screens show; now without a new one."""
    row = CurrentKPI.objects.filter(scope=scope, time__isnull=False).first()
    if row is None or row.time is None or not now - load_inputs.SHOWN <= row.time <= now:
        return now
    return row.time
