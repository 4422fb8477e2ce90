"""`/metrics` for Prometheus: this process's requests and hub, the log and the jobs of all."""

from collections.abc import Callable, Iterator
from time import perf_counter

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from intraday.jobs import runs
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
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

Handler = Callable[[HttpRequest], HttpResponse]


def timed(get_response: Handler) -> Handler:
    """Middleware: measure the time of each request; it stands before all that a caller waits for."""

    def handle(request: HttpRequest) -> HttpResponse:
        begun = perf_counter()
        response = get_response(request)
        # Values made up by callers must not become labels: each would be kept for ever.
        method = request.method if request.method in METHODS else "other"
        route = request.resolver_match.route if request.resolver_match else "none"
        REQUESTS.labels(method, f"/{route}", response.status_code).observe(perf_counter() - begun)
        return response

    return handle


class ScrapeCollector:
    """Collect at each scrape the figures of this process, of the event log and of the jobs."""

    def collect(self) -> Iterator[Metric]:
        yield from metrics.of_process()
        answers = 1
        try:
            shared = [*metrics.of_log(), *_jobs()]
        except DatabaseError as error:
            log.warning("metrics_incomplete", error=str(error).strip())
            shared, answers = [], 0
        yield GaugeMetricFamily("intraday_database_up", "Whether the database answered this scrape.", value=answers)
        yield from shared


REGISTRY.register(ScrapeCollector())


def _jobs() -> Iterator[Metric]:
    total = CounterMetricFamily("intraday_job_runs", "Runs of a job, by any worker.", labels=["job"])
    failed = CounterMetricFamily("intraday_job_failures", "Runs that failed.", labels=["job"])
    seconds = CounterMetricFamily("intraday_job_seconds", "Time that its runs took.", labels=["job"])
    last = GaugeMetricFamily("intraday_job_last_seconds", "Time that the last run took.", labels=["job"])
    success = GaugeMetricFamily("intraday_job_last_success", "When the last good run began.", labels=["job"])
    for run in runs.all_runs():
        total.add_metric([run.job], run.runs)
        failed.add_metric([run.job], run.failures)
        seconds.add_metric([run.job], run.seconds_total)
        last.add_metric([run.job], run.last_seconds)
        if run.last_succeeded_at is not None:
            success.add_metric([run.job], run.last_succeeded_at.timestamp())
    yield from (total, failed, seconds, last, success)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        message = "For the machine itself, for staff, and for callers who know INTRADAY_METRICS_TOKEN."
        return error_response(403, "forbidden", message)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    """No API key: a key belongs to one tenant, and these are the figures of all."""
    return is_local(request) or _knows_token(request) or _is_staff(request)


def _is_staff(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)  # not known yet where intraday.pages.health asks
    return user is not None and user.is_staff


def _knows_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    return bool(known) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), known)
