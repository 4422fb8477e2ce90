"""Headers of every answer that Django's own middleware does not set."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
)
"""Devices of the browser that no page of ours asks for, so that no script on one can, either."""


def added(get_response: Handler) -> Handler:
    """Middleware: forbid devices of the browser, keep answers with figures and names out of caches, and say how many
    calls a credential has left (draft-ietf-httpapi-ratelimit-headers), where they are counted."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if not request.path_info.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        for name, value in getattr(request, "rate_limit", {}).items():
            response.headers[name] = value
        return response

    return handle
