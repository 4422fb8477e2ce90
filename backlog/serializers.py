"""The shape of backlog rows on the wire, checked before any service sees them."""

from itertools import pairwise
from typing import Any

from rest_framework import serializers

from backlog.ingest.rows import Row
from intraday.clock.database import clock
from intraday.ingest.views import RowSerializer
from intraday.rest.fields import (
    BLANK_QUEUE,
    FiniteField,
    InstantField,
    QueueNameField,
    ShortListField,
    WholeField,
    check_not_ahead,
)

COUNT_MAX = 1_000_000_000
COUNTER_MAX = 10**15  # the sum over thousands of queues still fits a column
MINUTES_MAX = 60 * 24 * 366 * 50


MAX_BUCKETS = 24


class AgeBucketSerializer(serializers.Serializer):
    """The number of waiting items that are at least that old."""

    older_than_minutes = FiniteField(min_value=0, max_value=MINUTES_MAX)
    items = serializers.IntegerField(min_value=0, max_value=COUNT_MAX)


class BacklogSnapshotSerializer(RowSerializer):
    """One snapshot of a queue, a department (no queue_name) or the organization (neither)."""

    department_id = serializers.CharField(
        max_length=64, required=False, allow_null=True, help_text="Optional if the queue's name is unique."
    )
    queue_name = QueueNameField(
        required=False,
        error_messages={"null": BLANK_QUEUE, "blank": BLANK_QUEUE},
        help_text="Leave it out (not blank) in a row for a department or the organization.",
    )
    snapshot_time = InstantField(help_text="The time of the measurement; ISO 8601 with zone.")
    total_items = WholeField(min_value=0, max_value=COUNT_MAX)
    average_wait_time_minutes = FiniteField(min_value=0, max_value=MINUTES_MAX)
    items_over_sla = WholeField(
        min_value=0, max_value=COUNT_MAX, required=False, allow_null=True, help_text="Already past their target."
    )
    sla_at_risk_count = WholeField(
        min_value=0, max_value=COUNT_MAX, required=False, allow_null=True, help_text="Will be past their target soon."
    )
    sla_compliance_percentage = FiniteField(min_value=0, max_value=100, required=False, allow_null=True)
    items_added = WholeField(
        min_value=0, max_value=COUNT_MAX, required=False, allow_null=True, help_text="Since the previous snapshot."
    )
    items_completed = WholeField(min_value=0, max_value=COUNT_MAX, required=False, allow_null=True)
    items_added_total = WholeField(
        min_value=0, max_value=COUNTER_MAX, required=False, allow_null=True, help_text="A counter; may start over at 0."
    )
    items_completed_total = WholeField(min_value=0, max_value=COUNTER_MAX, required=False, allow_null=True)
    oldest_item_age_minutes = FiniteField(min_value=0, max_value=MINUTES_MAX, required=False, allow_null=True)
    age_profile = ShortListField(
        child=AgeBucketSerializer(),
        required=False,
        allow_null=True,
        min_length=1,
        max_length=MAX_BUCKETS,
        help_text="How many items are at least so old, cumulative: 0, 60 and 120 minutes with 10, 4 and 1 items are 6 "
        "items younger than an hour, 3 between one and two hours, and 1 older. Ages ascend, items do not.",
    )

    def validate_age_profile(self, profile: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
        for number, (younger, older) in enumerate(pairwise(profile or []), start=2):
            if older["older_than_minutes"] <= younger["older_than_minutes"]:
                raise serializers.ValidationError(
                    f"Bucket {number}: older_than_minutes is {older['older_than_minutes']:g} after "
                    f"{younger['older_than_minutes']:g}. Send each age once, in ascending order."
                )
            if older["items"] > younger["items"]:
                raise serializers.ValidationError(
                    f"Bucket {number}: {older['items']} items are at least {older['older_than_minutes']:g} minutes "
                    f"old, but only {younger['items']} at least {younger['older_than_minutes']:g}. Counts are "
                    "cumulative: an older bucket holds no more items than a younger one."
                )
        return None if profile is None else [dict(bucket) for bucket in profile]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_not_ahead("snapshot_time", attrs["snapshot_time"], clock.now())
        for name in ("items_over_sla", "sla_at_risk_count"):
            if (attrs.get(name) or 0) > attrs["total_items"]:
                raise serializers.ValidationError({name: ["This exceeds total_items."]})
        if (attrs.get("items_added") is None) != (attrs.get("items_completed") is None):
            raise serializers.ValidationError({"items_added": ["Send items_added and items_completed together."]})
        profile = attrs.get("age_profile")
        if profile and profile[0]["items"] > attrs["total_items"]:
            raise serializers.ValidationError(
                {"age_profile": [f"Bucket 1 has {profile[0]['items']} items, more than total_items."]}
            )
        return attrs

    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> Row:
        return Row(
            department_id=valid.get("department_id") or "",
            queue_name=valid.get("queue_name") or "",
            time=valid["snapshot_time"],
            total_items=valid["total_items"],
            average_wait_minutes=valid["average_wait_time_minutes"],
            items_over_sla=valid.get("items_over_sla"),
            items_at_risk=valid.get("sla_at_risk_count"),
            reported_compliance=valid.get("sla_compliance_percentage"),
            reported_added=valid.get("items_added"),
            reported_completed=valid.get("items_completed"),
            added_total=valid.get("items_added_total"),
            completed_total=valid.get("items_completed_total"),
            oldest_age_minutes=valid.get("oldest_item_age_minutes"),
            age_profile=valid.get("age_profile"),
        )
