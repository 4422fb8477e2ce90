"""Responses and queries of the OpenAPI document that no serializer describes."""

from typing import Any, get_args

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from attendance.events import AttendanceChanged, CheckinStatus, RecentCheckin
from attendance.presence.headcounts import PEOPLE_STATUSES
from attendance.serializers import AttendanceRecordSerializer, PeopleQuery, ShiftSerializer
from intraday.rest.schema import BAD_REQUESTS, EventRefSchema, batch_ingest, current_of, history_of, single_ingest
from intraday.rest.struct_serializers import described

OUTCOMES = ["created", "corrected", "duplicate", "late", "superseded"]


_recent_checkin = described(
    RecentCheckin,
    "RecentCheckin",
    None,
    {"employee_name": "For roles that see names."},
    status=serializers.ChoiceField(choices=get_args(CheckinStatus)),
)
_TEXTS = {
    "scheduled_count": "present + expected + absent + left early",
    "absent_count": "Not there 5 minutes after the start.",
    "late_count": "Of those present.",
    "expected_count": "Not there yet, and not late yet.",
    "no_show_count": "Of those absent: for more than two hours.",
    "unscheduled_count": "There without a shift.",
    "lost_minutes": "By coming late or not at all, of shifts that go on now.",
    "reasons": "Why a field is null.",
}
AttendanceFigure = described(
    AttendanceChanged,
    "AttendanceFigure",
    "Scheduled and present people of a scope: the `data` of `attendance:update`.",
    _TEXTS,
    snapshot_id=serializers.UUIDField(),
    attendance_rate=serializers.FloatField(allow_null=True, min_value=0, max_value=100),
    recent_checkins=_recent_checkin(many=True, help_text="Of the last hour, newest first, ten at most."),
)


class AgedAttendanceFigure(AttendanceFigure):  # type: ignore[misc, valid-type]  # made of a struct
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
