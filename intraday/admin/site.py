"""The admin site of members and superusers."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from intraday.admin.checked_input import CheckedInput
from intraday.admin.tenants import TenantAdmin, organization_ids
from intraday.org.access import Grant


class SuperusersOnly:
    """Mixed into pages that say nothing of organizations, such as those of users and of Django's groups."""

    def _is_superuser(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_module_permission = has_view_permission = has_add_permission = _is_superuser
    has_change_permission = has_delete_permission = _is_superuser


class Recorded:
    """Mixin into the pages of failed sign-ins: rows may be removed, which lets somebody in again, and not written."""

    actions: ClassVar[
        tuple[str, ...]
    ] = ()  # that of axes needs more of a request than it has here; a purge does its work

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Site(AdminSite):
    """Opens to superusers and to members whose role manages something; pages without tenants to superusers alone."""

    site_header = site_title = "Intraday administration"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_active or user.is_anonymous:
            return False
        return user.is_superuser or bool(organization_ids(request, Grant.SILENCE))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        page = admin_class or ModelAdmin
        before: tuple[type, ...] = (Recorded,) if page.__module__.startswith("axes.") else ()
        before += (CheckedInput,) if issubclass(page, TenantAdmin) else (SuperusersOnly, CheckedInput)
        checked = type(page.__name__, (*before, page), {"__module__": page.__module__})
        super().register(model_or_iterable, checked, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people without a session to the sign-in of all pages; say it to those who may not come in."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next", "/admin/"), settings.LOGIN_URL)
        text = (
            "These pages are for supervisors and administrators of a whole organization. Sign out to change the user."
        )
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
