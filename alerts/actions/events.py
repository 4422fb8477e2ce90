"""The event of an action: others see at once what a colleague did."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from alerts.actions.models import Action, Kind
from realtime.protocol.messages import Payload, Timestamp, scope_fields

if TYPE_CHECKING:
    KindWord = str
else:
    KindWord = Literal[tuple(kind.value for kind in Kind)]


class PredictedEffect(Struct, frozen=True, kw_only=True):
    """The effect on one queue as the suggestion told it: service levels without the action and with it, 0-100."""

    department_id: str | None
    queue_name: str
    interval_end: Timestamp | None
    service_level_before: float | None
    service_level_after: float | None
    day_end_service_level_before: float | None
    day_end_service_level_after: float | None


class ActionNoted(Payload, frozen=True, kw_only=True):
    """`action:noted`: a person did something for this scope. Callers who may not see colleagues do not get `noted_by`
    and `note`; a queue of another department that agents came from is left out."""

    event: ClassVar[str] = "action:noted"

    action_id: int
    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    kind: KindWord
    agents: int | None
    from_department_id: str | UnsetType = UNSET
    from_queue_name: str | UnsetType = UNSET
    noted_at: Timestamp
    noted_by: str | UnsetType = UNSET
    until: Timestamp | None
    note: str | UnsetType = UNSET
    predicted: list[PredictedEffect]

    def redacted(self) -> Self | None:
        return structs.replace(self, noted_by=UNSET, note=UNSET)

    @classmethod
    def of(cls, row: Action) -> Self:
        source = row.source if row.source and row.source.department_id == row.scope.department_id else None
        effects = msgspec.convert(row.predicted, list[PredictedEffect])
        names = [each.queue_name for each in (row.scope, source) if each is not None]
        shown = [each for each in effects if not row.source or each.queue_name in names]
        return cls(
            action_id=row.pk,
            **scope_fields(row.scope),
            kind=row.kind,
            agents=row.agents,
            **source_fields(source),
            noted_at=row.noted_at,
            noted_by=row.noted_by,
            until=row.until,
            note=row.note or UNSET,
            predicted=shown,
        )


def source_fields(source: Any) -> dict[str, str]:
    if source is None:
        return {}
    names = {"from_department_id": source.department_id, "from_queue_name": source.queue_name}
    return {name: value for name, value in names.items() if value}


def as_stored(effects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return effects as their column keeps them: instants as text."""
    return [{name: _spelled(value) for name, value in each.items()} for each in effects]


def _spelled(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, datetime) else value
