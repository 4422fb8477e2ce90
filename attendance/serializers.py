"""The shape of attendance records and shifts on the wire, checked before any service sees them."""

from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from attendance.choices import AGENT_STATES, STATE_NAMES, AttendanceStatus, ShiftKind
from attendance.ingest.rows import RecordRow, ShiftRow, StateRow
from attendance.presence.headcounts import PEOPLE_STATUSES
from intraday.clock.database import clock
from intraday.ingest.views import RowSerializer
from intraday.org.models import valid_id, valid_queue_name
from intraday.rest.fields import (
    ChoiceField,
    DayField,
    InstantField,
    PrintableField,
    QueueNameField,
    ShortListField,
    WholeField,
    check_not_ahead,
)
from intraday.rest.pages import MAX_LIMIT, OfOrganization, ScopeQuery

SHIFT_MAX = {True: timedelta(days=2), False: timedelta(days=400)}  # of work; of leave and days off
QUEUES_MAX = 50
DAYS_MAX = 31


class PersonSerializer(RowSerializer):
    """The person of a row."""

    employee_id = PrintableField(max_length=64)
    employee_name = PrintableField(max_length=150, required=False, allow_null=True, allow_blank=True)


class AttendanceRecordSerializer(PersonSerializer):
    """The status of one person at one instant."""

    department_id = serializers.CharField(
        max_length=64, required=False, allow_null=True, help_text="Optional for people who are known."
    )
    site_id = serializers.CharField(max_length=64, required=False, allow_null=True, validators=[valid_id])
    snapshot_time = InstantField(help_text="The time at which it was true; ISO 8601 with zone.")
    status = ChoiceField(choices=[status.value for status in AttendanceStatus])
    checked_in_at = InstantField(required=False, allow_null=True)
    checked_out_at = InstantField(required=False, allow_null=True)
    shift_start = InstantField(
        required=False, allow_null=True, help_text="With shift_end: the person's shift, if none is published."
    )
    shift_end = InstantField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_not_ahead("snapshot_time", attrs["snapshot_time"], clock.now())
        came, went = attrs.get("checked_in_at"), attrs.get("checked_out_at")
        for name, time in (("checked_in_at", came), ("checked_out_at", went)):
            if time is not None and time > attrs["snapshot_time"]:
                raise serializers.ValidationError({name: ["After snapshot_time."]})
        if attrs["status"] == AttendanceStatus.CHECKED_OUT and came is not None and went is not None and went < came:
            raise serializers.ValidationError({"checked_out_at": ["Before checked_in_at."]})
        start, end = attrs.get("shift_start"), attrs.get("shift_end")
        if (start is None) != (end is None):
            raise serializers.ValidationError({"shift_start": ["Send shift_start and shift_end together."]})
        if start is not None and end is not None:
            _check_span("shift_end", start, end, SHIFT_MAX[True])
        return attrs

    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> RecordRow:
        return RecordRow(
            employee_id=valid["employee_id"],
            employee_name=valid.get("employee_name") or "",
            department_id=valid.get("department_id") or "",
            site_id=valid.get("site_id") or "",
            time=valid["snapshot_time"],
            status=valid["status"],
            checked_in_at=valid.get("checked_in_at"),
            checked_out_at=valid.get("checked_out_at"),
            shift_start=valid.get("shift_start"),
            shift_end=valid.get("shift_end"),
        )


def _served_queues() -> ShortListField:
    return ShortListField(
        child=QueueNameField(validators=[valid_queue_name]),
        required=False,
        allow_null=True,
        max_length=QUEUES_MAX,
        help_text="The queues that the person serves.",
    )


def _named_queues(valid: dict[str, Any]) -> list[str]:
    """Return the names of `_served_queues`, each once."""
    return list(dict.fromkeys(valid.get("queue_names") or ()))


class AgentStateSerializer(PersonSerializer):
    """The state of one person since an instant, until the next one."""

    department_id = serializers.CharField(
        max_length=64, required=False, allow_null=True, help_text="Optional for people who are known."
    )
    state = ChoiceField(choices=AGENT_STATES)
    since = InstantField(help_text="The instant at which the state began; posting it again corrects the state.")
    queue_names = _served_queues()
    reason = PrintableField(
        max_length=64,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="The code that the person or the system gave.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_not_ahead("since", attrs["since"], clock.now())
        return attrs

    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> StateRow:
        return StateRow(
            employee_id=valid["employee_id"],
            employee_name=valid.get("employee_name") or "",
            department_id=valid.get("department_id") or "",
            state=valid["state"],
            since=valid["since"],
            queue_names=_named_queues(valid),
            reason=valid.get("reason") or "",
        )


class ShiftSerializer(PersonSerializer):
    """A piece of one person's schedule."""

    shift_id = PrintableField(max_length=128, help_text="The feed's own id; posting it again corrects the shift.")
    department_id = serializers.CharField(max_length=64)
    queue_names = _served_queues()
    start = InstantField()
    end = InstantField()
    kind = ChoiceField(choices=[kind.value for kind in ShiftKind])
    cancelled = serializers.BooleanField(required=False, allow_null=True, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        away = attrs["kind"] in (ShiftKind.LEAVE, ShiftKind.DAY_OFF)
        _check_span("end", attrs["start"], attrs["end"], SHIFT_MAX[not away])
        return attrs

    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> ShiftRow:
        return ShiftRow(
            shift_id=valid["shift_id"],
            employee_id=valid["employee_id"],
            employee_name=valid.get("employee_name") or "",
            department_id=valid["department_id"],
            queue_names=_named_queues(valid),
            start=valid["start"],
            end=valid["end"],
            kind=valid["kind"],
            cancelled=bool(valid.get("cancelled")),
        )


def _check_span(name: str, start: datetime, end: datetime, longest: timedelta) -> None:
    if not timedelta() < end - start <= longest:
        raise serializers.ValidationError({name: [f"The end must be after the start, by {longest.days} days at most."]})


class PeopleQuery(ScopeQuery):
    site_id = serializers.CharField(required=False, max_length=64, default="")
    status = ChoiceField(required=False, choices=list(PEOPLE_STATUSES), help_text="`absent` includes `no_show`.")
    state = ChoiceField(required=False, choices=list(STATE_NAMES))
    out_of_adherence = serializers.BooleanField(
        required=False, default=False, help_text="Only people who have been so for longer than the tolerance."
    )
    name = PrintableField(
        required=False, max_length=128, default="", help_text="A part of the name or of the employee id, in any case."
    )
    limit = WholeField(required=False, min_value=1, max_value=MAX_LIMIT, default=200)


class AdherenceQuery(ScopeQuery):
    """Local days of a scope."""

    by = ChoiceField(required=False, choices=["person", "queue", "day"], default="person")
    employee_id = PrintableField(required=False, max_length=64, default="", help_text="With `by=person`: only theirs.")
    since = DayField(required=False, help_text="The first local day; today, unless given.")
    until = DayField(required=False, help_text="The last local day; that of `since`, unless given.")
    cursor = DayField(required=False, help_text="`next` of the page before.")
    limit = WholeField(
        required=False, min_value=1, max_value=MAX_LIMIT, default=200, help_text="A page ends with a whole day."
    )
    format = ChoiceField(required=False, choices=["json", "csv"], default="json")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first = attrs.get("since")
        last = attrs.get("until", first)
        if first is None and last is not None:
            raise serializers.ValidationError({"since": ["Send the first day, too."]})
        if first is not None and last is not None and not timedelta() <= last - first < timedelta(days=DAYS_MAX):
            raise serializers.ValidationError({"until": [f"Expected since or a later day, {DAYS_MAX} days at most."]})
        if attrs["employee_id"] and attrs["by"] != "person":
            raise serializers.ValidationError({"employee_id": ["Allowed with by=person alone."]})
        return attrs


class PersonDayQuery(OfOrganization):
    department_id = serializers.CharField(required=False, max_length=64)
    employee_id = PrintableField(max_length=64, help_text="The person, as feeds name them.")
    date = DayField(required=False, help_text="The local day; today, unless given.")
