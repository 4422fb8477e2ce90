"""Responses and queries of the OpenAPI document that no serializer describes."""

from typing import Any, get_args

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from attendance.choices import STATE_NAMES, Activity
from attendance.events import AttendanceChanged, CheckinStatus, RecentCheckin
from attendance.presence.headcounts import PEOPLE_STATUSES
from attendance.serializers import (
    AdherenceQuery,
    AgentStateSerializer,
    AttendanceRecordSerializer,
    PeopleQuery,
    PersonDayQuery,
    ShiftSerializer,
)
from intraday.rest.pages import ScopeQuery
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
    "by_state": "People in each state: as states of agents tell, or check-ins where there are none.",
    "longest_out_of_adherence_minutes": "Minutes for which one of them has been so: the longest.",
    "out_of_adherence_count": "People who are there, but in another activity than is scheduled, for longer than the "
    "tolerance.",
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
    by_state=serializers.DictField(child=serializers.IntegerField(min_value=0), help_text=_TEXTS["by_state"]),
)


class AgedAttendanceFigure(AttendanceFigure):  # type: ignore[misc, valid-type]  # made of a struct
    data_age_seconds = serializers.FloatField()


class AttendanceRowResult(serializers.Serializer):
    record_id = serializers.UUIDField()
    result = serializers.ChoiceField(choices=OUTCOMES)
    event = EventRefSchema(
        allow_null=True,
        help_text="Where in the log the person's check-in or check-out lies that the post told; null if it told none.",
    )
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class ShiftRowResult(serializers.Serializer):
    shift_id = serializers.CharField()
    result = serializers.ChoiceField(choices=OUTCOMES)
    event = EventRefSchema(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class StateRowResult(serializers.Serializer):
    state_id = serializers.UUIDField(help_text="Id of the stored state (UUID).")
    result = serializers.ChoiceField(choices=OUTCOMES)
    event = EventRefSchema(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


REASONS = ["no_schedule", "not_recorded"]
SCHEDULED = [Activity.WORK.value, Activity.BREAK.value, Activity.TRAINING.value]


class _Adherence(serializers.Serializer):
    out_of_adherence_minutes = serializers.FloatField(help_text="Of that day, in stretches longer than the tolerance.")
    adherence_percent = serializers.FloatField(
        allow_null=True, min_value=0, max_value=100, help_text="Scheduled time spent in the scheduled activity."
    )
    conformance_percent = serializers.FloatField(
        allow_null=True, min_value=0, help_text="Time worked, against the time of scheduled work."
    )
    reason = serializers.ChoiceField(
        choices=REASONS,
        allow_null=True,
        help_text="Why both are null: no published schedule, or neither states nor check-ins of that day.",
    )


class PersonNowSchema(_Adherence):
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
    scheduled_activity = serializers.ChoiceField(
        choices=SCHEDULED, allow_null=True, help_text="What the published schedule asks for now."
    )
    state = serializers.ChoiceField(
        choices=STATE_NAMES, allow_null=True, help_text="Null for people who are not there."
    )
    state_since = serializers.DateTimeField(allow_null=True, help_text="Instant at which the state began.")
    state_seconds = serializers.IntegerField(allow_null=True, min_value=0, help_text="Seconds in the state so far.")
    out_of_adherence_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when a person who is there has done something else than is scheduled."
    )

    class Meta:
        ref_name = "PersonNow"


class ByStateSchema(serializers.Serializer):
    as_of = serializers.DateTimeField()
    scheduled_count = serializers.IntegerField(min_value=0, help_text="People with a shift now, without leave.")
    by_state = serializers.DictField(child=serializers.IntegerField(min_value=0), help_text=_TEXTS["by_state"])
    absent_count = serializers.IntegerField(min_value=0, help_text=_TEXTS["absent_count"])
    no_show_count = serializers.IntegerField(min_value=0, help_text=_TEXTS["no_show_count"])
    expected_count = serializers.IntegerField(min_value=0, help_text=_TEXTS["expected_count"])
    out_of_adherence_count = serializers.IntegerField(min_value=0, help_text=_TEXTS["out_of_adherence_count"])
    longest_out_of_adherence_minutes = serializers.FloatField(
        min_value=0, help_text=_TEXTS["longest_out_of_adherence_minutes"]
    )

    class Meta:
        ref_name = "AttendanceByState"


class AdherenceRowSchema(_Adherence):
    date = serializers.DateField()
    department_id = serializers.CharField(allow_null=True)
    queue_name = serializers.CharField(allow_null=True)
    employee_id = serializers.CharField(allow_null=True, help_text="Null in rows of queues and days.")
    employee_name = serializers.CharField(allow_null=True)
    scheduled_minutes = serializers.FloatField(min_value=0, help_text="Scheduled minutes of the day so far.")
    adherent_minutes = serializers.FloatField(min_value=0, help_text="Those of them that count as adherent.")
    worked_minutes = serializers.FloatField(min_value=0, help_text="Minutes of work and training, breaks left out.")

    class Meta:
        ref_name = "AdherenceRow"


class StateSpanSchema(serializers.Serializer):
    state = serializers.ChoiceField(choices=STATE_NAMES)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()

    class Meta:
        ref_name = "StateSpan"


class ShiftSpanSchema(serializers.Serializer):
    activity = serializers.ChoiceField(choices=SCHEDULED, help_text="The scheduled activity.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()

    class Meta:
        ref_name = "ShiftSpan"


class PersonDaySchema(_Adherence):
    employee_id = serializers.CharField()
    employee_name = serializers.CharField(allow_null=True)
    department_id = serializers.CharField(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    as_of = serializers.DateTimeField(help_text="States are known up to here.")
    states = StateSpanSchema(many=True, help_text="What the person did, oldest first.")
    schedule = ShiftSpanSchema(many=True, help_text="What the published schedule asks for, oldest first.")

    class Meta:
        ref_name = "PersonDay"


INGEST = single_ingest(AttendanceRecordSerializer, AttendanceRowResult)
BATCH_INGEST = batch_ingest("Attendance", AttendanceRecordSerializer(many=True), AttendanceRowResult)
SHIFTS = batch_ingest("Shift", ShiftSerializer(many=True), ShiftRowResult)
STATES = batch_ingest("AgentState", AgentStateSerializer(many=True), StateRowResult)
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
BY_STATE: dict[str, Any] = {"parameters": [ScopeQuery], "responses": {200: ByStateSchema, **BAD_REQUESTS}}
ADHERENCE = history_of("Adherence", AdherenceRowSchema) | {"parameters": [AdherenceQuery]}
PERSON_DAY: dict[str, Any] = {"parameters": [PersonDayQuery], "responses": {200: PersonDaySchema, **BAD_REQUESTS}}
