"""The shape of the KPI service's inputs and questions, checked before any service sees them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from intraday.clock.database import clock
from intraday.ingest.views import RowSerializer
from intraday.rest.fields import (
    BLANK_QUEUE,
    ChoiceField,
    DayField,
    FiniteField,
    InstantField,
    QueueNameField,
    WholeField,
    check_not_ahead,
)
from intraday.rest.pages import ScopeQuery
from kpi.ingest.rows import ForecastRow, IntervalRow
from kpi.models import INTERVAL_MINUTES

COUNT_MAX = 1_000_000_000
SECONDS_MAX = 10.0**12
AHT_MAX = 30 * 86_400
AGENTS_MAX = 100_000
FORECAST_AHEAD = timedelta(days=400)


def count(**kwargs: Any) -> WholeField:
    return WholeField(min_value=0, max_value=COUNT_MAX, **kwargs)


def seconds(**kwargs: Any) -> FiniteField:
    return FiniteField(min_value=0, max_value=SECONDS_MAX, **kwargs)


OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}


def agents_at(**kwargs: Any) -> WholeField:
    return WholeField(min_value=0, max_value=AGENTS_MAX, **kwargs)


class _TimeSerializer(RowSerializer):
    """The organization and the interval of a row."""

    interval_start = InstantField(help_text="On a full minute of the interval's grid; ISO 8601 with zone.")
    interval_minutes = ChoiceField(choices=INTERVAL_MINUTES)

    def validate_interval_minutes(self, value: int) -> int:
        return int(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, minutes = attrs["interval_start"], attrs["interval_minutes"]
        # Zones differ by quarters of an hour: an interval of an hour may begin at any of them.
        if start.second or start.microsecond or start.minute % min(minutes, 15):
            raise serializers.ValidationError({"interval_start": [f"No interval of {minutes} minutes begins then."]})
        return attrs


class _QueueIntervalSerializer(_TimeSerializer):
    department_id = serializers.CharField(
        max_length=64, help_text="Optional if the queue's name is unique.", **OPTIONAL
    )
    queue_name = QueueNameField(error_messages={"null": BLANK_QUEUE, "blank": BLANK_QUEUE})


class _MeasuredSerializer(serializers.Serializer):
    """The time of a measurement, and the agents seen then."""

    as_of = InstantField(help_text="When it was measured; defaults to now, or the interval's end.", **OPTIONAL)
    agents = agents_at(help_text="Signed in.")
    agents_available = agents_at(**OPTIONAL)
    agents_on_contact = agents_at(**OPTIONAL)
    agents_after_contact = agents_at(**OPTIONAL)

    def check_measured(self, attrs: dict[str, Any]) -> None:
        """Fill in `as_of` and note whether the feed said it; raise ValidationError for one that cannot be."""
        now, stated = clock.now(), attrs.get("as_of")
        check_not_ahead("interval_start", attrs["interval_start"], now)
        attrs["as_of_stated"], attrs["as_of"] = stated is not None, stated or min(now, _end(attrs))
        check_not_ahead("as_of", attrs["as_of"], now)
        if attrs["as_of"] < attrs["interval_start"]:
            raise serializers.ValidationError({"as_of": ["This is before the interval begins."]})


class AgentsIntervalSerializer(_MeasuredSerializer, _TimeSerializer):
    """The distinct agents of a department, or of the organization, in an interval: a row without queue_name."""

    department_id = serializers.CharField(
        max_length=64, help_text="The department; left out: the whole organization.", **OPTIONAL
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and (counts := [name for name in CONTACT_FIELDS if data.get(name) is not None]):
            only = "Without queue_name, a row tells the agents of a department or the organization and nothing else"
            raise serializers.ValidationError(
                {"queue_name": [f"Needed for {', '.join(counts)}. {only}: name the queue, or leave these out."]}
            )
        return super().to_internal_value(data)  # type: ignore[no-any-return]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        self.check_measured(attrs)
        return attrs


class IntervalSerializer(_MeasuredSerializer, _QueueIntervalSerializer):
    """The counts of a queue in an interval, up to `as_of`. A running interval is posted again and again.

    A row without `queue_name` is read as AgentsIntervalSerializer.
    """

    offered = count()
    answered = count()
    answered_in_target = count()
    abandoned = count()
    abandoned_in_target = count(**OPTIONAL)
    wait_seconds = seconds(help_text="Waited by all who were answered.", **OPTIONAL)
    handle_seconds = seconds(
        help_text="Talk, hold and after-call work of all agents; of chats the contact time, so that an agent with "
        "three open chats counts threefold."
    )
    available_seconds = seconds(help_text="Ready and waiting for a contact.")
    other_productive_seconds = seconds(help_text="Productive work that is no contact.", **OPTIONAL)
    paid_seconds = seconds(help_text="Without it there is no utilization.", **OPTIONAL)
    waiting_now = count(**OPTIONAL)
    longest_wait_seconds = seconds(**OPTIONAL)
    waiting_past_target = count(
        help_text="Of those waiting, how many have waited longer than the target; else it is worked out.", **OPTIONAL
    )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, Mapping) and "queue_name" not in data:
            return AgentsIntervalSerializer().run_validation(data)
        return super().run_validation(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        self.check_measured(attrs)
        for part, whole in (("answered_in_target", "answered"), ("abandoned_in_target", "abandoned")):
            if (attrs.get(part) or 0) > attrs[whole]:
                raise serializers.ValidationError({part: [f"More than {whole}."]})
        return attrs

    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> IntervalRow:
        return IntervalRow(**_row_fields(IntervalRow, valid))


class ForecastSerializer(_QueueIntervalSerializer):
    """The forecast of a queue for one interval. If it is posted again, the newest counts."""

    offered = FiniteField(min_value=0, max_value=COUNT_MAX)
    aht_seconds = FiniteField(min_value=0, max_value=AHT_MAX)
    required_agents = WholeField(
        min_value=0, max_value=AGENTS_MAX, help_text="As planned; without it Erlang tells.", **OPTIONAL
    )
    scheduled_agents = WholeField(
        min_value=0, max_value=AGENTS_MAX, help_text="Without it the shifts tell.", **OPTIONAL
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["interval_start"] > clock.now() + FORECAST_AHEAD:
            raise serializers.ValidationError({"interval_start": [f"More than {FORECAST_AHEAD.days} days ahead."]})
        return attrs

    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> ForecastRow:
        return ForecastRow(**_row_fields(ForecastRow, valid))


def _row_fields(row: type[IntervalRow | ForecastRow], valid: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a row that are named on the wire as in the model, and those that are not."""
    department = valid.get("department_id") or ""
    names = {each.name for each in fields(row)} & valid.keys()
    own = {"department_id": department, "start": valid["interval_start"], "minutes": valid["interval_minutes"]}
    return {**{name: valid[name] for name in names}, **own}


def _end(attrs: dict[str, Any]) -> datetime:
    end: datetime = attrs["interval_start"] + timedelta(minutes=attrs["interval_minutes"])
    return end


CONTACT_FIELDS = [
    name
    for name in IntervalSerializer().get_fields()
    if name not in {*AgentsIntervalSerializer().get_fields(), "queue_name"}
]


class ComputeSerializer(ScopeQuery):
    """The scope to compute, and the instant."""

    department_id = serializers.CharField(required=False, allow_null=True, max_length=64)
    queue_name = QueueNameField(required=False, allow_null=True)
    as_of_time = InstantField(required=False, allow_null=True, help_text="Defaults to now.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        now = clock.now()
        attrs["as_of_time"] = attrs.get("as_of_time") or now
        check_not_ahead("as_of_time", attrs["as_of_time"], now)
        return _named(attrs)


class WhatIfSerializer(ScopeQuery):
    """Changes to a queue; fields that are left out stay as measured."""

    department_id = serializers.CharField(required=False, allow_null=True, max_length=64)
    queue_name = QueueNameField()
    agents = WholeField(min_value=0, max_value=AGENTS_MAX, **OPTIONAL)
    volume = FiniteField(min_value=0, max_value=1_000_000, help_text="Contacts in the interval.", **OPTIONAL)
    aht_seconds = FiniteField(min_value=1, max_value=AHT_MAX, **OPTIONAL)
    until = InstantField(help_text="End of the change; by default that of the running interval.", **OPTIONAL)
    rest_of_day = serializers.BooleanField(default=False, help_text="The change lasts until the local day ends.")
    move_agents = WholeField(
        min_value=1,
        max_value=AGENTS_MAX,
        help_text="Agents who come from another queue; not with `agents`.",
        **OPTIONAL,
    )
    from_department_id = serializers.CharField(required=False, allow_null=True, max_length=64)
    from_queue_name = QueueNameField(help_text="The queue that they come from.", **OPTIONAL)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = _named(attrs)
        _check_move(attrs)
        if attrs["rest_of_day"] and "until" in attrs:
            raise serializers.ValidationError({"until": ["Send `until` or `rest_of_day`, not both."]})
        if "until" in attrs and not clock.now() < attrs["until"] <= clock.now() + FORECAST_AHEAD:
            raise serializers.ValidationError({"until": ["It is over, or too far ahead: send a time of today."]})
        return attrs


def _check_move(attrs: Mapping[str, Any]) -> None:
    if ("move_agents" in attrs) != ("from_queue_name" in attrs):
        raise serializers.ValidationError({"from_queue_name": ["Send it together with `move_agents`."]})
    if "move_agents" in attrs and "agents" in attrs:
        raise serializers.ValidationError({"agents": ["Send `agents` or `move_agents`, not both."]})


class DayIntervalsQuery(ScopeQuery):
    date = DayField(required=False, help_text="Of the organization's time zone; defaults to today.")


def _named(attrs: dict[str, Any]) -> dict[str, Any]:
    """Null is the same as left out."""
    return {name: value for name, value in attrs.items() if value is not None}
