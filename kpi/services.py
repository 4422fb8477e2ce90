"""Writing the KPI domain: inputs and settings in, figures out."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from intraday.audit import services as audit
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from kpi.computing import remembered_queues, runs, volume_drops
from kpi.computing import targets as targets_of
from kpi.computing.remembered_queues import RememberedQueues
from kpi.computing.runs import Computed
from kpi.computing.targets import Targets
from kpi.ingest import stored_rows
from kpi.ingest.rows import ForecastRow as ForecastRow
from kpi.ingest.rows import IntervalRow as IntervalRow
from kpi.models import Holiday, OrganizationSettings, QueueSettings
from kpi.retention import purge as purge

ingest = stored_rows.store_intervals
ingest_forecast = stored_rows.store_forecasts


def compute(*, organization: Organization, scope: Scope, as_of: datetime, now: datetime) -> Computed:
    """Work out a scope, and all within it, for that instant, because somebody asked; always told."""
    audit.record("kpi.computed", organization_id=organization.id, target=str(scope), after={"as_of_time": as_of})
    return _compute(organization, scope, as_of=as_of, now=now)


def _compute(organization: Organization, scope: Scope, *, as_of: datetime, now: datetime) -> Computed:
    known = remembered_queues.read(organization)
    targets = targets_of.inside(known.scopes, scope)
    return runs.run(organization=organization, targets=targets, known=known, at=as_of, now=now, manual=True)[scope]


@transaction.atomic
def confirm_volume(*, organization: Organization, scope: Scope, by: str, now: datetime) -> Computed:
    """Note that a drop in volume is real, and work out the scope anew."""
    volume_drops.confirm(scope, by=by, now=now)
    audit.record("volume.confirmed", organization_id=organization.id, target=str(scope))
    return _compute(organization, scope, as_of=now, now=now)


def compute_touched(*, organization_id: str, scopes: Collection[Scope], now: datetime) -> list[Scope]:
    """Work out the queues of scopes that have new facts, and the levels above them: all scopes whose alerts are to be
    judged."""
    organization = Organization.objects.get(pk=organization_id)
    known = remembered_queues.take(organization, scopes)
    targets = targets_of.touched(known.scopes, scopes)
    _run(organization, targets, known, now)
    return [*targets.queues, *targets.levels]


def compute_all(*, organization_id: str, now: datetime) -> None:
    """Work out everything: ages grow, feeds fall silent and intervals end without any new fact."""
    organization = Organization.objects.get(pk=organization_id)
    known = remembered_queues.read(organization)
    _run(organization, targets_of.everything(known.scopes), known, now)


def _run(organization: Organization, targets: Targets, known: RememberedQueues, now: datetime) -> None:
    """Compute at a full second, so that rounds within one second publish their figures once."""
    at = now.replace(microsecond=0)
    runs.run(organization=organization, targets=targets, known=known, at=at, now=now, manual=False)


@transaction.atomic
def save_queue_settings(settings: QueueSettings, *, now: datetime) -> None:
    """Raises django.core.exceptions.ValidationError."""
    settings.full_clean(validate_unique=False)
    before = audit.stored(settings)
    settings.save()
    _record("queue_settings.saved", settings.scope, before, settings)
    dirty.mark([settings.scope], now=now)


@transaction.atomic
def configure(scope: Scope, settings: Mapping[str, Any], *, now: datetime) -> None:
    """Settings for a queue that has none yet: what somebody chose stays. Raises ValidationError."""
    if not QueueSettings.objects.filter(scope=scope).exists():
        save_queue_settings(QueueSettings(scope=scope, **settings), now=now)


@transaction.atomic
def remove_queue_settings(settings: Collection[QueueSettings], *, now: datetime) -> None:
    """The queues are run by the defaults from now on."""
    dirty.mark([each.scope for each in settings], now=now)
    for each in settings:
        _record("queue_settings.removed", each.scope, audit.fields_of(each), None)
    QueueSettings.objects.filter(pk__in=[each.pk for each in settings]).delete()


@transaction.atomic
def save_organization_settings(settings: OrganizationSettings, *, now: datetime) -> None:
    """Raises django.core.exceptions.ValidationError."""
    settings.full_clean(validate_unique=False)
    before = audit.stored(settings)
    settings.save()
    for scope in _whole([settings.organization_id]):
        _record("organization_settings.saved", scope, before, settings)
    dirty.mark(_whole([settings.organization_id]), now=now)


@transaction.atomic
def remove_organization_settings(organization_ids: Collection[str], *, now: datetime) -> None:
    """Remove settings of organizations; the defaults hold from now on."""
    for scope in _whole(organization_ids):
        audit.record("organization_settings.removed", organization_id=scope.organization_id)
    OrganizationSettings.objects.filter(pk__in=organization_ids).delete()
    dirty.mark(_whole(organization_ids), now=now)


def _whole(organization_ids: Collection[str]) -> QuerySet[Scope]:
    return Scope.objects.filter(organization__in=organization_ids, department_id="", queue_name="")


@transaction.atomic
def save_holiday(holiday: Holiday, *, now: datetime) -> None:
    before = audit.stored(holiday)
    holiday.save()
    _record("holiday.saved", holiday.scope, before, holiday)
    dirty.mark([holiday.scope], now=now)


@transaction.atomic
def remove_holidays(holidays: Collection[Holiday], *, now: datetime) -> None:
    dirty.mark([each.scope for each in holidays], now=now)
    for each in holidays:
        _record("holiday.removed", each.scope, audit.fields_of(each), None)
    Holiday.objects.filter(pk__in=[each.pk for each in holidays]).delete()


def _record(action: str, scope: Scope, before: audit.Fields | None, row: Model | None) -> None:
    after = None if row is None else audit.fields_of(row)
    audit.record(action, organization_id=scope.organization_id, target=str(scope), before=before, after=after)
