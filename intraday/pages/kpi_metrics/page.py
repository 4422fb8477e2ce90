"""`GET /metrics/kpi`, for Prometheus with an API key that may read, and for people who may."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from rest_framework.request import Request
from rest_framework.views import APIView

import alerts.selectors
import attendance.selectors
import backlog.selectors
import kpi.selectors
from intraday.clock.database import clock
from intraday.org.models import Scope
from intraday.pages.kpi_metrics import families
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import ScopeQuery, read_query, scope_of
from intraday.rest.permissions import SignedIn, enter
from intraday.rest.schema import BAD_REQUESTS

MOST_SCOPES = 1_000
SELECTORS = {
    "kpi": kpi.selectors.current,
    "backlog": backlog.selectors.current,
    "attendance": attendance.selectors.current,
}


class OpenMetricsRenderer(JSONRenderer):
    """Takes requests for OpenMetrics; refusals are rendered as JSON."""

    media_type = "application/openmetrics-text"
    format = "openmetrics"

    def render(self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None) -> bytes:
        assert context is not None, "views render with a context"
        context["response"]["Content-Type"] = JSONRenderer.media_type
        return super().render(data)


class KPIMetricsView(APIView):
    """The newest figures of a scope and of all within it, as gauges. Of more than 1,000 scopes queues are left out."""

    permission_classes = [SignedIn]
    renderer_classes = [OpenMetricsRenderer, JSONRenderer]

    @extend_schema(
        parameters=[ScopeQuery],
        responses={(200, "application/openmetrics-text"): OpenApiTypes.STR, **BAD_REQUESTS},
    )
    def get(self, request: Request) -> HttpResponse:
        query = read_query(ScopeQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        registry = CollectorRegistry()
        registry.register(_Collected(list(_metrics(scope_of(principal, query)))))
        text = generate_latest(registry)  # type: ignore[no-untyped-call]
        return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


class _Collected:
    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics

    def collect(self) -> list[Metric]:
        return self.metrics

    def describe(self) -> list[Metric]:
        return []


def _metrics(scope: Scope) -> Iterator[Metric]:
    now = clock.now()
    found = {channel: _listed(select(scope, now=now, names=False)) for channel, select in SELECTORS.items()}
    scopes = {families.labels_of(figure) for figures in found.values() for figure in figures}
    told = scopes if len(scopes) <= MOST_SCOPES else {each for each in scopes if not each[2]}
    kept = {
        channel: [figure for figure in figures if families.labels_of(figure) in told]
        for channel, figures in found.items()
    }
    yield from families.of_figures(kept)
    yield families.of_alerts(each for each in alerts.selectors.open_counts(scope) if each[0] in told)
    yield families.of_omitted(len(scopes - told))


def _listed(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [figure for figure in (answer["current"], *answer["within"]) if figure is not None]
