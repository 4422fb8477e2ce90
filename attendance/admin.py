from django.contrib import admin

from attendance.models import AttendanceRecord, Shift, Snapshot
from intraday.admin.read_only import ReadOnly
from intraday.admin.tenants import TenantModelAdmin


@admin.register(AttendanceRecord)
class AttendanceRecordAdmin(ReadOnly, TenantModelAdmin):
    organization_path = "person__organization"
    list_display = ["time", "person", "department_id", "status", "checked_in_at", "checked_out_at"]
    list_filter = ["status", "person__organization", "department_id"]
    search_fields = ["person__employee_id", "person__name"]
    list_select_related = ["person"]
    date_hierarchy = "time"
    ordering = ["-time"]


@admin.register(Shift)
class ShiftAdmin(ReadOnly, TenantModelAdmin):
    list_display = ["start", "end", "person", "department_id", "kind", "queue_names", "cancelled", "posted"]
    list_filter = ["kind", "cancelled", "posted", "organization", "department_id"]
    search_fields = ["shift_id", "person__employee_id", "person__name"]
    list_select_related = ["person"]
    date_hierarchy = "start"
    ordering = ["-start"]


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly, TenantModelAdmin):
    organization_path = "scope__organization"
    list_display = ["time", "scope", "scheduled", "present", "late", "absent", "no_show", "lost_minutes"]
    list_filter = ["scope__organization", "scope__department_id"]
    list_select_related = ["scope"]
    date_hierarchy = "time"
    ordering = ["-time"]
