"""An alert, a rule and a silence that every caller asks about: one in dept_456, one beside it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from alerts import rule_services
from alerts.models import Alert, Rule, Silence
from alerts.rules import validation
from alerts.rules.coverage import dedup_key
from intraday.org.models import Organization, Scope
from tests.alerts.world import BUSY, OWNER

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
RULE: dict[str, Any] = {**BUSY, "name": "busy"}
SILENCE: dict[str, Any] = {"ends_at": (timezone.now() + timedelta(hours=1)).isoformat(), "comment": "works"}
ALERTS = {"own": "11111111-0000-4000-8000-000000000001", "beside": "11111111-0000-4000-8000-000000000002"}
RULES = {"org": "22222222-0000-4000-8000-000000000001", "own": "22222222-0000-4000-8000-000000000002"}
SILENCES = {"own": "33333333-0000-4000-8000-000000000001", "beside": "33333333-0000-4000-8000-000000000002"}
VIEWS = {"own": "44444444-0000-4000-8000-000000000001"}  # nobody's: each caller has only her own
DEPARTMENTS = {"own": "dept_456", "beside": "dept_789"}


def named(path: str, asked: str) -> str:
    """The path with the ids of what is asked about."""
    for name, ids in (("alert_id", ALERTS), ("rule_id", RULES), ("silence_id", SILENCES), ("view_id", VIEWS)):
        path = path.replace(f"<uuid:{name}>", ids.get(asked, ""))
    return path


def make(organization: Organization) -> None:
    for name, pk in RULES.items():
        fields = {**validation.with_defaults(RULE), "name": f"rule {name}"}
        del fields["escalation"]
        Rule.objects.create(id=pk, organization=organization, created_at=NOW, changed_at=NOW, **fields)
    rule = Rule.objects.get(pk=RULES["org"])
    for name, department in DEPARTMENTS.items():
        scope = Scope.objects.get(organization=organization, department_id=department, queue_name="support")
        _alert(rule, scope, ALERTS[name])
        fields = {"department_id": department, "comment": "works", "ends_at": timezone.now() + timedelta(hours=1)}
        silence = rule_services.create_silence(
            organization=organization, fields=fields, actor=OWNER, now=timezone.now()
        )
        Silence.objects.filter(pk=silence.pk).update(id=SILENCES[name])


def _alert(rule: Rule, scope: Scope, pk: str) -> None:
    seen = dict.fromkeys(("triggered_at", "waiting_since", "reminded_at", "last_seen_at"), NOW)
    said = {name: getattr(rule, name) for name in ("alert_type", "source", "metric", "severity")}
    Alert.objects.create(
        id=pk,
        organization=rule.organization,
        scope=scope,
        rule=rule,
        dedup_key=dedup_key(rule.pk, scope, "condition"),
        rule_name=rule.name,
        rule_version=1,
        message="busy",
        **said,
        **seen,
    )
