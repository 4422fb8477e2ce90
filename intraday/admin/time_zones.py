"""Time zones of the admin: that of the caller's organization, in which times are shown and typed, and a picker."""

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.forms import TextInput
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from intraday.admin.tenants import organization_ids
from intraday.org.access import Grant
from intraday.org.models import Organization


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the time zone that all organizations of the caller share; UTC if they are in several."""
    rows = Organization.objects.order_by()
    if not request.user.is_superuser:
        rows = rows.filter(pk__in=organization_ids(request, Grant.SILENCE))
    names = list(rows.values_list("time_zone", flat=True).distinct()[:2])
    return ZoneInfo(names[0] if len(names) == 1 else "UTC")


def in_local_time(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Return the view in the caller's time zone. Renders its page, which Django would do after the view, in UTC."""

    @wraps(view)
    def local(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            response = view(request, *args, **kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return local


def _offered() -> list[str]:
    """Return the zones of places, and UTC; others, such as Etc/GMT+5, are accepted and not offered."""
    names = zoneinfo.available_timezones()
    return sorted(name for name in names if name == "UTC" or ("/" in name and not name.startswith("Etc/")))


class TimeZoneInput(TextInput):
    """A text field that offers the names of time zones with what is typed in them: "berlin" finds Europe/Berlin."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"class": "vTextField", "autocomplete": "off", "placeholder": "Europe/Berlin", **(attrs or {})}
        )

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        offered = f"{(attrs or {}).get('id', name)}_zones"
        field = super().render(name, value, {**(attrs or {}), "list": offered}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((zone,) for zone in _offered()))
        return format_html('{}<datalist id="{}">{}</datalist>', field, offered, options)
