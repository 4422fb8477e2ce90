from typing import Any, NoReturn

from django.db import models


class AppendOnlyError(Exception):
    """Code tried to change or remove entries of the audit log."""

    def __init__(self) -> None:
        super().__init__("Entries of the audit log are added and purged, never changed: record another one.")


class Entries(models.QuerySet["AuditEntry"]):
    def update(self, **_: Any) -> NoReturn:
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError


class AuditEntry(models.Model):
    """One action. It holds names rather than keys of other rows: the entry outlives its subject."""

    at = models.DateTimeField(db_index=True)
    organization_id = models.CharField(max_length=64, blank=True, default="", help_text="Empty: the installation.")
    actor = models.CharField(max_length=150, help_text="The person, key, link or command.")
    action = models.CharField(max_length=64, help_text="Such as `rule.changed`.")
    target = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(null=True, help_text="The fields that changed, as they were.")
    after = models.JSONField(null=True, help_text="The fields that changed, as they are since.")
    address = models.CharField(max_length=45, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    objects = Entries.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-id"], name="audit_of_organization")]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor}: {self.action} {self.target}".strip()

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(**kwargs)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnlyError
