"""PagerDuty, by Events API v2: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/

An alert is one incident: all its events carry its id as `dedup_key`.
"""

from typing import Any

from alerts.notifications.kinds.kind import Kind, Posting
from alerts.notifications.payloads import PLACE, Notice

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
ACTIONS = {"acknowledged": "acknowledge", "resolved": "resolve"}  # all others trigger: an open incident is updated
SEVERITIES = {"low": "info", "medium": "warning", "high": "error", "critical": "critical"}
LONGEST_SUMMARY = 1_024


def put(address: str, secret: str, notice: Notice) -> Posting:
    action = ACTIONS.get(notice.transition, "trigger")
    event = {"routing_key": secret, "event_action": action, "dedup_key": str(notice.alert["alert_id"])}
    return Posting(address, event | (_described(notice) if action == "trigger" else {}))


def _described(notice: Notice) -> dict[str, Any]:
    alert = notice.alert
    payload = {
        "summary": notice.title[:LONGEST_SUMMARY],
        "source": " / ".join(str(alert[name]) for name in PLACE if name in alert),
        "severity": SEVERITIES[alert["severity"]],
        "timestamp": alert["triggered_at"],
        "class": str(alert["rule_name"]),
        "custom_details": notice.facts,
    }
    return {"payload": payload, "client": "Intraday console", "client_url": notice.link}


KIND = Kind(
    "pagerduty",
    "PagerDuty",
    put,
    address=ENQUEUE,
    secret="the integration key (32 characters) of an Events API v2 integration",  # noqa: S106 - words, no secret
    needs_secret=True,
    hears_acknowledgements=True,
)
