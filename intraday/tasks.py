"""Rounds over organizations, started by beat; each calls the services in the order of causes.

A round sends one task per organization, so that workers share them. A task that waited longer than its round's period
is dropped: the next round says the same. Where the last one of an organization is still at work, its lease is held.

The names of tasks and leases are older than those of some functions here. They stay, because workers of older versions
know the jobs by them.
"""

from collections.abc import Iterable

from celery import Task, shared_task
from django.utils import timezone

import alerts.notifications.services
import alerts.selectors
import alerts.services
import attendance.services
import kpi.services
from intraday.jobs import dirty
from intraday.jobs.leases import lease
from intraday.org.models import Organization

DIRTY_SECONDS = 5
ALL_SECONDS = 60
TIMERS_SECONDS = 15
UNREACHABLE_SECONDS = 600
NOTIFY_SECONDS = 15


@shared_task
def round_dirty() -> None:
    """Every DIRTY_SECONDS: organizations with new facts."""
    _send(judge_dirty, dirty.organizations(), expires=DIRTY_SECONDS)


@shared_task
def round_all() -> None:
    """Every ALL_SECONDS: every organization, because data age and intervals end without any new fact."""
    ids = Organization.objects.order_by("pk").values_list("pk", flat=True)
    _send(judge_all, ids, expires=ALL_SECONDS)


@shared_task(name="intraday.tasks.round_attend")
def round_timers() -> None:
    """Every TIMERS_SECONDS: organizations in which somebody may be waiting."""
    _send(run_timers, alerts.selectors.organizations_with_open_alerts(), expires=TIMERS_SECONDS)


@shared_task(name="intraday.tasks.round_sweep")
def round_unreachable() -> None:
    """Every UNREACHABLE_SECONDS: organizations whose open alerts may have lost their rule or scope."""
    _send(resolve_unreachable, alerts.selectors.organizations_with_open_alerts(), expires=UNREACHABLE_SECONDS)


def _send(task: Task, organization_ids: Iterable[str], *, expires: float) -> None:
    for organization_id in organization_ids:
        task.apply_async((organization_id,), expires=expires)


@shared_task
def judge_dirty(organization_id: str) -> None:
    """Compute what new facts change: the figures of their scopes and of the levels above, then the alerts on them."""
    with lease("judge_dirty", organization_id) as held:
        if held:
            scopes = kpi.services.compute_dirty(organization_id=organization_id, now=timezone.now())
            if scopes:
                alerts.services.evaluate(
                    organization_id=organization_id, scopes=[scope.pk for scope in scopes], now=timezone.now()
                )
                _notify_soon()


@shared_task
def judge_all(organization_id: str) -> None:
    """All figures of an organization, then all its alerts. Who is late by now counts in the KPIs of now."""
    with lease("judge_all", organization_id) as held:
        if held:
            attendance.services.refresh(organization_id=organization_id, now=timezone.now())
            kpi.services.compute_all(organization_id=organization_id, now=timezone.now())
            alerts.services.evaluate(organization_id=organization_id, now=timezone.now())
            _notify_soon()


@shared_task(name="intraday.tasks.attend")
def run_timers(organization_id: str) -> None:
    """Run the timers of alerts: escalations, acknowledgements that ran out, silences that begin and end."""
    with lease("attend", organization_id, seconds=TIMERS_SECONDS) as held:
        if held:
            alerts.services.run_timers(organization_id=organization_id, now=timezone.now())
            _notify_soon()


@shared_task(name="intraday.tasks.sweep")
def resolve_unreachable(organization_id: str) -> None:
    """Resolve alerts whose rule or scope is gone."""
    with lease("sweep", organization_id) as held:
        if held:
            alerts.services.resolve_unreachable(organization_id=organization_id, now=timezone.now())


@shared_task(name="intraday.tasks.tell")
def send_notifications() -> None:
    """Send due notifications: every NOTIFY_SECONDS, and after judgements that left some.

    One run at a time, so a receiver that does not answer occupies one worker at most.
    """
    with lease("tell", seconds=2 * NOTIFY_SECONDS) as held:
        if held:
            alerts.notifications.services.send_due(clock=timezone.now)


def _notify_soon() -> None:
    """Start the sending from a job, not on commit of the change: a request must not wait for a broker that is away."""
    if alerts.notifications.services.anything_due(now=timezone.now()):
        send_notifications.apply_async(expires=NOTIFY_SECONDS)
