"""Suggestions as they go out: with their effects in figures, and as a text to copy. Pure."""

import math
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from intraday.values.rounding import half_up, percent
from kpi.advice.suggestions import Adviser, Suggestion
from kpi.day.outcomes import Outcome
from kpi.pipeline.inputs import Key

Timestamp = Annotated[datetime, Meta(tz=True)]
KindWord = Literal["move", "hold_breaks", "call_in", "time_off"]


class Effect(Struct, frozen=True, kw_only=True):
    """The effect of a suggestion on one queue. Levels and risks are 0-100, null where they cannot be told. The service
    level is of the running interval at its end (of deferred work, the share of items in time within the hour), that of
    the day is of the whole local day at its end."""

    department_id: str | None
    queue_name: str
    target_service_level: float
    interval_end: Timestamp
    agents_before: int | None
    agents_after: int | None
    service_level_before: float | None
    service_level_after: float | None
    day_end_service_level_before: float | None
    day_end_service_level_after: float | None
    outlook_risk_before: float | None
    outlook_risk_after: float | None


class Advice(Struct, frozen=True, kw_only=True):
    """A suggestion. `agents` move, come or go; of held breaks it is the number of breaks. `effects` begins with the
    queue itself."""

    kind: KindWord
    department_id: str | None
    queue_name: str
    agents: int
    from_department_id: str | None
    from_queue_name: str | None
    starts_at: Timestamp
    until: Timestamp
    effects: list[Effect]
    text: str


def advice(found: Suggestion, adviser: Adviser, zone: ZoneInfo) -> Advice:
    effects = [_effect(key, pair, adviser) for key, pair in found.outcomes.items()]
    source = found.source or (None, None)
    return Advice(
        kind=found.kind,
        department_id=found.key[0] or None,
        queue_name=found.key[1],
        agents=found.agents,
        from_department_id=source[0] or None,
        from_queue_name=source[1],
        starts_at=found.starts_at,
        until=found.until,
        effects=effects,
        text=" ".join([_deed(found, adviser, zone), *(_in_words(each, adviser, zone) for each in effects)]),
    )


def _effect(key: Key, pair: tuple[Outcome, Outcome], adviser: Adviser) -> Effect:
    before, after = pair
    return Effect(
        department_id=key[0] or None,
        queue_name=key[1],
        target_service_level=half_up(100 * adviser.situation.rules(key).target_service_level) or 0.0,
        interval_end=adviser.situation.interval_end(key),
        agents_before=before.agents,
        agents_after=after.agents,
        service_level_before=percent(before.interval_level),
        service_level_after=percent(after.interval_level),
        day_end_service_level_before=percent(before.day_level),
        day_end_service_level_after=percent(after.day_level),
        outlook_risk_before=percent(before.outlook_risk),
        outlook_risk_after=percent(after.outlook_risk),
    )


# --- as a text -------------------------------------------------------------------------------------------------------
def _deed(found: Suggestion, adviser: Adviser, zone: ZoneInfo) -> str:
    name, agents, until = _name(found.key, adviser), _count(found.agents, "agent"), _clock(found.until, zone)
    if found.kind == "move" and found.source is not None:
        return f"Move {agents} from {_name(found.source, adviser)} to {name} until {until}."
    if found.kind == "hold_breaks":
        return f"Hold {_count(found.agents, 'break')} of {name} until {until}."
    if found.kind == "call_in":
        return f"Call in {agents} for {name} from {_clock(found.starts_at, zone)} until {until}."
    return f"Offer time off to {agents} of {name} until {until}."


def _name(key: Key, adviser: Adviser) -> str:
    """Name a queue, with its department where another one has a queue of that name."""
    namesakes = [each for each in adviser.situation.worked.queues if each[1] == key[1]]
    return key[1] if len(namesakes) < 2 else f"{key[1]} ({key[0] or 'no department'})"


def _in_words(effect: Effect, adviser: Adviser, zone: ZoneInfo) -> str:
    name = _name((effect.department_id or "", effect.queue_name), adviser)
    spans = [
        (_clock(effect.interval_end, zone), effect.service_level_before, effect.service_level_after),
        ("the end of the day", effect.day_end_service_level_before, effect.day_end_service_level_after),
    ]
    parts = [
        f"{_moved(before, after)} at {when}"
        for when, before, after in spans
        if before is not None and after is not None
    ]
    return f"{name}: {', '.join(parts)}." if parts else f"{name}: effect unknown."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _moved(before: float, after: float) -> str:
    was, is_then = _whole(before), _whole(after)
    return f"{was} as before" if was == is_then else f"{was} to {is_then}"


def _whole(value: float) -> str:
    """Round down: text must not say that a target is met which is missed by a little."""
    return f"{math.floor(value)} %"


def _clock(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%H:%M}"
