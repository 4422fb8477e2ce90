"""The admin site of members and superusers."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from intraday.admin.checked_input import CheckedInput, refusing_nul
from intraday.admin.recorded import Recorded
from intraday.admin.sections import in_sections
from intraday.admin.tenants import TenantAdmin, organization_ids
from intraday.admin.time_zones import in_local_time
from intraday.org.access import Grant


class SuperusersOnly:
    """Mixed into pages that say nothing of organizations, such as those of users and of Django's groups."""

    def _is_superuser(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_module_permission = has_view_permission = has_add_permission = _is_superuser
    has_change_permission = has_delete_permission = _is_superuser


class Site(AdminSite):
    """Opens to superusers and to members whose role manages something; pages without tenants to superusers alone.

    What they change is recorded in the audit log; that of accounts by intraday.org.signals, wherever they are changed.
    """

    site_header = site_title = "Intraday administration"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_active or user.is_anonymous:
            return False
        return user.is_superuser or bool(organization_ids(request, Grant.SILENCE))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(refusing_nul(in_local_time(view)), cacheable)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """List the pages by what people come for; the page of one app lists all of that app's."""
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        return apps if app_label else in_sections(apps, whole=bool(request.user.is_superuser))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        from django.contrib.auth.models import User  # the site is made before the models are loaded

        page = admin_class or ModelAdmin
        bases: tuple[type, ...] = (CheckedInput,)
        if not issubclass(page, TenantAdmin):
            own = () if model_or_iterable is User or issubclass(page, Recorded) else (Recorded,)
            bases = (SuperusersOnly, CheckedInput, *own)
        checked = type(page.__name__, (*bases, page), {"__module__": page.__module__})
        super().register(model_or_iterable, checked, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people without a session to the sign-in of all pages; say it to those who may not come in."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next", "/admin/"), settings.LOGIN_URL)
        text = (
            "These pages are for supervisors and administrators of a whole organization. Sign out and sign in as one."
        )
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
