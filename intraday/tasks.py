"""Rounds over organizations, started by beat; each calls the services in the order of causes.

A round sends one task per organization, so that workers share them: the organization whose last run is longest ago
comes first, and one whose last task still waits is not sent another (intraday.jobs.turns). Where the last run of an
organization is still at work, its lease is held.

The names of tasks and leases are older than those of some functions here. They stay, because workers of older versions
know the jobs by them.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import structlog
from celery import Task, shared_task
from django.db import OperationalError

import alerts.notifications.services
import alerts.selectors
import alerts.services
import attendance.selectors
import attendance.services
import backlog.selectors
import backlog.services
import intraday.feed_health.selectors
import kpi.selectors
import kpi.services
from intraday.clock.database import clock
from intraday.jobs import dirty, turns
from intraday.jobs.leases import HeldLease, LeaseLostError, lease
from intraday.jobs.runs import Outcome
from intraday.org.models import Organization

log = structlog.get_logger(__name__)

DIRTY_SECONDS = 5
ALL_SECONDS = 5
FULL_SECONDS = 50
"""The age at which a full judgement is due again: with the wait for a round and for a worker it stays below 60."""
TIMERS_SECONDS = 15
UNREACHABLE_SECONDS = 600
NOTIFY_SECONDS = 15
LOST_SECONDS = 60
"""A task that nobody has begun after so long, or after two rounds, is sent again."""
FULL_LOCK_SECONDS = 15
"""A full judgement waits for the run over new facts that is under way; no other begins beside it."""


class JobIncompleteError(Exception):
    """A part of the job failed, and was logged; the others are done."""


@shared_task
def round_dirty() -> None:
    """Every DIRTY_SECONDS: organizations with new facts."""
    due = turns.without_tired("judge_dirty", dirty.organizations())
    _ask(judge_dirty, "judge_dirty", due, every=DIRTY_SECONDS)


@shared_task
def round_all() -> None:
    """Every ALL_SECONDS: organizations whose full judgement is FULL_SECONDS old, because data age and intervals end
    without any new fact. Each follows its own last run, so that the runs of many spread by themselves."""
    every = set(Organization.objects.values_list("pk", flat=True))
    turns.forget_others("judge_all", every)
    active = every & _active_organizations()
    turns.note_idle("judge_all", every - active, rest=FULL_SECONDS)
    _ask(judge_all, "judge_all", active, every=ALL_SECONDS, rest=FULL_SECONDS)


def _active_organizations() -> set[str]:
    """Return the organizations of which anything is known: in the others there is nothing to judge."""
    return set().union(
        dirty.organizations(),
        intraday.feed_health.selectors.organizations(),
        attendance.selectors.organizations(),
        backlog.selectors.organizations(),
        kpi.selectors.organizations(),
        alerts.selectors.organizations_with_open_alerts(),
    )


@shared_task(name="intraday.tasks.round_attend")
def round_timers() -> None:
    """Every TIMERS_SECONDS: organizations in which somebody may be waiting."""
    _ask(run_timers, "attend", alerts.selectors.organizations_with_open_alerts(), every=TIMERS_SECONDS)


@shared_task(name="intraday.tasks.round_sweep")
def round_unreachable() -> None:
    """Every UNREACHABLE_SECONDS: organizations whose open alerts may have lost their rule or scope."""
    _ask(resolve_unreachable, "sweep", alerts.selectors.organizations_with_open_alerts(), every=UNREACHABLE_SECONDS)


def _ask(task: Task, job: str, organization_ids: Collection[str], *, every: float, rest: float = 0.0) -> None:
    asked, at = turns.ask(job, organization_ids, lost_after=max(LOST_SECONDS, 2 * every, 2 * rest), rest=rest)
    sent = 0
    try:
        for organization_id in asked:
            task.apply_async((organization_id,), headers={"asked_at": at.isoformat()})
            sent += 1
    finally:
        turns.withdraw(job, asked[sent:])  # the broker was away: the next round asks again


def _asked_at(task: Task) -> datetime | None:
    """Return when a round asked for this task; None if it was started by hand or by a round of an older version."""
    told = task.request.get("asked_at") or (task.request.headers or {}).get("asked_at")
    return None if told is None else datetime.fromisoformat(told)


@shared_task(bind=True, throws=(JobIncompleteError,))
def judge_dirty(self: Task, organization_id: str) -> Outcome:
    """Compute what new facts change: the figures of their scopes and of the levels above, then the alerts on them."""
    return _in_turn(self, "judge_dirty", organization_id, _judge_dirty, unless="judge_all")


def _judge_dirty(held: HeldLease) -> None:
    _step(held, attendance.services.recount)  # what a process that died has left
    marks = dirty.marked(held.organization_id)
    if not marks.scopes:
        return
    _step(held, backlog.services.roll_up)
    scopes = _step(held, kpi.services.compute_touched, scopes=marks.scopes) or marks.scopes
    _step(held, alerts.services.evaluate, scopes=[scope.pk for scope in scopes])
    if held.done:
        dirty.clear(marks)
    _notify_soon()


@shared_task(bind=True, throws=(JobIncompleteError,))
def judge_all(self: Task, organization_id: str) -> Outcome:
    """All figures of an organization, then all its alerts, new facts included. Who is late by now counts in the KPIs of
    now."""
    return _in_turn(self, "judge_all", organization_id, _judge_all, lock_seconds=FULL_LOCK_SECONDS)


def _judge_all(held: HeldLease) -> None:
    _step(held, attendance.services.recount)
    _step(held, attendance.services.refresh)
    marks = dirty.marked(held.organization_id)
    _step(held, backlog.services.roll_up)
    _step(held, kpi.services.compute_all)
    _step(held, alerts.services.evaluate, new_facts=bool(marks.scopes))
    if held.done:
        dirty.clear(marks)
    _notify_soon()


@shared_task(bind=True, name="intraday.tasks.attend", throws=(JobIncompleteError,))
def run_timers(self: Task, organization_id: str) -> Outcome:
    """Run the timers of alerts: escalations, acknowledgements that ran out, silences that begin and end."""
    return _in_turn(self, "attend", organization_id, _run_timers)


def _run_timers(held: HeldLease) -> None:
    _step(held, alerts.services.run_timers)
    _notify_soon()


@shared_task(bind=True, name="intraday.tasks.sweep", throws=(JobIncompleteError,))
def resolve_unreachable(self: Task, organization_id: str) -> Outcome:
    """Resolve alerts whose rule or scope is gone."""
    return _in_turn(self, "sweep", organization_id, _resolve_unreachable)


def _resolve_unreachable(held: HeldLease) -> None:
    _step(held, alerts.services.resolve_unreachable)


def _in_turn(task: Task, job: str, organization_id: str, work: Callable[[HeldLease], None], **options: Any) -> Outcome:
    """Do the work under the lease of the job; skip it where that is held or the turn is over."""
    with lease(job, organization_id, asked_at=_asked_at(task), **options) as held:
        return Outcome.SKIPPED if held is None else _run(held, work)


def _run(held: HeldLease, work: Callable[[HeldLease], None]) -> Outcome:
    """Do the work. Raises JobIncompleteError where a step of it failed."""
    try:
        work(held)
    except LeaseLostError as error:
        log.warning("lease_lost", job=held.job, organization_id=held.organization_id, error=str(error))
        held.done = False
        return Outcome.SKIPPED
    if not held.done:
        raise JobIncompleteError(f"{held.job} of {held.organization_id}: see step_failed in the log")
    return Outcome.DONE


def _step(held: HeldLease, service: Callable[..., Any], **arguments: Any) -> Any:
    """Call the service in a transaction of the lease; the steps that follow do not wait for one that failed."""
    try:
        with held.transaction():
            return service(organization_id=held.organization_id, now=clock.now(), **arguments)
    except LeaseLostError:
        raise
    except OperationalError as error:  # a lock was not to be had, or the database is away: no bug, so no traceback
        place = {"job": held.job, "organization_id": held.organization_id, "step": service.__name__}
        log.warning("step_not_possible", **place, error=str(error).strip())
        held.done = False
        return None
    except Exception:
        log.exception("step_failed", job=held.job, organization_id=held.organization_id, step=service.__name__)
        held.done = False
        return None


@shared_task(name="intraday.tasks.tell")
def send_notifications() -> Outcome:
    """Send due notifications: every NOTIFY_SECONDS, and after judgements that left some.

    One run at a time, so a receiver that does not answer occupies one worker at most.
    """
    with lease("tell", seconds=2 * NOTIFY_SECONDS) as held:
        if held is None:
            return Outcome.SKIPPED
        alerts.notifications.services.send_due(clock=clock.now)
        return Outcome.DONE


def _notify_soon() -> None:
    """Start the sending from a job, not on commit of the change: a request must not wait for a broker that is away."""
    if alerts.notifications.services.anything_due(now=clock.now()):
        asked, _ = turns.ask("tell", [""], lost_after=2 * NOTIFY_SECONDS)
        if asked:
            send_notifications.apply_async()
