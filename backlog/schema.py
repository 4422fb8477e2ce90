"""Responses and queries of the OpenAPI document that no serializer describes."""

from typing import get_args

from rest_framework import serializers

from backlog.events import BacklogChanged, FlowSource, Trend
from backlog.serializers import AgeBucketSerializer, BacklogSnapshotSerializer
from intraday.rest.schema import EventRefSchema, batch_ingest, current_of, history_of, single_ingest
from intraday.rest.struct_serializers import described

_TEXTS = {
    "items_added_this_interval": "Since the previous figure of the scope. Above queues the sum of what the queues "
    "inside posted; below zero where a feed corrected an earlier count downwards.",
    "interval_seconds": "Since the previous snapshot of the scope.",
    "added_per_hour": "Items an hour, over the trailing hour.",
    "completed_per_hour": "Items an hour, over the trailing hour.",
    "slope_per_hour": "Items an hour, by Theil-Sen.",
    "derived": "Rolled up from queues rather than posted.",
    "reasons": "Why a field is null.",
}
BacklogFigure = described(
    BacklogChanged,
    "BacklogFigure",
    "A backlog snapshot with the figures derived from it: the `data` of `backlog:update`.",
    _TEXTS,
    snapshot_id=serializers.UUIDField(),
    sla_compliance_percentage=serializers.FloatField(allow_null=True, min_value=0, max_value=100),
    backlog_trend=serializers.ChoiceField(choices=get_args(Trend)),
    flow_source=serializers.ChoiceField(choices=get_args(FlowSource)),
    age_profile=AgeBucketSerializer(
        many=True,
        required=False,
        help_text="Items at least so old, cumulative; above queues only where all inside send the same ages.",
    ),
)


class AgedBacklogFigure(BacklogFigure):  # type: ignore[misc, valid-type]  # made of a struct
    data_age_seconds = serializers.FloatField()
    cadence_seconds = serializers.FloatField(help_text="How often this scope is reported, as learned.")


class BacklogRowResult(serializers.Serializer):
    snapshot_id = serializers.UUIDField()
    result = serializers.ChoiceField(choices=["created", "corrected", "duplicate", "late", "superseded"])
    event = EventRefSchema(allow_null=True, help_text="Where in the log its event lies, if it was news.")
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


INGEST = single_ingest(BacklogSnapshotSerializer, BacklogRowResult)
BATCH_INGEST = batch_ingest("Backlog", BacklogSnapshotSerializer(many=True), BacklogRowResult)
CURRENT = current_of("Backlog", AgedBacklogFigure)
HISTORY = history_of("Backlog", BacklogFigure)
