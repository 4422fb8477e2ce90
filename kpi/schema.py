"""The parts of the OpenAPI document that serializers cannot say."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, inline_serializer
from rest_framework import serializers

from intraday.rest.pages import ScopeQuery
from intraday.rest.schema import (
    BAD_POSTS,
    BAD_REQUESTS,
    EventRefSchema,
    batch_ingest,
    current_of,
    history_of,
    of_scope,
    single_ingest,
)
from intraday.rest.struct_serializers import serializer_of
from kpi.advice.wording import Advice
from kpi.day.intervals import GridInterval
from kpi.day.what_if import Case, OtherQueue
from kpi.events import KPIChanged
from kpi.serializers import (
    AgentsIntervalSerializer,
    ComputeSerializer,
    DayIntervalsQuery,
    ForecastSerializer,
    IntervalSerializer,
    WhatIfSerializer,
)

KPIFigure = serializer_of(KPIChanged)


class KPIRowResult(serializers.Serializer):
    result = serializers.ChoiceField(choices=["created", "corrected", "duplicate", "late", "superseded"])
    event = EventRefSchema(allow_null=True, help_text="Null: inputs are told by the figures that follow from them.")
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


def _interval(**options: Any) -> PolymorphicProxySerializer:
    """The row of a queue, or that of a level's agents."""
    rows = [IntervalSerializer, AgentsIntervalSerializer]
    return PolymorphicProxySerializer("IntervalOrAgents", rows, resource_type_field_name=None, **options)


INGEST = single_ingest(_interval(), KPIRowResult)
BATCH_INGEST = batch_ingest("KPI", _interval(many=True), KPIRowResult)
FORECAST_BATCH_INGEST = batch_ingest("Forecast", ForecastSerializer(many=True), KPIRowResult)
COMPUTE: dict[str, Any] = {
    "request": ComputeSerializer,
    "responses": {
        201: type("ComputedKPI", (KPIFigure,), {"event": EventRefSchema(allow_null=True)}),
        **BAD_POSTS,
    },
}
VOLUME_CONFIRMATION: dict[str, Any] = {
    "request": ScopeQuery,
    "responses": {200: KPIFigure, **BAD_POSTS},
}
CURRENT = current_of("KPI", KPIFigure)
HISTORY = history_of("KPI", KPIFigure)
INTERVALS: dict[str, Any] = {
    "parameters": [DayIntervalsQuery],
    "responses": {
        200: inline_serializer(
            "KPIIntervals",
            {
                **of_scope(),
                "date": serializers.DateField(),
                "interval_minutes": serializers.IntegerField(),
                "intervals": serializer_of(GridInterval)(many=True),
            },
        ),
        **BAD_REQUESTS,
    },
}
WHAT_IF: dict[str, Any] = {
    "request": WhatIfSerializer,
    "responses": {
        200: inline_serializer(
            "WhatIf",
            {
                "baseline": serializer_of(Case)(),
                "scenario": serializer_of(Case)(),
                "source": serializer_of(OtherQueue)(allow_null=True),
            },
        ),
        **BAD_POSTS,
    },
}
SUGGESTIONS: dict[str, Any] = {
    "parameters": [ScopeQuery],
    "responses": {
        200: inline_serializer(
            "Suggestions",
            {
                **of_scope(),
                "as_of": serializers.DateTimeField(),
                "suggestions": serializer_of(Advice)(many=True),
            },
        ),
        **BAD_REQUESTS,
    },
}
