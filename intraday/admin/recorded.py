"""Admin pages whose own saving and deleting leaves entries in the audit log."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from intraday.audit import services as audit


class Recorded(admin.ModelAdmin):
    """Base class of all pages. One whose `save_model` or `delete_model` calls a service leaves the entry to that."""

    audit_kind: ClassVar[str] = ""
    """The first half of the actions of its entries; empty: the name of the model."""

    def organization_of(self, obj: models.Model) -> str:
        """Return the id of the organization whose audit log tells of this row; '' is the installation's."""
        return ""

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        before = audit.stored(obj) if change else None
        super().save_model(request, obj, form, change)
        self._record("changed" if change else "created", obj, before, audit.fields_of(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record("removed", obj, audit.fields_of(obj), None)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete one by one, so that each leaves its entry and goes through the service of its page."""
        for row in queryset:
            self.delete_model(request, row)

    def _record(self, deed: str, obj: models.Model, before: audit.Fields | None, after: audit.Fields | None) -> None:
        organization = self.organization_of(obj)
        if not organization:  # erasures walk the logs of organizations: that of the installation names nobody
            before = after = None
        action = f"{self.audit_kind or obj._meta.model_name}.{deed}"
        audit.record(action, organization_id=organization, target=str(obj), before=before, after=after)
