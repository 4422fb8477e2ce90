"""Render notices as mail, and as the JSON that webhooks, Slack and Teams take. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.rules import messages

Body = dict[str, Any]
STANDARD_PREFIX = "whsec_"
TITLES = {
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


def webhook(notice: Notice) -> Body:
    return {
        "delivery_id": notice.delivery_id,
        "transition": notice.transition,
        "text": notice.title,
        "link": notice.link,
        "alert": dict(notice.alert),
    }


def slack(notice: Notice) -> Body:
    lines = [f"*{name}*: {_slack(said)}" for name, said in notice.facts.items()]
    text = "\n".join([f"*{_slack(notice.title)}*", *lines, f"<{notice.link}|Open the alert>"])
    return {
        "text": _slack(notice.title),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
    }


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams(notice: Notice) -> Body:
    """A message with an adaptive card, as the workflows of Teams take it."""
    facts = notice.facts.items()
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": _teams(notice.title), "weight": "Bolder", "wrap": True},
            {"type": "FactSet", "facts": [{"title": name, "value": _teams(text)} for name, text in facts]},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open the alert", "url": notice.link}],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _teams(text: str) -> str:
    """Escape Markdown: a rule named `[Sign in](https://evil.example)` must not become a link."""
    return re.sub(r"([\\`*_~\[\]])", r"\\\1", text)


BODIES: dict[str, Callable[[Notice], Body]] = {"webhook": webhook, "slack": slack, "teams": teams}


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
