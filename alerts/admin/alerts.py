"""Alerts: reading, acknowledging and resolving them; their history and notifications."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from alerts import services
from alerts.admin.rules import actor
from alerts.models import Alert, AlertAudit
from alerts.notifications.selectors import deliveries
from alerts.services import Caller, Conflict
from intraday.admin.read_only import ReadOnly
from intraday.admin.tenants import TenantModelAdmin
from intraday.clock.database import clock
from intraday.org.access import Grant


class AuditInline(ReadOnly, admin.TabularInline):
    model = AlertAudit
    fields = ["at", "from_status", "to_status", "actor", "reason", "note", "value", "threshold", "rule_version"]
    ordering = ["id"]
    verbose_name_plural = "history"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # to all who may open the page of the alert


@admin.register(Alert)
class AlertAdmin(ReadOnly, TenantModelAdmin):
    grant = Grant.ACT
    change_form_template = "alerts/admin/alert.html"
    inlines = [AuditInline]
    list_display = ["message", "severity", "status", "organization", "triggered_at", "acknowledged_by", "suppressed"]
    list_filter = ["status", "severity", "source", "organization"]
    list_select_related = ["organization"]
    search_fields = ["rule_name", "message"]
    date_hierarchy = "triggered_at"
    actions = ["acknowledge", "resolve"]
    exclude = ["dedup_key"]

    def has_act_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act_view)
        return [path("<uuid:alert_id>/<str:act>", act, name="alerts_alert_act"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        alert = self.get_object(request, object_id)
        context = {"deliveries": deliveries(alert.pk) if alert else ()}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    @admin.action(description="Acknowledge the selected alerts", permissions=["act"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._each(request, queryset, services.acknowledge)

    @admin.action(description="Resolve the selected alerts", permissions=["act"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._each(request, queryset, services.resolve)

    def act_view(self, request: HttpRequest, alert_id: UUID, act: str) -> HttpResponse:
        if act not in ACTS:
            raise Http404
        if request.method != "POST" or not self.may(request):
            raise PermissionDenied
        self._each(
            request, self.get_queryset(request).filter(pk=alert_id), ACTS[act], request.POST.get("note", "")[:2_000]
        )
        return HttpResponseRedirect(reverse("admin:alerts_alert_change", args=[alert_id]))

    def _each(self, request: HttpRequest, rows: QuerySet[Alert], act: Callable[..., Alert], note: str = "") -> None:
        for alert in rows:
            caller = Caller(alert.organization_id, actor(request))
            try:
                done = act(caller=caller, alert_id=alert.pk, now=clock.now(), note=note)
            except Conflict as conflict:
                messages.warning(request, f"{alert}: {conflict.message}")
            else:
                messages.success(request, f"{alert}: {done.status}.")


ACTS: dict[str, Callable[..., Alert]] = {"acknowledge": services.acknowledge, "resolve": services.resolve}
