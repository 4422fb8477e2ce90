"""Keep when the state of a scope changes: figures are thinned after two days, stories of shifts are told for longer."""

from collections.abc import Iterable

import msgspec

from intraday.org.models import Scope
from kpi.models import StateChange
from kpi.pipeline.figure import Figure


def save(newest: Iterable[tuple[Figure[Scope], str]]) -> None:
    """Store what these figures change; each comes with the level before it, '' where nothing was known."""
    rows = [
        StateChange(
            scope=found.scope,
            at=found.at,
            before=before,
            level=found.state.level,
            reasons=msgspec.to_builtins(found.state.reasons),
        )
        for found, before in newest
        if found.state.level != before
    ]
    if rows:
        StateChange.objects.bulk_create(rows)
