"""Marks on scopes whose figures are to be worked out, and leases of jobs."""

from django.db import models

from intraday.org.models import Scope


class DirtyScope(models.Model):
    """New facts came in for this scope since its figures were last worked out."""

    scope = models.OneToOneField(Scope, models.CASCADE, primary_key=True, related_name="+")
    marked_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.scope)


class Lease(models.Model):
    """A job of an organization ('' for all of them) is at work until `expires_at`: nobody else starts it.

    In the database, so that two beats or a slow run do no harm, and Redis is not needed for it.
    """

    job = models.CharField(max_length=64)
    organization_id = models.CharField(max_length=64, blank=True, default="")
    holder = models.CharField(max_length=32)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "organization_id"], name="lease_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.organization_id}".strip()


class JobRun(models.Model):
    """All runs of a job so far, by any worker."""

    job = models.CharField(primary_key=True, max_length=128)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    seconds_total = models.FloatField(default=0)
    last_seconds = models.FloatField(default=0)
    last_begun_at = models.DateTimeField(null=True)
    last_succeeded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.job
