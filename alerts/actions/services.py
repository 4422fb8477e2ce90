"""Note what people do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from alerts.actions.events import ActionNoted, as_stored
from alerts.actions.models import Action
from intraday.audit import services as audit
from intraday.database import batches
from intraday.org.models import Scope
from realtime.publish import publish


@transaction.atomic
def note(
    *,
    scope: Scope,
    source: Scope | None,
    kind: str,
    by: str,
    now: datetime,
    agents: int | None = None,
    until: datetime | None = None,
    note: str = "",
    predicted: Sequence[dict[str, Any]] = (),
) -> Action:
    """Store an action, enter it in the audit log and tell others."""
    action = Action.objects.create(
        organization_id=scope.organization_id,
        scope=scope,
        source=source,
        kind=kind,
        agents=agents,
        noted_at=now,
        noted_by=by[:150],
        until=until,
        note=note,
        predicted=as_stored(list(predicted)),
    )
    audit.record(
        "action.noted",
        organization_id=scope.organization_id,
        target=str(scope),
        after={"kind": kind, "agents": agents, "from": str(source) if source else None, "until": until, "note": note},
    )
    publish("alerts", [(scope, lambda: ActionNoted.of(action))])
    return action


def purge(*, now: datetime) -> int:
    """Delete actions that are older than alerts may become; return how many."""
    return batches.delete(Action.objects.filter(noted_at__lt=now - settings.KEEP_ALERTS))
