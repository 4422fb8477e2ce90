"""People with their reported records and shifts, the periods derived from these, and the figures of each scope.

Scheduled and status periods keep instants as microseconds since 1970: the statement that counts people subtracts them,
which SQLite and PostgreSQL write differently for anything but numbers.
"""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from attendance.choices import AGENT_STATES, Activity, AttendanceStatus, ShiftKind
from intraday.org.models import Organization, Scope


class Person(models.Model):
    """A person who works for an organization, as feeds name her, with her last reported department."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="people", db_index=False)
    employee_id = models.CharField(max_length=64)
    name = models.CharField(max_length=150, blank=True, default="")
    department_id = models.CharField(max_length=64, blank=True, default="")
    site_id = models.CharField(max_length=64, blank=True, default="")
    newest_at = models.DateTimeField(null=True, help_text="Time of her newest record.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "employee_id"], name="person_once")]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"{self.organization_id} / {self.employee_id}"


class AttendanceRecord(models.Model):
    """A reported status of a person at one instant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="records", db_index=False)
    time = models.DateTimeField()
    received_at = models.DateTimeField(db_index=True)
    department_id = models.CharField(max_length=64, blank=True, default="")
    site_id = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16, choices=[(status.value, status.value) for status in AttendanceStatus])
    checked_in_at = models.DateTimeField(null=True)
    checked_out_at = models.DateTimeField(null=True)
    shift_start = models.DateTimeField(null=True)
    shift_end = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "time"], name="attendance_record_once")]

    def __str__(self) -> str:
        return f"{self.person} at {self.time:%Y-%m-%d %H:%M:%S}: {self.status}"


class AgentState(models.Model):
    """A reported state of a person from an instant on (microseconds since 1970), with what is derived from its
    neighbours (attendance.agent_states.stored_states).

    `ends` is the start of the next state, or when this one expires. `activity_starts` is the start of the first of the
    states without a gap that amount to the same activity.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="agent_states", db_index=False)
    department_id = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=16, choices=[(state, state) for state in AGENT_STATES])
    queue_names = models.JSONField(default=list)
    reason = models.CharField(max_length=64, blank=True, default="")
    starts = models.BigIntegerField()
    ends = models.BigIntegerField()
    activity = models.CharField(max_length=16, choices=[(each.value, each.value) for each in Activity])
    activity_starts = models.BigIntegerField()
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "starts"], name="agent_state_once")]
        indexes = [models.Index(fields=["organization", "starts"]), models.Index(fields=["organization", "ends"])]

    def __str__(self) -> str:
        return f"{self.person} {self.state} from {self.starts}"


class AttendanceSettings(models.Model):
    """Settings of an organization. The defaults hold for an organization without a row."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="attendance_settings"
    )
    adherence_tolerance_minutes = models.FloatField(
        default=5,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
        help_text="A deviation from the schedule that is no longer counts as adherent.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "attendance settings"

    def __str__(self) -> str:
        return str(self.organization)


class Shift(models.Model):
    """A shift of the published schedule; `posted` ones came with a record, and give way to published ones."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="shifts", db_index=False)
    shift_id = models.CharField(max_length=128)
    person = models.ForeignKey(Person, models.CASCADE, related_name="shifts", db_index=False)
    department_id = models.CharField(max_length=64, blank=True, default="")
    queue_names = models.JSONField(default=list)
    start = models.DateTimeField()
    end = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ShiftKind])
    cancelled = models.BooleanField(default=False)
    posted = models.BooleanField(default=False)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "shift_id"], name="shift_once")]
        indexes = [models.Index(fields=["organization", "end"]), models.Index(fields=["person", "end"])]

    def __str__(self) -> str:
        return f"{self.organization_id} / {self.shift_id}"


OLDER_RELEASE = "A process of release 0.1 derived it during an upgrade; it is derived again."


class ScheduledPeriod(models.Model):
    """A period in which a person is to work by her shifts, or is on leave (attendance.presence.scheduled_periods)."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="scheduled_periods", db_index=False)
    department_id = models.CharField(max_length=64, blank=True, default="")
    starts = models.BigIntegerField()
    ends = models.BigIntegerField()
    on_leave = models.BooleanField(default=False)
    of_department = models.BooleanField(default=True, db_default=True)
    of_organization = models.BooleanField(default=True, db_default=True)
    of_older_release = models.BooleanField(default=False, db_default=True, help_text=OLDER_RELEASE)
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "attendance_duty"
        indexes = [
            models.Index(fields=["organization", "ends"]),
            models.Index(fields=["person", "ends"]),
            models.Index(
                fields=["organization"], condition=models.Q(of_older_release=True), name="attendance_duty_older"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} from {self.starts}"


class StatusPeriod(models.Model):
    """A period of a person in one status, derived from her records (attendance.presence.status_periods)."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="status_periods", db_index=False)
    department_id = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16)
    starts = models.BigIntegerField()
    ends = models.BigIntegerField()
    came_at = models.BigIntegerField(null=True)
    reported_at = models.BigIntegerField(db_column="said_at")
    confirmed_at = models.BigIntegerField(db_column="heard_at")
    left_at = models.BigIntegerField(null=True)
    of_older_release = models.BooleanField(default=False, db_default=True, help_text=OLDER_RELEASE)
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "attendance_spell"
        indexes = [
            models.Index(fields=["person", "ends"]),
            models.Index(fields=["organization", "ends"]),
            models.Index(fields=["organization", "came_at"]),
            models.Index(
                fields=["organization"], condition=models.Q(of_older_release=True), name="attendance_spell_older"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.status} from {self.starts}"


class Snapshot(models.Model):
    """The figures of a department or an organization at one instant (DOMAIN 3.7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.ForeignKey(Scope, models.CASCADE, related_name="attendance_snapshots", db_index=False)
    time = models.DateTimeField()
    received_at = models.DateTimeField(db_index=True)
    scheduled = models.PositiveIntegerField(default=0)
    present = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    absent = models.PositiveIntegerField(default=0)
    left_early = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    no_show = models.PositiveIntegerField(default=0)
    on_leave = models.PositiveIntegerField(default=0)
    unscheduled = models.PositiveIntegerField(default=0)
    lost_minutes = models.FloatField(default=0.0)
    recent_checkins = models.JSONField(default=list)
    by_state = models.JSONField(null=True, help_text="People by state; null in figures of older releases.")
    out_of_adherence = models.PositiveIntegerField(default=0, db_default=0)
    longest_out_minutes = models.FloatField(default=0.0, db_default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "time"], name="attendance_snapshot_once")]
        ordering = ["scope", "time"]

    def __str__(self) -> str:
        return f"{self.scope} at {self.time:%Y-%m-%d %H:%M:%S}: {self.present} of {self.scheduled}"


class CurrentAttendance(models.Model):
    """The newest figures of a scope. The organization's row is locked before anything of it is written
    (attendance.turns)."""

    scope = models.OneToOneField(Scope, models.CASCADE, primary_key=True, related_name="current_attendance")
    snapshot = models.ForeignKey(Snapshot, models.SET_NULL, null=True, related_name="+")
    time = models.DateTimeField(null=True)
    rules_version = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        db_column="derived_by",
        help_text="Version of the rules that derived the organization's scheduled and status periods.",
    )

    class Meta:
        verbose_name_plural = "current attendance"

    def __str__(self) -> str:
        return str(self.scope)


class UncountedPost(models.Model):
    """A post to a department, or of people without one to the organization, that the figures do not count yet.

    `at` is the instant of which it wants figures; null where they are of the same instant as before.
    """

    scope = models.ForeignKey(Scope, models.CASCADE, related_name="+")
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.scope} at {self.at}"
