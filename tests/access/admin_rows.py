"""One row of every admin page for an organization, each with a mark that no other page shows."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

import attendance.models
import backlog.models
from alerts.models import Alert, Rule, Silence
from alerts.notifications.models import Channel, Route
from alerts.rules import validation
from attendance.models import AttendanceRecord, AttendanceSettings, Person, Shift
from intraday.org.credentials import walls
from intraday.org.models import Department, Organization, Queue, Scope
from intraday.org.services import add_queues, create_api_key, create_organization, grant
from intraday.sign_in.models import GroupGrant, IdentityProvider
from kpi.models import Holiday, IntervalStats, OrganizationSettings, QueueSettings
from tests.alerts.world import BUSY


def make_all(mark: str) -> dict[type[models.Model], models.Model]:
    """Make an organization whose names all hold the mark (letters only); return a row of each model."""
    now = timezone.now()
    organization = create_organization(id=f"org_{mark}", name=f"Name {mark}")
    add_queues(organization, [(f"dept_{mark}", f"queue {mark}")])
    scope = Scope.objects.get(organization=organization, queue_name=f"queue {mark}")
    department = Scope.objects.get(organization=organization, department_id=f"dept_{mark}", queue_name="")
    rule, alert, silence = _alerts(organization, scope, mark)
    person = Person.objects.create(organization=organization, employee_id=f"id {mark}", name=f"person {mark}")
    channel = Channel.objects.create(
        organization=organization, name=f"channel {mark}", kind="mail", address=f"{mark}@example.com", secret=mark
    )
    spans: dict[str, Any] = {"start": now, "end": now + timedelta(minutes=30), "received_at": now}
    counts = dict.fromkeys(("offered", "answered", "answered_in_target", "abandoned"), 7)
    rows: list[models.Model] = [
        organization,
        Department.objects.get(organization=organization),
        Queue.objects.get(department__organization=organization),
        create_api_key(organization=organization, name=f"key {mark}", scopes=["read"])[0],
        walls.create(organization=organization, department_id="", name=f"wall {mark}", created_by=mark)[0],
        grant(user=User.objects.create_user(f"clerk.{mark}"), organization=organization),
        _group_grant(organization, mark),
        scope,
        rule,
        alert,
        silence,
        channel,
        Route.objects.create(organization=organization, to=channel.name, department_id=f"dept_{mark}"),
        AttendanceRecord.objects.create(
            person=person, time=now, received_at=now, status="present", department_id=f"dept_{mark}"
        ),
        Shift.objects.create(organization=organization, person=person, shift_id=f"shift {mark}", kind="work", **spans),
        attendance.models.Snapshot.objects.create(scope=department, time=now, received_at=now),
        backlog.models.Snapshot.objects.create(
            scope=scope, time=now, received_at=now, total_items=1, average_wait_minutes=1
        ),
        QueueSettings.objects.create(scope=scope),
        OrganizationSettings.objects.create(organization=organization),
        AttendanceSettings.objects.create(organization=organization),
        Holiday.objects.create(scope=scope, date=now.date(), name=f"holiday {mark}"),
        IntervalStats.objects.create(
            scope=scope, minutes=30, as_of=now, handle_seconds=1, available_seconds=1, agents=1, **spans, **counts
        ),
    ]
    return {type(row): row for row in rows}


def _alerts(organization: Organization, scope: Scope, mark: str) -> tuple[Rule, Alert, Silence]:
    now = timezone.now()
    fields = {**validation.with_defaults({**BUSY, "name": f"rule {mark}"}), "department_id": f"dept_{mark}"}
    del fields["escalation"]
    rule = Rule.objects.create(organization=organization, created_at=now, changed_at=now, **fields)
    alert = Alert.objects.create(
        organization=organization,
        scope=scope,
        rule=rule,
        dedup_key=str(uuid4()),
        rule_name=rule.name,
        rule_version=1,
        message=f"alert {mark}",
        **{name: getattr(rule, name) for name in ("alert_type", "source", "metric", "severity")},
        **dict.fromkeys(("triggered_at", "waiting_since", "reminded_at", "last_seen_at"), now),
    )
    ending = now + timedelta(hours=1)
    silence = Silence.objects.create(
        organization=organization,
        comment=f"silence {mark}",
        starts_at=now,
        ends_at=ending,
        created_by=mark,
        created_at=now,
    )
    return rule, alert, silence


def _group_grant(organization: Organization, mark: str) -> GroupGrant:
    """Make a grant of a group, of a provider that is the organization's own."""
    provider = IdentityProvider.objects.create(
        id=mark, name=f"provider {mark}", organization=organization, issuer=f"https://{mark}.example", client_id=mark
    )
    return GroupGrant.objects.create(provider=provider, group=f"group {mark}", organization=organization)
