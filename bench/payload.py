"""The event everyone sends: fields of a KPI update, padded until the whole message is 690 bytes on the wire."""

import json
from typing import Any

MESSAGE_BYTES = 690
FIGURES: dict[str, Any] = {
    "organization_id": "org_bench",
    "department_id": "dept_bench",
    "queue_name": "support",
    "timestamp": "2026-01-31T10:00:00Z",
    "utilization": 0.8125,
    "headcount_gap": -3,
    "sla_risk": 0.3125,
    "health_score": 71.5,
    "changes": {"utilization_change": 0.02, "headcount_gap_change": -1, "sla_risk_change": 0.05},
}
_EMPTY = {"stamp": 1_700_000_000_000_000_000, "n": 100, **FIGURES, "pad": ""}
_COMPACT = len(json.dumps(_EMPTY, separators=(",", ":")))
SPACES = len(json.dumps(_EMPTY)) - _COMPACT  # what Python's default JSON spacing adds


def body(envelope_bytes: int) -> dict[str, Any]:
    """The event's data without stamp and number; `envelope_bytes`: what the contender's protocol puts around it."""
    return {**FIGURES, "pad": "x" * (MESSAGE_BYTES - envelope_bytes - _COMPACT)}
