"""Describe operations by what their views are: names, areas, keys for repetition."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from intraday.rest.idempotency.views import HEADER

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="A name of this request, such as a UUID, so that it can be sent again safely: within a day the answer "
    "of the first one is given again, with `Idempotency-Replayed: true`, and nothing is done.",
)
AREAS = {
    "backlog": "Snapshots of the work that waits, and the figures made of them.",
    "attendance": "Who is on shift and who is there.",
    "kpi": "Intervals and forecasts of queues, and the figures worked out of them.",
    "alerts": "Alerts, the rules that raise them, and silences.",
    "feeds": "How the feeds of the organization are doing.",
    "realtime": "Tokens, own events, notifications and numbers of sockets; `/asyncapi.json` describes `/ws`.",
    "administration": "The audit log, API keys, the links of wall boards and a person's own views.",
}
_AREA_OF = {
    "schedulesbacklog": "backlog",
    "metrics": "kpi",
    "ws": "realtime",
    "actions": "alerts",
    "story": "alerts",
    "audit": "administration",
    "walls": "administration",
    "keys": "administration",
    "me": "administration",
}
_VERBS = {"POST": "create", "PUT": "replace", "PATCH": "edit", "DELETE": "delete"}


class OperationSchema(AutoSchema):
    """Names operations by their address: `kpi_batch_ingest`, `alerts_rules_create`."""

    def get_override_parameters(self) -> list[Any]:
        given = list(super().get_override_parameters())
        handler = getattr(self.view, self.method.lower())
        return [*given, IDEMPOTENCY_KEY] if getattr(handler, "is_idempotent", False) else given

    def get_tags(self) -> list[str]:
        area = self._words()[0]
        return [_AREA_OF.get(area, area)]

    def get_operation_id(self) -> str:
        words = self._words()
        is_one = self.path.endswith("}")
        if self.method == "GET":
            return "_".join([*words, "get"] if is_one else words)
        does_more = is_one or hasattr(self.view, "get")
        return "_".join([*words, _VERBS[self.method]] if does_more else words)

    def _words(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [part.replace("-", "_") for part in parts if part not in ("api", "intraday")]
