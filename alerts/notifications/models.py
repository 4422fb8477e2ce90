"""Channels that alerts are sent to, routes of alerts to recipients, and deliveries."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models.functions import Now

from alerts.choices import Severity
from alerts.models import Notification
from alerts.notifications import kinds
from intraday.encryption.at_rest import decrypt, encrypt
from intraday.org.models import Organization


class Channel(models.Model):
    """A recipient that is no person: a program, a chat, a shared mailbox.

    `address` and `secret` are encrypted at rest, except for mailboxes. A plain value of another kind was stored by a
    process of an older version: it counts, being the newest, until it is encrypted (alerts.notifications.at_rest).
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="alert_channels", db_index=False)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=kinds.choices)
    plain_address = models.CharField(max_length=500, db_column="address", blank=True, default="", editable=False)
    plain_secret = models.CharField(max_length=100, db_column="secret", blank=True, default="", editable=False)
    plain_since = models.DateTimeField(
        db_default=Now(), editable=False, help_text="When it was made, or came from an older version."
    )
    sealed_address = models.TextField(blank=True, default="", db_default="", editable=False)
    sealed_secret = models.TextField(blank=True, default="", db_default="", editable=False)
    sealed_former_secret = models.TextField(blank=True, default="", db_default="", editable=False)
    former_until = models.DateTimeField(
        null=True, editable=False, help_text="Until then messages are signed with the former secret, too."
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="alert_channel_once")]
        ordering = ["organization", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The mailbox, or the URL. Raises UnreadableError."""
        return self.plain_address or decrypt(self.sealed_address)

    @address.setter
    def address(self, text: str) -> None:
        is_mailbox = self.kind == kinds.MAIL
        self.plain_address, self.sealed_address = (text, "") if is_mailbox else ("", encrypt(text))

    @property
    def secret(self) -> str:
        """The secret that signs, or that the receiver asks for; '' if there is none. Raises UnreadableError."""
        return self.plain_secret or decrypt(self.sealed_secret)

    @secret.setter
    def secret(self, text: str) -> None:
        self.plain_secret, self.sealed_secret = "", encrypt(text)

    @property
    def has_secret(self) -> bool:
        return bool(self.plain_secret or self.sealed_secret)

    def secrets_in_force(self, now: datetime) -> list[str]:
        """Return the secrets to sign with, the newest first. Raises UnreadableError."""
        is_over = self.former_until is None or self.former_until <= now
        return [each for each in (self.secret, "" if is_over else decrypt(self.sealed_former_secret)) if each]


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
