"""`/metrics` for Prometheus: this process's requests and hub, the log and the jobs of all."""

from collections.abc import Callable, Iterator
from http.client import FOUND
from time import perf_counter

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from intraday.logs.requests import route_of
from intraday.pages import process_metrics, shared_metrics
from intraday.pages.bounded import BoundedSource
from intraday.rest.client_address import is_local
from intraday.rest.errors import error_response
from realtime import metrics

log = structlog.get_logger(__name__)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
REQUESTS = Histogram(
    "intraday_request_seconds",
    "Requests, from their last byte in to their answer made.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
REFUSED = {401, 403, 404, 405}
"""Answers that strangers get at any address and by any method, beside the way to the sign-in: one series each."""

Handler = Callable[[HttpRequest], HttpResponse]


def timed(get_response: Handler) -> Handler:
    """Middleware: measure the time of each request; it stands before all that a caller waits for."""

    def handle(request: HttpRequest) -> HttpResponse:
        begun = perf_counter()
        response = get_response(request)
        REQUESTS.labels(*_labels(request, response.status_code)).observe(perf_counter() - begun)
        return response

    return handle


def _labels(request: HttpRequest, status: int) -> tuple[str, str, int]:
    """Return method, route and status. Those that callers make up must not become labels, nor pairs of them: each is
    kept for ever, with 14 lines at each scrape."""
    if status in REFUSED or (status == FOUND and request.method != "POST"):
        return "other", "none", status
    return request.method if request.method in METHODS else "other", route_of(request), status


DATABASE_SECONDS, BROKER_SECONDS = 3.0, 2.0  # Prometheus itself gives up after ten


class ScrapeCollector:
    """Collect at each scrape the figures of this process, and of all where the database and the broker answer."""

    def __init__(self) -> None:
        self.database = BoundedSource("database", shared_metrics.of_database, seconds=DATABASE_SECONDS)
        self.broker = BoundedSource("broker", shared_metrics.of_broker, seconds=BROKER_SECONDS)

    def collect(self) -> Iterator[Metric]:
        yield from metrics.of_process()
        yield from process_metrics.collected()
        for source in (self.database, self.broker):
            yield from self._answered(source)

    @staticmethod
    def _answered(source: BoundedSource) -> Iterator[Metric]:
        """Yield a partial answer, with `…_up` 0, where there is none: a fault must not hide the rest."""
        found, answers = [], 1
        try:
            found = source.metrics()
        except Exception as error:  # whatever its client raises
            log.warning("metrics_incomplete", source=source.name, error=f"{type(error).__name__}: {error}".strip())
            answers = 0
        name = f"intraday_{source.name}_up"
        yield GaugeMetricFamily(name, f"Whether the {source.name} answered this scrape in time.", value=answers)
        yield from found


COLLECTOR = ScrapeCollector()
REGISTRY.register(COLLECTOR)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        message = "For the machine itself, for superusers, and for callers who know INTRADAY_METRICS_TOKEN."
        return error_response(403, "forbidden", message)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    """No API key: a key belongs to one tenant, and these are the figures of all."""
    return is_local(request) or _knows_token(request) or _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)  # not known yet where intraday.pages.health asks
    return user is not None and user.is_superuser


def _knows_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    return bool(known) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), known)
