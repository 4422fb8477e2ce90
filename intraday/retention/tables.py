"""The tables whose rows belong to an organization, found in the models, so that none is forgotten."""

from collections.abc import Mapping
from functools import cache

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet

from intraday.org.models import Organization

Table = type[Model]


@cache
def paths() -> Mapping[Table, str]:
    """Return the lookup from each table to the id of the organization of its rows, the shortest one.

    It leads over foreign keys that are never null, or is a column of that name. Users belong to no organization.
    """
    found: dict[Table, str] = {Organization: "pk"}
    every = [model for model in apps.get_models(include_auto_created=True) if model is not Organization]
    while step := {model: path for model in every if model not in found and (path := _path(model, found))}:
        found |= step
    return found


def _path(model: Table, found: Mapping[Table, str]) -> str | None:
    for field in model._meta.concrete_fields:
        if field.name == "organization_id":
            return "organization_id"
    ways = [
        field.name if found[field.related_model] == "pk" else f"{field.name}__{found[field.related_model]}"
        for field in _references(model)
        if not field.null and field.related_model in found
    ]
    return min(ways, key=lambda way: way.count("__"), default=None)


def _references(model: Table) -> "list[ForeignKey[Model, Model]]":
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def dependents_first() -> list[Table]:
    """Return these tables in an order in which rows can be deleted: none before those that refer to it."""
    waiting, ordered = dict(paths()), list[Table]()
    while waiting:
        referred = {
            field.related_model for model in waiting for field in _references(model) if field.related_model is not model
        }
        free = [model for model in waiting if model not in referred]
        ordered += sorted(free, key=label)
        for model in free:
            del waiting[model]
    return ordered


def rows_of(model: Table, organization_id: str) -> QuerySet[Model]:
    return model._base_manager.filter(**{paths()[model]: organization_id})


def label(model: Table) -> str:
    return f"{model._meta.app_label}.{model.__name__}"
