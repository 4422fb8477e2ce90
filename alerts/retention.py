"""Purge alerts after their time, each with its audit and deliveries; a deleted rule goes after its last alert."""

from datetime import datetime

from django.conf import settings
from django.db.models import Exists, F, OuterRef, QuerySet

from alerts.choices import Status
from alerts.evaluation import scopes
from alerts.models import Alert, Round, Rule, RuleChange, RuleState, Silence
from intraday.database import batches
from intraday.org.models import Organization


def purge(*, now: datetime) -> int:
    """Delete what is older than KEEP_ALERTS, and the states that no evaluation reads; return how many rows."""
    limit = now - settings.KEEP_ALERTS
    gone = sum(_purge_organization(pk, limit) for pk in Organization.objects.values_list("pk", flat=True))
    gone += batches.delete(Silence.objects.filter(ends_at__lt=limit))
    gone += batches.delete(RuleChange.objects.filter(at__lt=limit, version__lt=F("rule__version")))
    return gone + batches.delete(_deleted_rules(limit))


def _purge_organization(organization_id: str, limit: datetime) -> int:
    """Take turns with evaluations: they refer to the last alert of a rule, and write its states."""
    lock = Round.objects.filter(pk=organization_id)
    gone = batches.delete(_resolved(organization_id, limit), lock=lock)
    states = batches.delete(_unreachable_states(organization_id), lock=lock)
    if states:
        lock.update(judged_at=F("judged_at"))  # its row's version says that states have changed
    return gone + states


def _resolved(organization_id: str, limit: datetime) -> QuerySet[Alert]:
    """Select old resolved alerts, without those that an open one names as its previous."""
    later = Alert.objects.filter(previous=OuterRef("pk")).exclude(status=Status.RESOLVED)
    old = Alert.objects.filter(organization=organization_id, status=Status.RESOLVED, resolved_at__lt=limit)
    return old.exclude(Exists(later))


def _unreachable_states(organization_id: str) -> QuerySet[RuleState]:
    """Select the states in scopes whose queue or department is gone."""
    there = scopes.existing(organization_id).values("pk")
    return RuleState.objects.filter(scope__organization=organization_id).exclude(scope__in=there)


def _deleted_rules(limit: datetime) -> QuerySet[Rule]:
    return Rule.objects.filter(deleted_at__lt=limit).exclude(Exists(Alert.objects.filter(rule=OuterRef("pk"))))
