"""The event log, and the reports of each server process."""

import secrets
from datetime import timedelta

from django.db import models

from intraday.org.models import Organization

ALIVE = timedelta(seconds=6)  # a process that has not reported for so long (three reports) is not counted


def new_epoch() -> str:
    return secrets.token_hex(4)


class Stream(models.Model):
    """All events of one channel in one organization, in one gapless order.

    `head` is the seq of the newest event; events up to `tail` may be gone. Positions of another epoch mean nothing.
    """

    name = models.CharField(primary_key=True, max_length=96)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="streams")
    channel = models.CharField(max_length=16)
    epoch = models.CharField(max_length=16, default=new_epoch)
    head = models.BigIntegerField(default=0)
    tail = models.BigIntegerField(default=0)
    tail_moved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """All events of one stream in one commit: `index` says where in `body` each event's bodies lie (eventlog.store)."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="segments", db_index=False)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    committed_at = models.DateTimeField()
    index = models.BinaryField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "last_seq"], name="segment_once")]
        indexes = [models.Index(fields=["stream", "committed_at"], name="segment_age")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.first_seq}-{self.last_seq}"


class Cursor(models.Model):
    """The position up to which a client has acknowledged a stream, under a durable name (realtime.hub.cursors)."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="cursors")
    user_id = models.CharField(max_length=150)
    name = models.CharField(max_length=64)
    stream = models.CharField(max_length=96)  # its row may be younger: streams are made by their first event
    epoch = models.CharField(max_length=16, blank=True, default="")  # empty until it is moved
    seq = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=32)  # the id of the connection that may move it
    moved_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "name", "stream"], name="cursor_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.name} {self.stream}"


class EventName(models.Model):
    """A name that an organization gave to events of its own. A name that is not used for weeks is forgotten."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="event_names", db_index=False)
    name = models.CharField(max_length=97)
    used_on = models.DateField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="event_name_once")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.name}"


class Process(models.Model):
    """A server process, as it reports itself every second; one that stopped reporting is gone."""

    id = models.CharField(primary_key=True, max_length=32)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    degraded = models.BooleanField(default=False)
    counters = models.JSONField(default=dict)
    occupancy = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="Connections by organization, and below each by credential; '' is all of the organization.",
    )
    refusals = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="Requests refused at a limit in the last hour, by organization and limit.",
    )

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Connection(models.Model):
    """A client connected to a process, as that process last reported it."""

    id = models.CharField(primary_key=True, max_length=32)
    process = models.ForeignKey(Process, models.CASCADE, related_name="connections")
    organization_id = models.CharField(max_length=64, blank=True, default="", db_index=True)
    user_id = models.CharField(max_length=150, blank=True, default="")
    role = models.CharField(max_length=16, blank=True, default="")
    connected_at = models.DateTimeField()
    rooms = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.id
