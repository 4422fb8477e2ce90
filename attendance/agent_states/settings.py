"""The tolerance of an organization."""

from attendance.models import AttendanceSettings
from attendance.presence.intervals import MINUTE


def tolerance(organization_id: str) -> int:
    """Return in microseconds how long a deviation from the schedule may be and still counts as adherent."""
    row = AttendanceSettings.objects.filter(pk=organization_id).first() or AttendanceSettings()
    return round(row.adherence_tolerance_minutes * MINUTE)
