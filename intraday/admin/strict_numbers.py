"""Number fields of the admin that refuse ambiguous numbers: Django alone reads `1.000` as 1."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models

from intraday.values.numerals import advice, is_ambiguous


class _Unambiguous(forms.Field):
    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and is_ambiguous(value):
            raise forms.ValidationError(advice(value), code="ambiguous")
        return super().to_python(value)


class FloatField(_Unambiguous, forms.FloatField):
    pass


class IntegerField(_Unambiguous, forms.IntegerField):
    pass


class StrictNumbers(admin.options.BaseModelAdmin):
    """A mixin of ModelAdmin classes. Number fields of its forms refuse text that can be read in two ways."""

    formfield_overrides: ClassVar[dict[type[models.Field], dict[str, Any]]] = {
        models.FloatField: {"form_class": FloatField},
        models.IntegerField: {"form_class": IntegerField},
        models.PositiveIntegerField: {"form_class": IntegerField},
        models.PositiveSmallIntegerField: {"form_class": IntegerField},
    }
