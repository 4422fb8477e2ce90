"""What orchestrators and Prometheus ask by address, under a Host that nobody could list: answered before the check."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from intraday import console, metrics

Handler = Callable[[HttpRequest], HttpResponse]
PROBES: dict[str, Handler] = {"/healthz": console.healthz, "/readyz": console.readyz, "/metrics": metrics.page}


def answered_first(get_response: Handler) -> Handler:
    """Middleware. Who is refused here may still be staff, which is known further in."""

    def handle(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        answer = None if probe is None else probe(request)
        return get_response(request) if answer is None or answer.status_code == 403 else answer

    return handle
