"""Describe the REST API of alerts in the OpenAPI document, beyond the serializers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from alerts.choices import Resolution, Severity, Source, Status, Transition
from alerts.events import AlertChanged
from alerts.notifications.models import Outcome
from alerts.serializers import (
    AcknowledgeManyRequest,
    AcknowledgeRequest,
    ActRequest,
    AlertsQuery,
    CreateRuleRequest,
    EditRuleRequest,
    EvaluateRequest,
    PreviewRequest,
    RuleBody,
    SilenceBody,
    SilenceRequest,
    SnoozeRequest,
    ValueField,
)
from intraday.rest.fields import WholeField
from intraday.rest.pages import OfOrganization, ScopeQuery
from intraday.rest.schema import BAD_POSTS, BAD_REQUESTS, CREATING_POSTS, ErrorSchema, page_of
from intraday.rest.struct_serializers import described


def _value() -> Any:
    return ValueField(allow_null=True)


_TEXTS = {
    "condition_cleared_at": "The condition is over; the rule leaves it to people to resolve.",
    "breaching_since": "Start of the breach, by the data's time.",
    "suppressed": "Snoozed, silenced, or its feed is down: nobody is notified.",
    "group_key": "One toast for all of the same key within 30 s.",
    "version": "Grows with each transition; for expected_version.",
}
AlertFigure = described(
    AlertChanged,
    "AlertFigure",
    "An alert as it is now: the `data` of its events.",
    _TEXTS,
    alert_id=serializers.UUIDField(),
    rule_id=serializers.UUIDField(),
    severity=serializers.ChoiceField(choices=Severity.choices()),
    source=serializers.ChoiceField(choices=Source.choices()),
    unit=serializers.CharField(allow_blank=True),
    current_value=_value(),
    threshold_value=_value(),
    status=serializers.ChoiceField(choices=Status.choices()),
    resolution=serializers.ChoiceField(choices=Resolution.choices(), required=False),
    peak_value=_value(),
    previous_alert_id=serializers.UUIDField(required=False, help_text="Of the same rule and scope."),
)


_line = inline_serializer(
    "AlertAuditLine",
    {
        "at": serializers.DateTimeField(),
        "from": serializers.CharField(allow_null=True),
        "to": serializers.CharField(),
        "actor": serializers.CharField(
            allow_null=True, help_text="A person or key, or `system`; null for callers who may not see colleagues."
        ),
        "reason": serializers.CharField(),
        "note": serializers.CharField(allow_null=True),
        "value": _value(),
        "threshold": _value(),
        "rule_version": serializers.IntegerField(),
        "request_id": serializers.CharField(allow_null=True),
    },
    many=True,
)


_delivery = inline_serializer(
    "AlertDelivery",
    {
        "at": serializers.DateTimeField(help_text="When the notification was written."),
        "transition": serializers.ChoiceField(choices=Transition.choices()),
        "to": serializers.CharField(allow_null=True, help_text="A channel or person; null: it went to nobody."),
        "outcome": serializers.ChoiceField(choices=Outcome.choices),
        "attempts": serializers.IntegerField(),
        "detail": serializers.CharField(allow_null=True, help_text="Result of the last attempt, or why none."),
        "settled_at": serializers.DateTimeField(allow_null=True),
        "next_attempt_at": serializers.DateTimeField(allow_null=True),
    },
    many=True,
)


class AlertDetail(AlertFigure):  # type: ignore[misc, valid-type]  # made of a struct
    audit = _line
    deliveries = _delivery


class AlertConflict(ErrorSchema):
    """The act is not possible any more; `current` is the alert as it is now."""

    current = AlertFigure()

    class Meta:
        ref_name = "AlertConflict"


class AlertAnswer(serializers.Serializer):
    """The answer for one alert of many: `result`, or `code` and `message`, and the alert if there is one."""

    alert_id = serializers.UUIDField()
    result = serializers.CharField(required=False, help_text="`acknowledged`")
    code = serializers.CharField(required=False, help_text="`already_acknowledged`, `already_resolved` or `not_found`")
    message = serializers.CharField(required=False)
    current = AlertFigure(required=False)


class RuleFigure(RuleBody):
    rule_id = serializers.UUIDField()
    version = serializers.IntegerField()
    cooldown_seconds = WholeField()
    in_words = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()

    class Meta:
        ref_name = "StoredRule"


class RuleChangeLine(serializers.Serializer):
    version = serializers.IntegerField()
    action = serializers.ChoiceField(choices=["created", "changed", "deleted"])
    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True, help_text="Null for callers who may not see colleagues.")
    changes = serializers.DictField(help_text="{field: [old, new]}")


class RuleDetail(RuleFigure):
    history = RuleChangeLine(many=True)

    class Meta:
        ref_name = "StoredRuleWithHistory"


class RuleConflict(ErrorSchema):
    """Somebody else changed it; `current` is the rule as it is now."""

    current = RuleFigure()

    class Meta:
        ref_name = "RuleConflict"


class SilenceFigure(SilenceBody):
    silence_id = serializers.UUIDField()
    comment = serializers.CharField(allow_null=True, help_text="Null for callers who may not see colleagues.")
    created_by = serializers.CharField(allow_null=True, help_text="Null for callers who may not see colleagues.")
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "StoredSilence"


class ScopeName(serializers.Serializer):
    organization_id = serializers.CharField()
    department_id = serializers.CharField(required=False)
    queue_name = serializers.CharField(required=False)

    class Meta:
        ref_name = "ScopeName"


_would_be_alert = inline_serializer(
    "WouldBeAlert",
    {
        "scope": ScopeName(),
        "from": serializers.DateTimeField(),
        "to": serializers.DateTimeField(allow_null=True, help_text="null: open still when the period ends."),
        "peak": _value(),
        "count": serializers.IntegerField(help_text="Figures that kept it open."),
    },
    many=True,
)


class PreviewVersion(serializers.Serializer):
    in_words = serializers.CharField()
    total = serializers.IntegerField()
    alerts = _would_be_alert


PREVIEWED = inline_serializer(
    "RulePreview",
    {
        "since": serializers.DateTimeField(),
        "until": serializers.DateTimeField(),
        "current": PreviewVersion(allow_null=True, help_text="The rule as it is stored."),
        "draft": PreviewVersion(allow_null=True),
    },
)
METRIC = inline_serializer(
    "Metric",
    {
        "source": serializers.ChoiceField(choices=Source.choices()),
        "metric": serializers.CharField(),
        "label": serializers.CharField(),
        "unit": serializers.CharField(allow_blank=True),
        "evaluate_each": serializers.ListField(child=serializers.CharField()),
        "values": serializers.ListField(child=serializers.CharField(), help_text="Words; empty for numbers."),
    },
    many=True,
)


def _items(name: str, item: Any) -> Any:
    return inline_serializer(name, {"items": item})


def _with(conflict: Any) -> dict[Any, Any]:
    return {**BAD_POSTS, (409, "application/json"): conflict}


EVALUATE: dict[str, Any] = {
    "request": EvaluateRequest,
    "responses": {
        200: inline_serializer(
            "Evaluated",
            {
                "judged": serializers.IntegerField(help_text="Rules times scopes that had a figure."),
                "triggered": serializers.IntegerField(),
                "resolved": serializers.IntegerField(),
                "seen": serializers.IntegerField(help_text="Open alerts that go on."),
            },
        ),
        **BAD_POSTS,
    },
}
ACKNOWLEDGE: dict[str, Any] = {
    "request": AcknowledgeRequest,
    "responses": {200: AlertFigure, **_with(AlertConflict)},
}
RESOLVE: dict[str, Any] = {"request": ActRequest, "responses": {200: AlertFigure, **_with(AlertConflict)}}
SNOOZE: dict[str, Any] = {"request": SnoozeRequest, "responses": {200: AlertFigure, **_with(AlertConflict)}}
UNSNOOZE: dict[str, Any] = {"request": ActRequest, "responses": {200: AlertFigure, **_with(AlertConflict)}}
ACKNOWLEDGE_MANY: dict[str, Any] = {
    "operation_id": "alerts_acknowledge_many",
    "request": AcknowledgeManyRequest,
    "responses": {
        200: inline_serializer("AcknowledgedMany", {"results": AlertAnswer(many=True)}),
        **BAD_POSTS,
    },
}
ALERTS: dict[str, Any] = {
    "operation_id": "alerts_list",
    "parameters": [AlertsQuery],
    "responses": {
        (200, "application/json"): page_of("Alert", AlertFigure),
        (200, "text/csv"): OpenApiTypes.STR,
        **BAD_REQUESTS,
    },
}
ALERT: dict[str, Any] = {"parameters": [OfOrganization], "responses": {200: AlertDetail, **BAD_REQUESTS}}
METRICS: dict[str, Any] = {
    "parameters": [OfOrganization],
    "responses": {200: _items("Metrics", METRIC), **BAD_REQUESTS},
}
RULES: dict[str, Any] = {
    "operation_id": "alerts_rules_list",
    "parameters": [OfOrganization],
    "responses": {200: _items("Rules", RuleFigure(many=True)), **BAD_REQUESTS},
}
CREATE_RULE: dict[str, Any] = {"request": CreateRuleRequest, "responses": {201: RuleFigure, **CREATING_POSTS}}
RULE: dict[str, Any] = {"parameters": [OfOrganization], "responses": {200: RuleDetail, **BAD_REQUESTS}}
EDIT_RULE: dict[str, Any] = {"request": EditRuleRequest, "responses": {200: RuleFigure, **_with(RuleConflict)}}
DELETE: dict[str, Any] = {"parameters": [OfOrganization], "responses": {204: None, **BAD_REQUESTS}}
PREVIEW: dict[str, Any] = {"request": PreviewRequest, "responses": {200: PREVIEWED, **BAD_POSTS}}
SILENCES: dict[str, Any] = {
    "operation_id": "alerts_silences_list",
    "parameters": [ScopeQuery],
    "responses": {200: _items("Silences", SilenceFigure(many=True)), **BAD_REQUESTS},
}
CREATE_SILENCE: dict[str, Any] = {"request": SilenceRequest, "responses": {201: SilenceFigure, **CREATING_POSTS}}
SILENCE: dict[str, Any] = {"parameters": [OfOrganization], "responses": {200: SilenceFigure, **BAD_REQUESTS}}
EDIT_SILENCE: dict[str, Any] = {"request": SilenceRequest, "responses": {200: SilenceFigure, **BAD_POSTS}}
