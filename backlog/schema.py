"""Responses and queries of the OpenAPI document that no serializer describes."""

from rest_framework import serializers

from backlog.serializers import AgeBucketSerializer, BacklogSnapshotSerializer
from intraday.rest.schema import EventRefSchema, batch_ingest, current_of, history_of, single_ingest


class BacklogFigure(serializers.Serializer):
    """A backlog snapshot with the figures derived from it: the `data` of `backlog:update`."""

    snapshot_id = serializers.UUIDField()
    organization_id = serializers.CharField()
    department_id = serializers.CharField(required=False)
    queue_name = serializers.CharField(required=False)
    timestamp = serializers.DateTimeField()
    total_items = serializers.IntegerField()
    avg_wait_time_minutes = serializers.FloatField()
    items_over_sla = serializers.IntegerField(allow_null=True)
    sla_compliance_percentage = serializers.FloatField(allow_null=True, min_value=0, max_value=100)
    backlog_trend = serializers.ChoiceField(choices=["growing", "stable", "decreasing"])
    items_added_this_interval = serializers.IntegerField(
        help_text="Since the previous figure of the scope. Above queues the sum of what the queues inside posted; "
        "below zero where a feed corrected an earlier count downwards."
    )
    items_completed_this_interval = serializers.IntegerField()
    items_at_risk = serializers.IntegerField(allow_null=True)
    oldest_item_age_minutes = serializers.FloatField(allow_null=True)
    flow_source = serializers.ChoiceField(choices=["explicit", "counters", "net_inferred", "none"])
    interval_seconds = serializers.FloatField(allow_null=True, help_text="Since the previous snapshot of the scope.")
    added_per_hour = serializers.FloatField(allow_null=True, help_text="Items an hour, over the trailing hour.")
    completed_per_hour = serializers.FloatField(allow_null=True, help_text="Items an hour, over the trailing hour.")
    slope_per_hour = serializers.FloatField(allow_null=True, help_text="Items an hour, by Theil-Sen.")
    quality = serializers.ChoiceField(choices=["ok", "partial", "stale"])
    derived = serializers.BooleanField(help_text="Rolled up from queues rather than posted.")
    age_profile = AgeBucketSerializer(
        many=True,
        required=False,
        help_text="Items at least so old, cumulative; above queues only where all inside send the same ages.",
    )
    reasons = serializers.DictField(child=serializers.CharField(), required=False, help_text="Why a field is null.")


class AgedBacklogFigure(BacklogFigure):
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
