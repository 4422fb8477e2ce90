"""Marks on scopes whose figures are to be worked out, the turns of organizations in each job, and counts of runs."""

from django.db import models
from django.db.models.functions import Now

from intraday.org.models import Scope


class DirtyScope(models.Model):
    """New facts came in for this scope since it was last judged: the first at `first_marked_at`, the last at
    `marked_at`."""

    scope = models.OneToOneField(Scope, models.CASCADE, primary_key=True, related_name="+")
    marked_at = models.DateTimeField()
    first_marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.scope)


class Lease(models.Model):
    """The turns of an organization ('' for all of them) in a job: asked for, begun, done, by the database's clock.

    While `expires_at` lies ahead the job is at work and nobody else starts it. In the database, so that two beats or a
    slow run do no harm, and Redis is not needed for it.
    """

    job = models.CharField(max_length=64)
    organization_id = models.CharField(max_length=64, blank=True, default="")
    holder = models.CharField(max_length=32)
    expires_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    """The time at which a round sent the task that no worker has begun yet."""
    begun_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    """The end of the last run that did all its work."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "organization_id"], name="lease_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.organization_id}".strip()


class JobRun(models.Model):
    """All runs of a job so far, by any worker. `runs` counts those that did their work or failed."""

    job = models.CharField(primary_key=True, max_length=128)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0, db_default=0)
    """Tasks with nothing to do: another worker was at it, or had been since the task was sent."""
    expired = models.PositiveBigIntegerField(default=0, db_default=0)
    """Tasks that were dropped, because they had waited too long (those of older versions only)."""
    seconds_total = models.FloatField(default=0)
    last_seconds = models.FloatField(default=0)
    last_begun_at = models.DateTimeField(null=True)
    last_succeeded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.job
