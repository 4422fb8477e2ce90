from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from intraday.admin.read_only import ReadOnly
from intraday.admin.strict_numbers import StrictNumbers
from intraday.admin.tenants import TenantModelAdmin
from intraday.clock.database import clock
from intraday.org.models import Scope
from kpi import services
from kpi.models import LIMITS, Holiday, IntervalStats, OrganizationSettings, QueueSettings


@admin.register(QueueSettings)
class QueueSettingsAdmin(StrictNumbers, TenantModelAdmin):
    """Settings of a queue. After a change, its figures are computed anew within seconds."""

    organization_path = "scope__organization"
    list_display = ["scope", "kind", "target_service_level", "target_seconds", "sla_minutes", "hours"]
    list_filter = ["kind", "scope__organization", "scope__department_id"]
    list_select_related = ["scope"]
    search_fields = ["scope__queue_name", "scope__department_id"]
    fieldsets = [
        (None, {"fields": ["scope", "kind", "opening_hours"]}),
        ("Targets", {"fields": ["target_service_level", "target_seconds", "sla_minutes", "abandon_policy"]}),
        (
            "Staffing",
            {"fields": ["aht_seconds", "max_occupancy", "shrinkage", "concurrency", "patience_seconds"]},
        ),
        ("Its feed", {"fields": ["interval_minutes", "cadence_seconds"]}),
        (
            "State",
            {"fields": list(LIMITS), "classes": ["collapse"], "description": "Where it differs from the organization."},
        ),
    ]
    autocomplete_fields = ["scope"]

    @admin.display(description="opening hours")
    def hours(self, row: QueueSettings) -> str:
        return row.opening_hours or "always open"

    def get_readonly_fields(self, request: HttpRequest, obj: QueueSettings | None = None) -> list[str]:
        return ["scope"] if obj else []

    def save_model(self, request: HttpRequest, obj: QueueSettings, form: forms.ModelForm, change: bool) -> None:
        services.save_queue_settings(obj, now=clock.now())

    def delete_model(self, request: HttpRequest, obj: QueueSettings) -> None:
        services.remove_queue_settings([obj], now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[QueueSettings]) -> None:
        services.remove_queue_settings(list(queryset), now=clock.now())


@admin.register(OrganizationSettings)
class OrganizationSettingsAdmin(StrictNumbers, TenantModelAdmin):
    """Thresholds of an organization. After a change, its figures are computed anew within seconds."""

    list_display = ["organization", "sla_weight", "staffing_weight", "utilization_weight", "change_minutes"]
    fieldsets = [
        (None, {"fields": ["organization"]}),
        (
            "Health score",
            {
                "fields": ["sla_weight", "staffing_weight", "utilization_weight"],
                "description": "Shares that add up to 1.",
            },
        ),
        ("Changes", {"fields": ["change_minutes"]}),
        ("Forecast", {"fields": ["reforecast_prior", "forecast_cv"]}),
        (
            "State",
            {
                "fields": [*LIMITS, "service_minutes", "staffing_minutes", "recovery_minutes"],
                "description": "When a queue, a department or the organization is at risk or critical.",
            },
        ),
    ]
    autocomplete_fields = ["organization"]

    def get_readonly_fields(self, request: HttpRequest, obj: OrganizationSettings | None = None) -> list[str]:
        return ["organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: OrganizationSettings, form: forms.ModelForm, change: bool) -> None:
        services.save_organization_settings(obj, now=clock.now())

    def delete_model(self, request: HttpRequest, obj: OrganizationSettings) -> None:
        services.remove_organization_settings([obj.pk], now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[OrganizationSettings]) -> None:
        services.remove_organization_settings([each.pk for each in queryset], now=clock.now())


@admin.register(Holiday)
class HolidayAdmin(TenantModelAdmin):
    organization_path = "scope__organization"
    list_display = ["date", "name", "scope"]
    list_filter = ["scope__organization"]
    list_select_related = ["scope"]
    search_fields = ["name", "scope__queue_name"]
    date_hierarchy = "date"
    autocomplete_fields = ["scope"]

    def save_model(self, request: HttpRequest, obj: Holiday, form: forms.ModelForm, change: bool) -> None:
        services.save_holiday(obj, now=clock.now())

    def delete_model(self, request: HttpRequest, obj: Holiday) -> None:
        services.remove_holidays([obj], now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Holiday]) -> None:
        services.remove_holidays(list(queryset), now=clock.now())


@admin.register(IntervalStats)
class IntervalStatsAdmin(ReadOnly, TenantModelAdmin):
    organization_path = "scope__organization"
    list_display = ["start", "scope", "minutes", "as_of", "offered", "answered", "answered_in_target", "agents"]
    list_filter = ["scope__organization", "scope__department_id"]
    list_select_related = ["scope"]
    search_fields = ["scope__queue_name"]
    date_hierarchy = "start"
    ordering = ["-start"]


@admin.register(Scope)
class ScopeAdmin(ReadOnly, TenantModelAdmin):
    """A hidden page for the autocomplete fields above: scopes come with their organization, department or queue."""

    search_fields = ["organization__id", "department_id", "queue_name"]
    ordering = ["organization", "department_id", "queue_name"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False
