from django.db import models

from intraday.org.models import Organization, Scope


class Kind(models.TextChoices):
    """Kinds of actions. The first four are what suggestions propose."""

    MOVE = "move"
    HOLD_BREAKS = "hold_breaks"
    CALL_IN = "call_in"
    TIME_OFF = "time_off"
    OTHER = "other"


class Action(models.Model):
    """A deed of a person for a scope, with the effect that a suggestion predicted of it. Never changed."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="actions", db_index=False)
    scope = models.ForeignKey(Scope, models.CASCADE, related_name="actions")
    source = models.ForeignKey(
        Scope, models.CASCADE, null=True, related_name="+", help_text="The queue that agents came from."
    )
    kind = models.CharField(max_length=16, choices=Kind)
    agents = models.PositiveIntegerField(null=True)
    noted_at = models.DateTimeField()
    noted_by = models.CharField(max_length=150)
    until = models.DateTimeField(null=True)
    note = models.TextField(blank=True, default="")
    predicted = models.JSONField(default=list, help_text="The effect on each queue, as the suggestion told it.")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="action_of_organization"),
            models.Index(fields=["organization", "noted_at"], name="action_by_time"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} for {self.scope}"
