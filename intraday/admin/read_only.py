from typing import Any

from django.contrib import admin


class ReadOnly(admin.options.BaseModelAdmin):
    """Admin pages without writing: feeds post these rows and services write them, people only look."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False
