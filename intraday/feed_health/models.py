"""Feeds as the server knows them: one row for each credential and kind of data that it posts."""

from datetime import datetime

from django.db import models

from intraday.feed_health.offset import Offset
from intraday.org.models import Organization


class Feed(models.Model):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="feeds", db_index=False)
    source = models.CharField(max_length=150, help_text="The API key or person that posts.")
    kind = models.CharField(max_length=16)
    last_received_at = models.DateTimeField()
    newest_data_time = models.DateTimeField(null=True)
    cadence_seconds = models.FloatField(null=True, help_text="Typical step between data times, as learned.")
    queues = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="The queues it feeds, as `department<tab>queue`, and the day it last did.",
    )
    offset_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)
    offset_since = models.DateTimeField(null=True)
    offset_count = models.PositiveIntegerField(default=0, db_default=0)
    last_error = models.TextField(blank=True, default="")
    last_error_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "source", "kind"], name="feed_once")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.kind} from {self.source}"

    @property
    def offset(self) -> Offset:
        return Offset(self.offset_minutes, self.offset_since, self.offset_count)

    @offset.setter
    def offset(self, found: Offset) -> None:
        self.offset_minutes, self.offset_since, self.offset_count = found.minutes, found.since, found.count

    def behind_minutes(self, now: datetime) -> int | None:
        """Return by how many minutes the feed's times are steadily wrong; None where nothing says so."""
        return self.offset.behind_minutes(cadence_seconds=self.cadence_seconds, now=now)


class FeedMinute(models.Model):
    """Rows taken and refused in one minute of one feed."""

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="minutes", db_index=False)
    minute = models.DateTimeField()
    accepted = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "minute"], name="feed_minute_once")]

    def __str__(self) -> str:
        return f"{self.feed} at {self.minute:%H:%M}"
