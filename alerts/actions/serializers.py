"""The shape of actions and of questions about them."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from alerts.actions.models import Kind
from alerts.serializers import NoteField
from intraday.clock.database import clock
from intraday.rest.fields import (
    ChoiceField,
    DayField,
    FiniteField,
    InstantField,
    QueueNameField,
    ShortListField,
    WholeField,
)
from intraday.rest.pages import MAX_LIMIT, ScopeQuery

MAX_AGENTS = 100_000
LONGEST = timedelta(days=7)
OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}


class PredictedSerializer(serializers.Serializer):
    """The effect on one queue as the suggestion told it; unknown fields of the suggestion are ignored."""

    department_id = serializers.CharField(default=None, allow_null=True, max_length=64)
    queue_name = QueueNameField()
    interval_end = InstantField(default=None, allow_null=True)
    service_level_before = FiniteField(min_value=0, max_value=100, default=None, allow_null=True)
    service_level_after = FiniteField(min_value=0, max_value=100, default=None, allow_null=True)
    day_end_service_level_before = FiniteField(min_value=0, max_value=100, default=None, allow_null=True)
    day_end_service_level_after = FiniteField(min_value=0, max_value=100, default=None, allow_null=True)


class ActionSerializer(ScopeQuery):
    """The deed of a person: a suggestion that was applied, or something else."""

    department_id = serializers.CharField(required=False, allow_null=True, max_length=64)
    queue_name = QueueNameField(required=False, allow_null=True)
    kind = ChoiceField(choices=Kind.values)
    agents = WholeField(min_value=1, max_value=MAX_AGENTS, help_text="Or the number of breaks.", **OPTIONAL)
    from_department_id = serializers.CharField(required=False, allow_null=True, max_length=64)
    from_queue_name = QueueNameField(help_text="The queue that agents came from.", **OPTIONAL)
    until = InstantField(help_text="When it ends, at most seven days ahead.", **OPTIONAL)
    note = NoteField(help_text="For those who come after; `other` needs one.")
    predicted = ShortListField(child=PredictedSerializer(), required=False, max_length=2)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = {name: value for name, value in attrs.items() if value is not None}
        if attrs["kind"] == Kind.OTHER and not attrs["note"].strip():
            raise serializers.ValidationError({"note": ["Say what was done: an action of another kind needs a note."]})
        if (attrs["kind"] == Kind.MOVE) != ("from_queue_name" in attrs):
            raise serializers.ValidationError({"from_queue_name": ["Name it where agents moved, and only there."]})
        now = clock.now()
        if "until" in attrs and not now < attrs["until"] <= now + LONGEST:
            raise serializers.ValidationError({"until": ["It is over, or more than seven days ahead."]})
        return attrs


class ActionsQuery(ScopeQuery):
    date = DayField(required=False, help_text="A day of the organization's time zone.")
    since = InstantField(required=False, help_text="Actions from this instant on; not with `date`.")
    until = InstantField(required=False, help_text="Actions before this instant; not with `date`.")
    cursor = WholeField(required=False, min_value=0, max_value=2**63 - 1, help_text="`next` of the page before.")
    limit = WholeField(required=False, min_value=1, max_value=MAX_LIMIT, default=200)
    format = ChoiceField(required=False, choices=["json", "csv"], default="json")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "date" in attrs and attrs.keys() & {"since", "until"}:
            raise serializers.ValidationError({"date": ["Send `date`, or `since` and `until`."]})
        return attrs
