"""A post of rows, and what became of each row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from django.db import transaction

from intraday.org.models import Organization, Scope
from intraday.org.scope_names import Resolved, ScopeName, resolve_scopes
from realtime.publish import EventRef

Result = Literal["created", "corrected", "duplicate", "late", "superseded"]


class Row(Protocol):
    """A valid row by the names of its model."""

    @property
    def scope_name(self) -> ScopeName:
        """The scope that the row names."""


R = TypeVar("R", bound=Row)


@dataclass(slots=True)
class RowResult:
    """Result of a stored row, the time of its data, its scope, and its place in the log if it was news."""

    result: Result
    time: datetime
    scope: ScopeName
    id: Mapping[str, str] = field(default_factory=dict)
    """The id under which the row was stored, by the name of the field that has it in the answer."""
    event: EventRef | None = None


@dataclass(slots=True)
class Ingested:
    """Results of the stored rows, errors of the others, and what feeds should look at: by index of the row."""

    results: dict[int, RowResult] = field(default_factory=dict)
    errors: dict[int, Any] = field(default_factory=dict)
    warnings: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: "Ingested") -> None:
        self.results |= other.results
        self.errors |= other.errors
        self.warnings |= other.warnings

    def warn(self, index: int, *texts: str) -> None:
        if texts:
            self.warnings.setdefault(index, []).extend(texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Generic[R]):
    """Rows of one organization, and how to take them.

    `within`: the departments to which the caller is limited; rows outside are errors. `atomic` stores nothing unless
    every row can be stored; `dry_run` stores nothing at all.
    """

    organization: Organization
    rows: Mapping[int, R]
    now: datetime
    within: frozenset[str] | None = None
    atomic: bool = False
    dry_run: bool = False

    def resolve(self, done: Ingested) -> Resolved:
        """Find the scopes of the rows, creating new ones; note the errors of rows that name none."""
        names = {index: row.scope_name for index, row in self.rows.items()}
        resolved = resolve_scopes(self.organization, list(names.values()), create=True, within=self.within)
        done.errors |= {index: resolved.errors[name] for index, name in names.items() if name in resolved.errors}
        return resolved

    def by_scope(self, resolved: Resolved) -> dict[Scope, list[tuple[int, R]]]:
        """Group the rows that name a scope by it."""
        grouped: dict[Scope, list[tuple[int, R]]] = {}
        for index, row in self.rows.items():
            if row.scope_name in resolved.scopes:
                grouped.setdefault(resolved.scopes[row.scope_name], []).append((index, row))
        return grouped

    def is_refused(self, done: Ingested) -> bool:
        """Tell whether nothing is to be stored because of errors; undo what other rows named first."""
        refused = self.atomic and bool(done.errors)
        if refused:
            transaction.set_rollback(True)
        return refused

    def warn_of_new_scopes(self, resolved: Resolved, done: Ingested) -> None:
        names = {index: self.rows[index].scope_name for index in self.rows if index not in done.errors}
        for index, texts in resolved.news(names, dry_run=self.dry_run).items():
            done.warn(index, *texts)

    def end(self, done: Ingested) -> Ingested:
        """Undo everything after a dry run."""
        if self.dry_run:
            transaction.set_rollback(True)
            for result in done.results.values():
                result.event = None
        return done
