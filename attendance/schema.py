"""Responses and queries of the OpenAPI document that no serializer describes."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from attendance.presence.headcounts import PEOPLE_STATUSES
from attendance.serializers import AttendanceRecordSerializer, PeopleQuery, ShiftSerializer
from intraday.rest.batches import BatchQuery, SingleQuery
from intraday.rest.pages import HistoryQuery, ScopeQuery
from intraday.rest.schema import BAD_REQUESTS, CREATING_POSTS, EventRefSchema, batch_answers, page_of

OUTCOMES = ["created", "corrected", "duplicate", "late", "superseded"]


class RecentCheckinSchema(serializers.Serializer):
    employee_id = serializers.CharField()
    employee_name = serializers.CharField(allow_null=True, help_text="For roles that see names.")
    checked_in_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=["on_time", "late", "early", "unscheduled"])

    class Meta:
        ref_name = "RecentCheckin"


class AttendanceFigure(serializers.Serializer):
    """Scheduled and present people of a scope: the `data` of `attendance:update`."""

    snapshot_id = serializers.UUIDField()
    organization_id = serializers.CharField()
    department_id = serializers.CharField(required=False)
    timestamp = serializers.DateTimeField()
    scheduled_count = serializers.IntegerField(help_text="present + expected + absent + left early")
    present_count = serializers.IntegerField()
    absent_count = serializers.IntegerField(help_text="Not there 5 minutes after the start.")
    late_count = serializers.IntegerField(help_text="Of those present.")
    attendance_rate = serializers.FloatField(allow_null=True, min_value=0, max_value=100)
    recent_checkins = RecentCheckinSchema(many=True, help_text="Of the last hour, newest first, ten at most.")
    expected_count = serializers.IntegerField(help_text="Not there yet, and not late yet.")
    no_show_count = serializers.IntegerField(help_text="Of those absent: for more than two hours.")
    left_early_count = serializers.IntegerField()
    on_leave_count = serializers.IntegerField()
    unscheduled_count = serializers.IntegerField(help_text="There without a shift.")
    lost_minutes = serializers.FloatField(help_text="By coming late or not at all, of shifts that go on now.")
    reasons = serializers.DictField(child=serializers.CharField(), required=False, help_text="Why a field is null.")


class AgedAttendanceFigure(AttendanceFigure):
    data_age_seconds = serializers.FloatField()


class AttendanceRowResult(serializers.Serializer):
    record_id = serializers.UUIDField()
    result = serializers.ChoiceField(choices=OUTCOMES)
    event = EventRefSchema(allow_null=True, help_text="Where in the log the figures lie that are news by it.")
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class ShiftRowResult(serializers.Serializer):
    shift_id = serializers.CharField()
    result = serializers.ChoiceField(choices=OUTCOMES)
    event = EventRefSchema(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class PersonNowSchema(serializers.Serializer):
    employee_id = serializers.CharField()
    employee_name = serializers.CharField(allow_null=True)
    department_id = serializers.CharField(allow_null=True)
    queue_names = serializers.ListField(
        child=serializers.CharField(), help_text="The queues that the person's shift names."
    )
    status = serializers.ChoiceField(choices=list(PEOPLE_STATUSES))
    shift_start = serializers.DateTimeField(allow_null=True)
    shift_end = serializers.DateTimeField(allow_null=True)
    checked_in_at = serializers.DateTimeField(allow_null=True, help_text="The first check-in for this shift.")
    lost_minutes = serializers.FloatField()

    class Meta:
        ref_name = "PersonNow"


INGEST: dict[str, Any] = {
    "request": AttendanceRecordSerializer,
    "parameters": [SingleQuery],
    "responses": {201: AttendanceRowResult, **CREATING_POSTS},
}
BATCH_INGEST: dict[str, Any] = {
    "request": inline_serializer("AttendanceBatch", {"items": AttendanceRecordSerializer(many=True)}),
    "parameters": [BatchQuery],
    "responses": batch_answers("Attendance", AttendanceRowResult),
}
SHIFTS: dict[str, Any] = {
    "request": inline_serializer("ShiftBatch", {"items": ShiftSerializer(many=True)}),
    "parameters": [BatchQuery],
    "responses": batch_answers("Shift", ShiftRowResult),
}
CURRENT: dict[str, Any] = {
    "parameters": [ScopeQuery],
    "responses": {
        200: inline_serializer(
            "AttendanceCurrent",
            {"current": AgedAttendanceFigure(allow_null=True), "within": AgedAttendanceFigure(many=True)},
        ),
        **BAD_REQUESTS,
    },
}
HISTORY: dict[str, Any] = {
    "parameters": [HistoryQuery],
    "responses": {
        (200, "application/json"): page_of("Attendance", AttendanceFigure),
        (200, "text/csv"): OpenApiTypes.STR,
        **BAD_REQUESTS,
    },
}
PEOPLE: dict[str, Any] = {
    "parameters": [PeopleQuery],
    "responses": {
        200: inline_serializer(
            "AttendancePeople", {"as_of": serializers.DateTimeField(), "items": PersonNowSchema(many=True)}
        ),
        **BAD_REQUESTS,
    },
}
