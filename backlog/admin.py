from typing import Any

from django.contrib import admin

from backlog.models import Snapshot


@admin.register(Snapshot)
class SnapshotAdmin(admin.ModelAdmin):
    """Facts are posted by feeds; people look at them."""

    list_display = ["time", "scope", "total_items", "over_sla", "compliance", "trend", "quality", "derived"]
    list_filter = ["derived", "trend", "quality", "scope__organization", "scope__department_id"]
    search_fields = ["scope__queue_name"]
    list_select_related = ["scope"]
    date_hierarchy = "time"
    ordering = ["-time"]

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False
