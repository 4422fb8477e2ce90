"""Responses and queries of the OpenAPI document that no serializer describes."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from attendance.presence.headcounts import PEOPLE_STATUSES
from attendance.serializers import AttendanceRecordSerializer, PeopleQuery, ShiftSerializer
from intraday.rest.schema import BAD_REQUESTS, EventRefSchema, batch_ingest, current_of, history_of, single_ingest

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


INGEST = single_ingest(AttendanceRecordSerializer, AttendanceRowResult)
BATCH_INGEST = batch_ingest("Attendance", AttendanceRecordSerializer(many=True), AttendanceRowResult)
SHIFTS = batch_ingest("Shift", ShiftSerializer(many=True), ShiftRowResult)
CURRENT = current_of("Attendance", AgedAttendanceFigure)
HISTORY = history_of("Attendance", AttendanceFigure)
PEOPLE: dict[str, Any] = {
    "parameters": [PeopleQuery],
    "responses": {
        200: inline_serializer(
            "AttendancePeople", {"as_of": serializers.DateTimeField(), "items": PersonNowSchema(many=True)}
        ),
        **BAD_REQUESTS,
    },
}
