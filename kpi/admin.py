from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from django.urls import reverse

from intraday.admin.checked_input import LONGEST_SEARCH
from intraday.admin.read_only import ReadOnly
from intraday.admin.strict_numbers import StrictNumbers
from intraday.admin.tenants import TenantModelAdmin
from intraday.clock.database import clock
from intraday.org.models import Scope
from kpi import services
from kpi.models import LIMITS, Holiday, IntervalStats, Kind, OrganizationSettings, QueueSettings

OF_REALTIME = ["target_service_level", "target_seconds", "abandon_policy", "patience_seconds", "concurrency"]
REALTIME_LIMITS = ["critical_outlook", "at_risk_outlook", "critical_points", "at_risk_points"]
OTHER_LIMITS = [name for name in LIMITS if name not in REALTIME_LIMITS]
OVERRIDES = "Where it differs from the organization."
MOST_LISTED = 100


@admin.register(QueueSettings)
class QueueSettingsAdmin(StrictNumbers, TenantModelAdmin):
    """Settings of a queue. After a change, its figures are computed anew within seconds."""

    organization_path = "scope__organization"
    change_list_template = "kpi/admin/queue_settings_list.html"
    list_display = ["queue", "organization", "kind", "target", "hours"]
    list_filter = ["kind", "scope__organization", "scope__department_id"]
    list_select_related = ["scope"]
    search_fields = ["scope__queue_name", "scope__department_id"]
    fieldsets = [
        (None, {"fields": ["scope", "kind", "opening_hours"]}),
        ("Calls and chats", {"fields": [*OF_REALTIME], "classes": ["of-realtime"]}),
        ("Deferred work", {"fields": ["sla_minutes"], "classes": ["of-deferred"]}),
        ("Staffing", {"fields": ["aht_seconds", "max_occupancy", "shrinkage"]}),
        ("Its feed", {"fields": ["interval_minutes", "cadence_seconds"]}),
        (
            "State of calls and chats",
            {"fields": [*REALTIME_LIMITS], "classes": ["collapse", "of-realtime"], "description": OVERRIDES},
        ),
        (
            "State of staffing and backlog",
            {"fields": [*OTHER_LIMITS], "classes": ["collapse"], "description": OVERRIDES},
        ),
    ]
    autocomplete_fields = ["scope"]

    class Media:
        js = [Script("kpi/queue_kind.js", defer=True)]

    @admin.display(ordering="scope__queue_name")
    def queue(self, row: QueueSettings) -> str:
        return f"{row.scope.department_id} / {row.scope.queue_name}"

    @admin.display(ordering="scope__organization")
    def organization(self, row: QueueSettings) -> str:
        return row.scope.organization_id

    @admin.display
    def target(self, row: QueueSettings) -> str:
        if row.kind == Kind.DEFERRED:
            return f"within {row.sla_minutes:g} min"
        return f"{row.target_service_level:g} % in {row.target_seconds:g} s"

    @admin.display(description="opening hours")
    def hours(self, row: QueueSettings) -> str:
        return row.opening_hours or "always open"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """List the queues of the same search, too, that have no settings of their own."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        without = self._without_settings(request)
        rows = [self._defaults_of(scope) for scope in without[:MOST_LISTED]]
        named = self.only_organization(request) is None
        context = {"without": rows, "without_count": without.count(), "organization_named": named}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def _defaults_of(self, scope: Scope) -> dict[str, str]:
        row = QueueSettings(scope=scope)
        url = f"{reverse('admin:kpi_queuesettings_add')}?scope={scope.pk}"
        shown = {name: str(getattr(self, name)(row)) for name in ("queue", "organization", "target", "hours")}
        return {**shown, "kind": Kind(row.kind).label, "url": url}

    def _without_settings(self, request: HttpRequest) -> QuerySet[Scope]:
        queues = self._choosable(Scope, request).filter(kpi_settings=None).exclude(queue_name="")
        if request.GET.get("kind__exact", Kind.REALTIME) != Kind.REALTIME:
            return queues.none()
        words = request.GET.get("q", "")[:LONGEST_SEARCH].split()
        asked = [Q(queue_name__icontains=word) | Q(department_id__icontains=word) for word in words]
        queues = queues.filter(*asked)
        if department := request.GET.get("scope__department_id"):
            queues = queues.filter(department_id=department)
        return queues.order_by("department_id", "queue_name")

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
