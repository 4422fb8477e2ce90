"""Backlog snapshots with their reported values, the figures derived from these, and the newest of each scope."""

import uuid

from django.db import models

from intraday.database.fast_json import FastJSONField
from intraday.org.models import Scope


class FlowSource(models.TextChoices):
    EXPLICIT = "explicit", "counts of the interval"
    COUNTERS = "counters", "difference of counters"
    NET_INFERRED = "net_inferred", "net change: lower bounds"
    NONE = "none", "first snapshot"


class Trend(models.TextChoices):
    GROWING = "growing"
    STABLE = "stable"
    DECREASING = "decreasing"


class Quality(models.TextChoices):
    OK = "ok"
    PARTIAL = "partial"
    STALE = "stale"


class Snapshot(models.Model):
    """The work that waited in a scope at one instant: first the reported values, then the figures derived from them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.ForeignKey(Scope, models.CASCADE, related_name="backlog_snapshots", db_index=False)
    time = models.DateTimeField()
    received_at = models.DateTimeField()
    derived = models.BooleanField(default=False, help_text="Rolled up from queues rather than posted.")

    total_items = models.PositiveBigIntegerField()
    average_wait_minutes = models.FloatField()
    items_over_sla = models.PositiveBigIntegerField(null=True)
    items_at_risk = models.PositiveBigIntegerField(null=True)
    reported_compliance = models.FloatField(null=True, db_column="stated_compliance")
    reported_added = models.PositiveBigIntegerField(null=True, db_column="stated_added")
    reported_completed = models.PositiveBigIntegerField(null=True, db_column="stated_completed")
    added_total = models.PositiveBigIntegerField(null=True)
    completed_total = models.PositiveBigIntegerField(null=True)
    oldest_age_minutes = models.FloatField(null=True)
    age_profile = models.JSONField(null=True, help_text="Items at least so old: [{older_than_minutes, items}].")

    over_sla = models.PositiveBigIntegerField(null=True)
    compliance = models.FloatField(null=True)
    # Below zero only above queues: where a feed corrected an earlier count downwards.
    added = models.BigIntegerField(default=0)
    completed = models.BigIntegerField(default=0)
    flow_source = models.CharField(max_length=16, choices=FlowSource, default=FlowSource.NONE)
    interval_seconds = models.FloatField(null=True)
    added_per_hour = models.FloatField(null=True)
    completed_per_hour = models.FloatField(null=True)
    trend = models.CharField(max_length=16, choices=Trend, default=Trend.STABLE)
    slope_per_hour = models.FloatField(null=True)
    quality = models.CharField(max_length=16, choices=Quality, default=Quality.OK)

    thinned = models.BooleanField(
        default=False, db_default=False, help_text="It stands for its quarter of an hour, with the flows of all in it."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "time"], name="backlog_snapshot_once")]
        indexes = [models.Index(fields=["thinned", "received_at"], name="backlog_snapshot_age")]
        ordering = ["scope", "time"]

    def __str__(self) -> str:
        return f"{self.scope} at {self.time:%Y-%m-%d %H:%M:%S}: {self.total_items}"


class CurrentBacklog(models.Model):
    """The newest snapshot of a scope. Its row is locked before anything newer is derived, in scope order.

    `window` holds the last points, so that flows, rates and trend of a new snapshot never read the history.

    A queue's `day_added` and `day_completed` are the running totals of the flows of its snapshots of `day`, the local
    day of the newest one; `earlier_days` has those of the days before. Above queues, they are the sums of the
    published figures of `day` (backlog.ingest.daily_totals).
    """

    scope = models.OneToOneField(Scope, models.CASCADE, primary_key=True, related_name="current_backlog")
    snapshot = models.ForeignKey(Snapshot, models.SET_NULL, null=True, related_name="+")
    time = models.DateTimeField(null=True)
    fresh_until = models.DateTimeField(null=True)
    cadence_seconds = models.FloatField(null=True)
    window = FastJSONField(default=list)
    day = models.DateField(null=True)
    day_added = models.BigIntegerField(default=0, db_default=0)
    day_completed = models.BigIntegerField(default=0, db_default=0)
    earlier_days = FastJSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    rolled_up_to = models.BigIntegerField(
        default=0, db_default=0, help_text="Of an organization: the head of its stream that its levels follow."
    )

    class Meta:
        verbose_name_plural = "current backlog"

    def __str__(self) -> str:
        return str(self.scope)
