"""Check addresses and forms of the admin beyond the fields that forms check themselves.

Django reads keys and lookups from them as they stand: text where a column holds numbers would be an error of the
server, an expression in a lookup the database's time.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial, wraps
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, ValidationError
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from intraday.values.calendar import EARLIEST, LATEST_YEAR, is_taken

SAFE_LOOKUPS = frozenset({"", "exact", "isnull", "in", "id__exact", "pk__exact", "year", "month", "day", "gte", "lt"})
"""Endings of the query parameters that filters make; others, such as `startswith`, would read a field bit by bit."""
LONGEST_SEARCH = 200
"""Characters of a search; each of its words is looked for in each of the fields."""
YEARS = frozenset(str(year) for year in range(EARLIEST.year, LATEST_YEAR + 1))


def valid_year(day: date) -> None:
    """Raise ValidationError for a date or an instant outside the years that are taken."""
    if not is_taken(day):
        raise ValidationError(f"Expected a day of the years {EARLIEST.year} to {LATEST_YEAR}.")


def is_key(field: models.Field, text: str) -> bool:
    """Tell whether the column may hold this value."""
    try:
        field.run_validators(field.get_prep_value(field.to_python(text)))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return False
    return "\0" not in text


class StorableJSON(json.JSONDecoder):
    """Refuses JSON that Python reads and no database stores: NUL, half characters, infinite or endless numbers."""

    def decode(self, text: str, *_: Any) -> Any:
        try:
            value = super().decode(text)
            stored = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), text[:64], 0) from None
        if b"\\u0000" in stored.replace(b"\\\\", b""):
            raise json.JSONDecodeError("holds a NUL", text[:64], 0)
        return value


class DefaultForEmptyJSON(forms.JSONField):
    """Takes no text, and `null`, for the default of a column that holds no NULL, such as an empty list."""

    def __init__(self, *, default: Callable[[], Any], **options: Any) -> None:
        super().__init__(**options)
        self._default = default

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        return self._default() if cleaned is None else cleaned


def refusing_nul(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Return the view with an error for addresses whose parameters hold a NUL, which no database takes."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if any("\0" in text for name, texts in request.GET.lists() for text in (name, *texts)):
            raise BadRequest("An address holds a NUL, which no database takes.")
        return view(request, *args, **kwargs)

    return checked


class CheckedInput(admin.ModelAdmin):
    """Base class that the site puts before every page."""

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            kwargs.setdefault("decoder", StorableJSON)
            if not db_field.null and db_field.has_default():
                kwargs.setdefault("form_class", partial(DefaultForEmptyJSON, default=db_field.get_default))
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, models.DateField):  # or its subclass of instants
            field.validators.append(valid_year)
        return field

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field or None)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(is_key(self.model._meta.pk, text) for text in chosen):
            raise BadRequest("A row was chosen by something that is no key of this page.")
        return super().changelist_view(request, extra_context)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return super().get_search_results(request, queryset, search_term[:LONGEST_SEARCH])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the lookups that the filters on the page make, and no others."""
        names = [_parameter(each) for each in self.list_filter]
        names += [self.date_hierarchy] if self.date_hierarchy else []
        endings = {lookup[len(name) :].removeprefix("__") for name in names if _begins(lookup, name)}
        return bool(endings & SAFE_LOOKUPS) and ("year" not in endings or value in YEARS)


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
