from typing import Any

from django.contrib import admin


class ReadOnly(admin.options.BaseModelAdmin):
    """What feeds post and services write; people look at it."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False
