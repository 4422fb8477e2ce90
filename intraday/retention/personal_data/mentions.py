"""Find the rows and events of an organization that name a person, with what they would say without her name."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Field, JSONField, Model, Q, QuerySet

from intraday.audit import maintenance
from intraday.retention import tables
from intraday.retention.personal_data.columns import ACCOUNTS, EMPLOYEES, PROSE
from intraday.retention.personal_data.subject import Kind, Rewrite, Subject
from intraday.retention.tables import Table

Rewrites = dict[str, Rewrite]
"""The function that rewrites each text of a column, by column."""
ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class Mention:
    """A row that names her: the columns that do, as they are and as they would be."""

    row: Model
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def table(self) -> str:
        return tables.label(type(self.row))


def find(subject: Subject) -> Iterator[Mention]:
    for model, rewrites in _rewrites(subject).items():
        for row in _candidates(model, subject, rewrites).iterator(chunk_size=ROWS_AT_ONCE):
            if mention := _mention(subject, row, rewrites):
                yield mention


def has_acted(subject: Subject) -> bool:
    """Tell whether any column of names has hers; texts may mean somebody else."""
    return any(mention.before.keys() & set(ACCOUNTS.get(mention.table, ())) for mention in find(subject))


def erase(subject: Subject) -> dict[str, int]:
    """Replace her names by the pseudonym; return how many rows of each table changed."""
    changed: dict[str, int] = {}
    for model, rewrites in _rewrites(subject).items():
        keys = list(_candidates(model, subject, rewrites).values_list("pk", flat=True))
        for first in range(0, len(keys), ROWS_AT_ONCE):
            rows = _erase_rows(subject, model, keys[first : first + ROWS_AT_ONCE], rewrites)
            changed[tables.label(model)] = changed.get(tables.label(model), 0) + rows
    return {table: rows for table, rows in changed.items() if rows}


@transaction.atomic
def _erase_rows(subject: Subject, model: Table, keys: list[Any], rewrites: Rewrites) -> int:
    """Erase rows under the locks of their writers, in the order of these: writers keep what they have read."""
    maintenance.permit()
    rows = model._base_manager.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    found = [mention for row in rows if (mention := _mention(subject, row, rewrites))]
    for mention in found:
        model._base_manager.filter(pk=mention.row.pk).update(**mention.after)
    return len(found)


def _rewrites(subject: Subject) -> dict[Table, Rewrites]:
    found: dict[Table, Rewrites] = {}
    own = EMPLOYEES if subject.kind is Kind.EMPLOYEE else ACCOUNTS
    exact = subject.whole if subject.kind is Kind.EMPLOYEE else subject.leading
    for columns, rewrite in ((own, exact), (PROSE, subject.mentioned)):
        for label, names in columns.items():
            found.setdefault(apps.get_model(label), {}).update(dict.fromkeys(names, rewrite))
    return found


def _candidates(model: Table, subject: Subject, rewrites: Rewrites) -> QuerySet[Model]:
    """Select the rows whose columns contain one of her names anywhere."""
    anywhere = Q()
    for column in rewrites:
        for name in subject.names:
            anywhere |= _contains(model._meta.get_field(column), name)
    return tables.rows_of(model, subject.organization_id).filter(anywhere).order_by("pk")


def _contains(field: Any, name: str) -> Q:
    lookup = f"{field.name}__icontains"
    if not isinstance(field, JSONField):
        return Q(**{lookup: name})
    return Q(**{lookup: name}) | Q(**{lookup: json.dumps(name)[1:-1]})  # SQLite keeps JSON as it was spelled


def _mention(subject: Subject, row: Model, rewrites: Rewrites) -> Mention | None:
    before = {column: getattr(row, column) for column in rewrites}
    after = {
        column: _fitting(row._meta.get_field(column), subject.rewritten(before[column], rewrite))
        for column, rewrite in rewrites.items()
    }
    changed = [column for column in rewrites if before[column] != after[column]]
    if not changed:
        return None
    return Mention(row, {name: before[name] for name in changed}, {name: after[name] for name in changed})


def _fitting(field: "Field[Any, Any] | Any", value: Any) -> Any:
    return value[: field.max_length] if isinstance(value, str) and getattr(field, "max_length", None) else value
