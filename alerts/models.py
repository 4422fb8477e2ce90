"""Rules, their state in each scope, alerts, silences, and the outbox of notifications."""

import uuid

from django.db import models

from alerts.choices import (
    AlertKind,
    Level,
    NoDataMode,
    Operator,
    Resolution,
    Severity,
    Source,
    Status,
    Transition,
)
from intraday.org.models import Organization, Scope


class Rule(models.Model):
    """A condition on a metric, with the people to notify. Only alerts.rule_services writes it and keeps its history.

    A deleted rule stays, because its alerts refer to it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=128)
    alert_type = models.CharField(max_length=64, help_text="What screens group by, such as sla_risk or understaffed.")
    source = models.CharField(max_length=16, choices=Source.choices())
    metric = models.CharField(max_length=64)
    operator = models.CharField(max_length=2, choices=Operator.choices())
    threshold = models.JSONField(help_text="A number, or one of the metric's words.")
    clear_threshold = models.JSONField(
        null=True, blank=True, help_text="Healthy again beyond this; else the threshold."
    )
    severity = models.CharField(max_length=8, choices=Severity.choices())
    evaluate_each = models.CharField(max_length=16, choices=Level.choices(), default=Level.QUEUE)
    department_id = models.CharField(max_length=64, blank=True, default="", help_text="Only this department.")
    queue_name = models.CharField(max_length=128, blank=True, default="", help_text="Only queues of this name.")
    for_seconds = models.PositiveIntegerField(default=0)
    recover_for_seconds = models.PositiveIntegerField(default=120)
    cooldown_seconds = models.PositiveIntegerField(default=300)
    no_data_mode = models.CharField(max_length=16, choices=NoDataMode.choices(), default=NoDataMode.KEEP_LAST)
    no_data_for_seconds = models.PositiveIntegerField(default=300)
    auto_resolve = models.BooleanField(default=True)
    ack_timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    repeat_seconds = models.PositiveIntegerField(null=True, blank=True)
    active_hours = models.JSONField(default=list, blank=True, help_text="Windows of the week; none: always.")
    time_zone = models.CharField(
        max_length=64, blank=True, default="", help_text="Of the hours; else the organization's."
    )
    runbook = models.CharField(max_length=200, blank=True, default="")
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=models.Q(deleted_at=None), name="alert_rule_name_once"
            )
        ]
        ordering = ["organization", "name"]

    def __str__(self) -> str:
        return self.name


class EscalationStep(models.Model):
    """A step of escalation: notify `to` when an alert has waited for a person for `after_seconds`."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="escalation", db_index=False)
    after_seconds = models.PositiveIntegerField()
    to = models.CharField(max_length=128, help_text="A role, a person or a channel.")
    raise_severity = models.CharField(max_length=8, choices=Severity.choices(), blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "after_seconds"], name="escalation_step_once")]
        ordering = ["rule", "after_seconds"]

    def __str__(self) -> str:
        return f"{self.to} after {self.after_seconds} s"


class RuleChange(models.Model):
    """A line of history of a rule: `changes` is {field: [old, new]}. Append-only."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="history")
    version = models.PositiveIntegerField()
    action = models.CharField(max_length=16)
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    changes = models.JSONField(default=dict)

    class Meta:
        ordering = ["rule", "version"]

    def __str__(self) -> str:
        return f"{self.rule} {self.action} by {self.actor}"


class Round(models.Model):
    """The last evaluation of an organization. Its row is locked during a run, and while rules change."""

    organization = models.OneToOneField(Organization, models.CASCADE, primary_key=True, related_name="+")
    judged_at = models.DateTimeField(null=True)
    row_version: int | None = None
    """The version of the row, if it was asked for (intraday.database.row_versions)."""

    def __str__(self) -> str:
        return f"{self.organization_id} at {self.judged_at}"


class RuleState(models.Model):
    """The state of a rule in a scope (alerts.rules.machine.State). Most have no row, which means in order."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="states", db_index=False)
    scope = models.ForeignKey(Scope, models.CASCADE, related_name="+")
    phase = models.CharField(max_length=16)
    since = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    data = models.CharField(max_length=16)
    data_since = models.DateTimeField(null=True)
    cooling = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "scope"], name="rule_state_once")]

    def __str__(self) -> str:
        return f"{self.rule} in {self.scope}: {self.phase}"


class Alert(models.Model):
    """One time that a rule fired in a scope. While it is open, its copies of the rule's fields follow edits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="alerts", db_index=False)
    scope = models.ForeignKey(Scope, models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(Rule, models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=16, choices=AlertKind.choices(), default=AlertKind.CONDITION)
    dedup_key = models.CharField(max_length=64)
    previous = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")

    rule_name = models.CharField(max_length=128)
    rule_version = models.PositiveIntegerField()
    alert_type = models.CharField(max_length=64)
    source = models.CharField(max_length=16, choices=Source.choices())
    metric = models.CharField(max_length=64)
    unit = models.CharField(max_length=32, blank=True, default="")
    severity = models.CharField(max_length=8, choices=Severity.choices())
    message = models.CharField(max_length=500)
    threshold_value = models.JSONField(null=True)
    runbook = models.CharField(max_length=200, blank=True, default="")

    status = models.CharField(max_length=16, choices=Status.choices(), default=Status.PENDING)
    version = models.PositiveIntegerField(default=1)
    triggered_at = models.DateTimeField()
    waiting_since = models.DateTimeField(help_text="When it began to wait for a person; timers run from here.")
    reminded_at = models.DateTimeField(help_text="When people were last told that it waits.")
    breaching_since = models.DateTimeField(null=True, help_text="When its condition began to hold, by the data's time.")
    last_seen_at = models.DateTimeField()
    occurrence_count = models.PositiveIntegerField(default=1)
    current_value = models.JSONField(null=True)
    peak_value = models.JSONField(null=True)
    condition_cleared_at = models.DateTimeField(null=True)

    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=150, blank=True, default="")
    resolution = models.CharField(max_length=16, choices=Resolution.choices(), blank=True, default="")
    note = models.TextField(blank=True, default="")
    snoozed_until = models.DateTimeField(null=True)
    suppressed = models.BooleanField(default=False)
    escalation_level = models.PositiveSmallIntegerField(default=0)
    escalated_at = models.DateTimeField(null=True)

    told_severity = models.CharField(
        max_length=8,
        choices=Severity.choices(),
        blank=True,
        default="",
        db_default="",
        help_text="As people were told; a graver one is told.",
    )
    published_at = models.DateTimeField(null=True, help_text="When its last event went out.")
    moved = models.BooleanField(
        default=False, db_default=False, help_text="Whether its value or message changed since that event."
    )

    class Meta:
        constraints = [
            # However many workers decide at once: at most one alert per rule, scope and kind is open.
            models.UniqueConstraint(
                fields=["dedup_key"], condition=~models.Q(status="resolved"), name="one_open_alert_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-triggered_at", "-id"], name="alert_by_time"),
            models.Index(fields=["dedup_key", "-resolved_at"], name="alert_by_key"),
            models.Index(fields=["organization"], condition=~models.Q(status="resolved"), name="open_alert"),
            models.Index(
                fields=["organization", "resolved_at"], condition=models.Q(status="resolved"), name="resolved_alert"
            ),
        ]
        ordering = ["-triggered_at", "-id"]

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.scope}"


class AlertAudit(models.Model):
    """A line for each change of an alert, and for each alert held back by a cooldown. Append-only."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="audit")
    at = models.DateTimeField()
    from_status = models.CharField(max_length=16, blank=True, default="")
    to_status = models.CharField(max_length=16)
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=64)
    note = models.TextField(blank=True, default="")
    value = models.JSONField(null=True)
    threshold = models.JSONField(null=True)
    rule_version = models.PositiveIntegerField()
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["alert", "id"]

    def __str__(self) -> str:
        return f"{self.from_status} -> {self.to_status}: {self.reason}"


class Silence(models.Model):
    """Alerts that match all fields are raised, but nobody is notified. It ends by itself.

    With `weekly` it holds only within those hours of the week, in the organization's time zone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="silences", db_index=False)
    rule = models.ForeignKey(Rule, models.CASCADE, null=True, blank=True, related_name="silences")
    source = models.CharField(max_length=16, choices=Source.choices(), blank=True, default="")
    severity = models.CharField(max_length=8, choices=Severity.choices(), blank=True, default="")
    department_id = models.CharField(max_length=64, blank=True, default="")
    queue_name = models.CharField(max_length=128, blank=True, default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    weekly = models.JSONField(default=list, blank=True)
    comment = models.CharField(max_length=500)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organization", "ends_at"], name="silence_by_end")]
        ordering = ["-ends_at"]

    def __str__(self) -> str:
        return f"{self.comment} until {self.ends_at:%Y-%m-%d %H:%M}"


class Notification(models.Model):
    """The outbox (alerts.notifications.notification_outbox): written with the transition, sent later."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notifications")
    transition = models.CharField(max_length=16, choices=Transition.choices())
    to = models.CharField(
        max_length=128, blank=True, default="", help_text="Recipient of an escalation; empty: the recipients of routes."
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, help_text="When it was sent, or dropped.")
    outcome = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=models.Q(settled_at=None), name="notification_due")]
        ordering = ["due_at", "id"]

    def __str__(self) -> str:
        return f"{self.transition} of {self.alert}"
