"""The states of an organization's rules in its scopes: read by the first run of a process, written where they change.

Every run and every edit of a rule locks the organization's `Round`, and every run writes it, so the version of its row
and those of the rules tell whether another process has been at the states since.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction

from alerts.models import Round, RuleState
from alerts.rules.compiled_rule import CompiledRule
from alerts.rules.machine import IN_ORDER, Data, Phase, State
from intraday.database.row_versions import Version
from intraday.org.scoped import chosen
from intraday.values.remembered import Remembered

log = structlog.get_logger(__name__)

REMEMBERED = 500_000
"""States that a process keeps, of some 300 bytes each."""
Key = tuple[Any, int]
"""A rule and a scope, by primary key."""
Rules = frozenset[tuple[Any, int]]
States = dict[Key, State]

_memory: Remembered[tuple[tuple[Version, Rules], States]] = Remembered(REMEMBERED)
_FIELDS = ["phase", "since", "as_of", "data", "data_since", "cooling"]
_UPSERT = """
INSERT INTO alerts_rulestate (rule_id, scope_id, phase, since, as_of, data, data_since, cooling)
SELECT rule_id, scope_id, phase, since, as_of, data, data_since, cooling
FROM jsonb_to_recordset(%s::jsonb) AS states (
    rule_id uuid, scope_id bigint, phase text, since timestamptz, as_of timestamptz, data text,
    data_since timestamptz, cooling boolean
)
ON CONFLICT (rule_id, scope_id) DO UPDATE SET
    phase = EXCLUDED.phase, since = EXCLUDED.since, as_of = EXCLUDED.as_of, data = EXCLUDED.data,
    data_since = EXCLUDED.data_since, cooling = EXCLUDED.cooling
"""


def take(round_: Round, compiled_rules: Sequence[CompiledRule], scopes: Collection[int] | None) -> tuple[States, bool]:
    """Return the stored states, at least of these scopes, and whether they are all; `round_` as before the run."""
    kept = _memory.take(round_.pk)
    if kept is not None and kept[0] == (round_.row_version, _rules(compiled_rules)):
        return kept[1], True
    return _read(compiled_rules, scopes), scopes is None


def _rules(compiled_rules: Sequence[CompiledRule]) -> Rules:
    return frozenset((compiled.rule.pk, compiled.rule.version) for compiled in compiled_rules)


def remember(organization_id: str, version: Version, compiled_rules: Sequence[CompiledRule], states: States) -> None:
    """Keep the states of all scopes for the next run, once this one has committed. `version` is that of the round's row
    then."""
    if version is not None:
        kept = (version, _rules(compiled_rules)), states
        transaction.on_commit(partial(_memory.put, organization_id, kept, size=len(states)), robust=True)


def _read(compiled_rules: Sequence[CompiledRule], scopes: Collection[int] | None) -> States:
    rows = RuleState.objects.filter(rule__in=[compiled.rule.pk for compiled in compiled_rules])
    rows = chosen(rows, scopes)
    found: States = {}
    for rule, scope, phase, since, as_of, data, data_since, cooling in rows.values_list("rule", "scope", *_FIELDS):
        try:
            found[rule, scope] = State(Phase(phase), since, as_of, Data(data), data_since, cooling)
        except ValueError as error:  # one damaged state must not stop the others: this one begins anew
            log.error("rule_state_unreadable", rule=str(rule), scope_id=scope, error=str(error))
            found[rule, scope] = IN_ORDER
    return found


def write(changed: Mapping[Key, State]) -> None:
    if not changed:
        return
    rows = [{"rule_id": rule, "scope_id": scope, **_columns(state)} for (rule, scope), state in changed.items()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [msgspec.json.encode(rows).decode()])
    else:
        states = [RuleState(**row) for row in rows]
        RuleState.objects.bulk_create(
            states, update_conflicts=True, unique_fields=["rule", "scope"], update_fields=_FIELDS
        )


def _columns(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in _FIELDS}
