from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from attendance import services
from attendance.models import AttendanceRecord, AttendanceSettings, Shift, Snapshot
from intraday.admin.read_only import ReadOnly
from intraday.admin.strict_numbers import StrictNumbers
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


@admin.register(AttendanceSettings)
class AttendanceSettingsAdmin(StrictNumbers, TenantModelAdmin):
    list_display = ["organization", "adherence_tolerance_minutes"]
    autocomplete_fields = ["organization"]

    def get_readonly_fields(self, request: HttpRequest, obj: AttendanceSettings | None = None) -> list[str]:
        return ["organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: AttendanceSettings, form: forms.ModelForm, change: bool) -> None:
        services.save_settings(obj)

    def delete_model(self, request: HttpRequest, obj: AttendanceSettings) -> None:
        services.remove_settings([obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AttendanceSettings]) -> None:
        services.remove_settings([each.pk for each in queryset])
