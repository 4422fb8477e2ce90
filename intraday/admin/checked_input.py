"""Check addresses and forms of the admin beyond the fields that forms check themselves.

Django reads keys and lookups from them as they stand: text where a column holds numbers would be an error of the
server, an expression in a lookup the database's time.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, ValidationError
from django.db import models
from django.http import HttpRequest

SAFE_LOOKUPS = frozenset({"", "exact", "isnull", "in", "id__exact", "pk__exact", "year", "month", "day", "gte", "lt"})
"""Endings of the query parameters that filters make; others, such as `startswith`, would read a field bit by bit."""


def is_key(field: models.Field, text: str) -> bool:
    """Tell whether the column may hold this value."""
    try:
        field.run_validators(field.get_prep_value(field.to_python(text)))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return False
    return "\0" not in text


class CheckedInput(admin.ModelAdmin):
    """Base class that the site puts before every page."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field or None)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(is_key(self.model._meta.pk, text) for text in chosen):
            raise BadRequest("A row was chosen by something that is no key of this page.")
        if any("\0" in text for name, texts in request.GET.lists() for text in (name, *texts)):
            raise BadRequest("An address holds a NUL, which no database takes.")
        return super().changelist_view(request, extra_context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the lookups that the filters on the page make, and no others."""
        names = [_parameter(each) for each in self.list_filter]
        names += [self.date_hierarchy] if self.date_hierarchy else []
        endings = {lookup[len(name) :].removeprefix("__") for name in names if _begins(lookup, name)}
        return bool(endings & SAFE_LOOKUPS)


def _parameter(stated: Any) -> str:
    """Return the name that a filter has in the address: its own, or that of its field."""
    return str(getattr(stated, "parameter_name", stated[0] if isinstance(stated, tuple) else stated))


def _begins(lookup: str, name: str) -> bool:
    return lookup == name or lookup.startswith(f"{name}__")


class KeySelect(AutocompleteSelect):
    """A choice with suggestions that shows nothing where something was posted that is no key."""

    def optgroups(self, name: str, value: Iterable[Any], attr: dict[str, Any] | None = None) -> Any:
        key = self.field.remote_field.model._meta.pk
        return super().optgroups(name, [each for each in value if is_key(key, str(each))], attr)
