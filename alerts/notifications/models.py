"""Channels that alerts are sent to, routes of alerts to recipients, and deliveries."""

import uuid

from django.db import models

from alerts.choices import Severity
from alerts.models import Notification
from intraday.org.models import Organization


class ChannelKind(models.TextChoices):
    WEBHOOK = "webhook", "webhook (JSON, signed)"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    MAIL = "mail", "mailbox"


class Channel(models.Model):
    """A recipient that is no person: a program, a chat, a shared mailbox. Its address is as secret as its secret."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="alert_channels")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=ChannelKind)
    address = models.CharField(max_length=500)
    secret = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="alert_channel_once")]
        ordering = ["organization", "name"]

    def __str__(self) -> str:
        return self.name


class Route(models.Model):
    """A route of alerts of a place, from a severity up, to a role, a channel or a person."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="alert_routes")
    to = models.CharField(max_length=150, help_text="A role, a channel or a person.")
    minimum_severity = models.CharField(max_length=8, choices=Severity.choices(), default=Severity.HIGH)
    department_id = models.CharField(max_length=64, blank=True, default="", help_text="Only of this department.")
    queue_name = models.CharField(max_length=128, blank=True, default="", help_text="Only of queues of this name.")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["organization", "to", "id"]

    def __str__(self) -> str:
        place = " / ".join(part for part in (self.department_id, self.queue_name) if part)
        return f"{self.to}: {self.minimum_severity} and graver{f' of {place}' if place else ''}"


class Outcome(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Delivery(models.Model):
    """A notification on its way to one recipient: a channel, or the address of a person.

    Claimed by a conditional UPDATE that counts the attempt and moves `due_at` to when the claim has run out, so a
    worker that dies holds nothing back for longer than that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries")
    to = models.CharField(max_length=310, help_text="As people call the recipient.")
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, related_name="deliveries")
    mailbox = models.CharField(max_length=254, blank=True, default="")
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.WAITING)
    detail = models.CharField(max_length=300, blank=True, default="")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=models.Q(settled_at=None), name="delivery_due")]
        ordering = ["notification", "to"]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.notification} to {self.to}"
