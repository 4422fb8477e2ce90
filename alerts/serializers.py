"""Check the shape of requests about alerts before any service sees them (rules: alerts.rules.validation)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.choices import Level, NoDataMode, Operator, Severity, Source, Status
from alerts.rule_services import LONGEST_SILENCE
from alerts.rules.validation import MAX_STEPS
from alerts.rules.weekly_windows import DAYS, MAX_WINDOWS
from intraday.clock.database import clock
from intraday.rest.fields import (
    ChoiceField,
    CursorField,
    FiniteField,
    IdField,
    InstantField,
    MultipleChoiceField,
    QueueNameField,
    ShortListField,
    WholeField,
    check_not_ahead,
)
from intraday.rest.pages import OfOrganization, ScopeQuery, spell

MAX_IDS = 1_000
MAX_FIELDS = 100
MAX_PREVIEW = timedelta(days=31)


class NoteField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, max_length=2_000, default="", **kwargs)


class EvaluateRequest(OfOrganization):
    as_of_time = InstantField(
        required=False, help_text="Judge as it was due then; scopes that moved on are left alone."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        now = clock.now()
        check_not_ahead("as_of_time", attrs.get("as_of_time", now), now)
        return attrs


class ActRequest(OfOrganization):
    note = NoteField(help_text="For the next person who looks at the alert.")
    expected_version = WholeField(
        required=False, allow_null=True, default=None, help_text="409 unless the alert is still at this version."
    )


class AcknowledgeRequest(ActRequest):
    take_over = serializers.BooleanField(
        required=False, default=False, help_text="Also if somebody else has acknowledged it already."
    )


class SnoozeRequest(ActRequest):
    until = InstantField(required=False)
    minutes = WholeField(required=False, min_value=1, max_value=7 * 24 * 60)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        now = clock.now()
        if ("until" in attrs) == ("minutes" in attrs):
            raise serializers.ValidationError({"until": ["Send either until or minutes."]})
        until = attrs["until"] if "until" in attrs else now + timedelta(minutes=attrs["minutes"])
        if not now < until <= now + LONGEST_SILENCE:
            raise serializers.ValidationError(
                {"until": [f"Expected a time in the future, by at most {LONGEST_SILENCE.days} days."]}
            )
        return {**attrs, "until": until}


class AcknowledgeManyRequest(OfOrganization):
    ids = ShortListField(child=IdField(), min_length=1, max_length=MAX_IDS)
    note = NoteField()


class AlertCursorField(CursorField):
    """The time at which the last alert of the page before fired, and which that was."""

    def parse(self, text: str) -> tuple[datetime, UUID]:
        at, _, pk = text.partition("~")
        return InstantField().to_internal_value(at), UUID(pk)

    @staticmethod
    def spelled(cursor: tuple[datetime, UUID]) -> str:
        at, pk = cursor
        return f"{spell(at)}~{pk}"


class AlertsQuery(ScopeQuery):
    status = MultipleChoiceField(choices=Status.choices(), required=False, help_text="Any of these.")
    severity = MultipleChoiceField(choices=Severity.choices(), required=False)
    source = MultipleChoiceField(choices=Source.choices(), required=False)  # type: ignore[assignment]  # hides a property of no use
    rule_id = IdField(required=False)
    since = InstantField(required=False, help_text="Fired from this instant on.")
    until = InstantField(required=False, help_text="Fired before this instant.")
    cursor = AlertCursorField(required=False, help_text="`next` of the page before.")
    limit = WholeField(required=False, min_value=1, max_value=1_000, default=200)
    format = ChoiceField(required=False, choices=["json", "csv"], default="json")


LOOKUPS = {
    "status": "status__in",
    "severity": "severity__in",
    "source": "source__in",
    "rule_id": "rule",
    "department_id": "scope__department_id",
    "queue_name": "scope__queue_name",
    "since": "triggered_at__gte",
    "until": "triggered_at__lt",
}


def to_filters(query: dict[str, Any]) -> dict[str, Any]:
    """The wire's names to lookups."""
    return {lookup: query[name] for name, lookup in LOOKUPS.items() if query.get(name)}


# --- rules -----------------------------------------------------------------------------------------------------------
@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string"}]})
class ValueField(serializers.Field):
    """A finite number, or one of the metric's words."""

    def to_internal_value(self, data: Any) -> float | str:
        if isinstance(data, str) and 1 <= len(data) <= 64:
            return data
        return FiniteField().to_internal_value(data)

    def to_representation(self, value: float | str) -> float | str:
        return value


class ClockField(serializers.RegexField):
    default_error_messages = {"invalid": "Expected a time of day such as 08:30."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^([01]\d|2[0-3]):[0-5]\d\Z", **kwargs)


class WindowSerializer(serializers.Serializer):
    days = ShortListField(child=ChoiceField(choices=DAYS), min_length=1, max_length=7)
    start = ClockField(help_text="08:30, local.")
    end = ClockField(help_text="An end at or before the start lies on the next day.")

    class Meta:
        ref_name = "WeekWindow"


class StepSerializer(serializers.Serializer):
    after_seconds = WholeField(min_value=1, help_text="Since it began to wait for a person.")
    to = serializers.CharField(max_length=128, help_text="A role, a person or a channel.")
    raise_severity = ChoiceField(choices=Severity.choices(), required=False, allow_blank=True, help_text="To this one.")

    class Meta:
        ref_name = "EscalationStep"


def _seconds(help_text: str = "") -> WholeField:
    return WholeField(min_value=0, required=False, help_text=help_text)


def _timer(help_text: str) -> WholeField:
    return WholeField(min_value=60, required=False, allow_null=True, help_text=help_text)


class RuleBody(serializers.Serializer):
    """A rule as it is made. `PATCH` takes any part of it."""

    name = serializers.CharField(max_length=128)
    alert_type = serializers.CharField(max_length=64, required=False, help_text="The metric's name if left out.")
    source = ChoiceField(choices=Source.choices())  # type: ignore[assignment]  # hides a property of no use
    metric = serializers.CharField(max_length=64, help_text="One of GET /api/alerts/metrics.")
    operator = ChoiceField(choices=Operator.choices())
    threshold = ValueField()
    clear_threshold = ValueField(required=False, allow_null=True, help_text="Healthy beyond this; else the threshold.")
    severity = ChoiceField(choices=Severity.choices())
    evaluate_each = ChoiceField(choices=Level.choices(), required=False)
    department_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    queue_name = QueueNameField(required=False, allow_blank=True)
    for_seconds = _seconds("It fires when the condition has held for so long.")
    recover_for_seconds = _seconds("It is over when it has been healthy for so long.")
    cooldown_seconds = WholeField(
        min_value=0, required=False, allow_null=True, help_text="Quiet after an alert ended; 300, for critical 0."
    )
    no_data_mode = ChoiceField(choices=NoDataMode.choices(), required=False)
    no_data_for_seconds = _seconds()
    auto_resolve = serializers.BooleanField(required=False)
    escalation = StepSerializer(many=True, required=False, max_length=MAX_STEPS)  # type: ignore[call-arg]  # many
    ack_timeout_seconds = _timer("An acknowledged alert that goes on waits for a person again.")
    repeat_seconds = _timer("A waiting alert is said again.")
    active_hours = WindowSerializer(  # type: ignore[call-arg]  # many
        many=True, required=False, max_length=MAX_WINDOWS, help_text="None: always."
    )
    time_zone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    runbook = serializers.CharField(max_length=200, required=False, allow_blank=True)
    enabled = serializers.BooleanField(required=False)

    class Meta:
        ref_name = "Rule"


class CreateRuleRequest(RuleBody, OfOrganization):
    pass


class EditRuleRequest(CreateRuleRequest):
    expected_version = WholeField(required=False, allow_null=True)


class PreviewRequest(OfOrganization):
    """A stored rule, a draft, or both: then the draft is what the rule would become."""

    rule_id = IdField(required=False)
    draft = serializers.DictField(required=False, help_text="Fields of a rule.")
    since = InstantField()
    until = InstantField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "rule_id" not in attrs and "draft" not in attrs:
            raise serializers.ValidationError({"draft": ["Send a rule_id, a draft, or both."]})
        if not attrs["since"] < attrs["until"] <= attrs["since"] + MAX_PREVIEW:
            raise serializers.ValidationError(
                {"until": [f"Expected a time after since, by at most {MAX_PREVIEW.days} days."]}
            )
        if len(attrs.get("draft", ())) > MAX_FIELDS:
            raise serializers.ValidationError({"draft": [f"A rule has fewer than {MAX_FIELDS} fields."]})
        if "draft" in attrs:
            attrs["draft"] = {**attrs["draft"], **_draft(attrs["draft"])}  # the service names the unknown ones
        return attrs


def _draft(fields: Any) -> dict[str, Any]:
    """Check the fields of a draft as those of a rule that is changed. Raises ValidationError, by field."""
    draft = RuleBody(data=fields, partial=True)
    draft.is_valid(raise_exception=True)
    return draft.validated_data  # type: ignore[no-any-return]


class SilenceBody(serializers.Serializer):
    rule_id = IdField(required=False, allow_null=True)
    source = ChoiceField(choices=Source.choices(), required=False, allow_blank=True)  # type: ignore[assignment]  # hides a property of no use
    severity = ChoiceField(choices=Severity.choices(), required=False, allow_blank=True)
    department_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    queue_name = QueueNameField(required=False, allow_blank=True)
    starts_at = InstantField(required=False, help_text="Now if left out.")
    ends_at = InstantField(help_text="At most 7 days later; with weekly hours 366.")
    weekly = WindowSerializer(  # type: ignore[call-arg]  # many
        many=True,
        required=False,
        max_length=MAX_WINDOWS,
        help_text="Only in these hours, of the organization's zone.",
    )
    comment = serializers.CharField(max_length=500)

    class Meta:
        ref_name = "Silence"


class SilenceRequest(SilenceBody, OfOrganization):
    pass
