"""Notices of alerts, their mail, and the signatures of webhooks; other formats are in kinds. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.rules import messages

STANDARD_PREFIX = "whsec_"
TITLES = {
    "acknowledged": "acknowledged",
    "triggered": "{severity}",
    "raised": "now {severity}",
    "reminder": "{severity}, still open",
    "escalated": "{severity}, escalated",
    "resolved": "resolved",
    "test": "test",
}


@dataclass(frozen=True)
class Notice:
    """A message about an alert; `alert` holds the fields that its events carry."""

    delivery_id: str
    transition: str
    alert: Mapping[str, Any]
    link: str
    request_id: str = ""
    """The id of the request that changed the alert; a judgement has none."""

    @property
    def title(self) -> str:
        """Return a title such as '[high] support: occupancy is 95.3 % (over 92 % for 10 min)'."""
        head = TITLES[self.transition].format(severity=self.alert["severity"])
        return " ".join(f"[{head}] {self.alert['message']}".split())

    @property
    def facts(self) -> dict[str, str]:
        unit = self.alert["unit"]
        facts = {
            "Rule": str(self.alert["rule_name"]),
            "Where": " / ".join(str(self.alert[name]) for name in PLACE if name in self.alert),
            "Now": messages.format_value(self.alert["current_value"], unit),
            "Threshold": messages.format_value(self.alert["threshold_value"], unit),
            "Since": f"{self.alert['triggered_at']:%Y-%m-%d %H:%M:%S} UTC",
        }
        if "runbook" in self.alert and self.transition != "resolved":
            facts["What to do"] = str(self.alert["runbook"])
        if self.transition == "resolved" and "resolved_by" in self.alert:
            facts["Resolved by"] = str(self.alert["resolved_by"])
        return facts


PLACE = ("organization_id", "department_id", "queue_name")


def mail(notice: Notice) -> str:
    return "\n".join([notice.title, "", *(f"{name}: {said}" for name, said in notice.facts.items()), "", notice.link])


def new_secret(random: bytes) -> str:
    """Spell a secret as Standard Webhooks do."""
    return STANDARD_PREFIX + base64.b64encode(random).decode()


def signed_headers(secrets: Sequence[str], message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that prove where the body is from, by each of the secrets; none if there is no secret.

    Our own is from before the others, which are those of Standard Webhooks; the instant in each is signed too, so that
    an old message cannot be passed off as a new one.
    """
    if not secrets:
        return {}
    stamp = str(int(at.timestamp()))
    ours = [f"v1={_mac(secret.encode(), stamp, body=body).hex()}" for secret in secrets]
    macs = [_mac(_standard_key(secret), message_id, stamp, body=body) for secret in secrets]
    return {
        "X-Intraday-Signature": ",".join([f"t={stamp}", *ours]),
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs),
    }


def _mac(key: bytes, *parts: str, body: bytes) -> bytes:
    """Return HMAC-SHA256 over the parts and the body, with full stops between."""
    return hmac.new(key, ".".join([*parts, ""]).encode() + body, hashlib.sha256).digest()


def _standard_key(secret: str) -> bytes:
    """Return the bytes that sign: a secret from before Standard Webhooks is taken as it is spelled."""
    is_standard = secret.startswith(STANDARD_PREFIX)
    return base64.b64decode(secret.removeprefix(STANDARD_PREFIX)) if is_standard else secret.encode()
