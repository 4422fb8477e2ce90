from django.contrib import admin

from backlog.models import Snapshot
from intraday.admin.read_only import ReadOnly
from intraday.admin.tenants import TenantModelAdmin


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly, TenantModelAdmin):
    organization_path = "scope__organization"
    list_display = ["time", "scope", "total_items", "over_sla", "compliance", "trend", "quality", "derived"]
    list_filter = ["derived", "trend", "quality", "scope__organization", "scope__department_id"]
    search_fields = ["scope__queue_name"]
    list_select_related = ["scope"]
    date_hierarchy = "time"
    ordering = ["-time"]
