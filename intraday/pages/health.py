"""Health of this process: `/healthz` and `/readyz`, and the middleware that answers them before all others."""

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from intraday.connections.probe import probe
from intraday.pages import prometheus
from realtime.transport import shutdown

Handler = Callable[[HttpRequest], HttpResponse]


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer within a second whether the process can work: its database takes changes, and it is not about to stop."""
    if shutdown.begun.is_set():
        return JsonResponse({"status": "stopping", "message": "This process takes no new clients."}, status=503)
    trouble = probe.trouble() if connection.vendor == "postgresql" else _embedded_trouble()
    if trouble:
        return JsonResponse({"status": "database unavailable", "message": trouble}, status=503)
    return JsonResponse({"status": "ok"})


def _embedded_trouble() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return str(error).strip()
    return ""


PROBES: dict[str, Handler] = {"/healthz": healthz, "/readyz": readyz, "/metrics": prometheus.page}
"""Orchestrators and Prometheus ask by address, under a Host that nobody could list in the settings. None asks the
embedded server, where a page of a foreign name that resolves to this machine would read the answers."""


def answered_first(get_response: Handler) -> Handler:
    """Middleware: answer probes before the Host is checked.

    A caller who is refused here may still be staff, which is known further in.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        probe = None if settings.EMBEDDED else PROBES.get(request.path_info)
        answer = None if probe is None else probe(request)
        return get_response(request) if answer is None or answer.status_code == 403 else answer

    return handle
