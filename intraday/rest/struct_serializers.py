"""Serializers of structs, for the OpenAPI document: the shape of a payload is written down once, as its struct."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect, structs
from rest_framework import serializers

_PLAIN: dict[type[inspect.Type], type[serializers.Field]] = {
    inspect.FloatType: serializers.FloatField,
    inspect.IntType: serializers.IntegerField,
    inspect.StrType: serializers.CharField,
    inspect.BoolType: serializers.BooleanField,
    inspect.DateTimeType: serializers.DateTimeField,
}


@cache
def serializer_of(struct: type[msgspec.Struct]) -> type[serializers.Serializer]:
    """Return the shape of a struct on the wire, under its name and with its docstring."""
    return described(struct, struct.__name__, struct.__doc__)


def described(
    struct: type[msgspec.Struct],
    name: str,
    doc: str | None,
    texts: Mapping[str, str] = {},
    **instead: serializers.Field,
) -> type[serializers.Serializer]:
    """Return the shape of a struct with a help text for some of its fields, and other fields `instead` of some."""
    fields = {
        # A copy, because fields are listed in the order in which they are made.
        field.name: deepcopy(instead[field.name]) if field.name in instead else _described(field, texts.get(field.name))
        for field in structs.fields(struct)
    }
    return type(name, (serializers.Serializer,), {**fields, "__doc__": doc})


def _described(field: structs.FieldInfo, help_text: str | None) -> serializers.Field:
    required = field.default is not msgspec.UNSET
    return _field(inspect.type_info(field.type), required=required, help_text=help_text)


def _field(shape: inspect.Type, **options: Any) -> serializers.Field:
    if isinstance(shape, inspect.UnionType):
        [one] = [each for each in shape.types if not isinstance(each, inspect.NoneType)]
        return _field(one, allow_null=shape.includes_none, **options)
    if isinstance(shape, inspect.StructType):
        return serializer_of(shape.cls)(**options)
    if isinstance(shape, inspect.ListType):
        return serializers.ListField(child=_field(shape.item_type), **options)
    if isinstance(shape, inspect.LiteralType):
        return serializers.ChoiceField(choices=list(shape.values), **options)
    if isinstance(shape, inspect.DictType):
        return serializers.DictField(child=serializers.CharField(), **options)
    return _PLAIN[type(shape)](**options)
