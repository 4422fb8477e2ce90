"""Render notices as mail, and as the JSON that webhooks, Slack and Teams take. Pure."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.rules import messages

Body = dict[str, Any]
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
    request_id: str = ""
    """Of the request that changed the alert; a judgement has none."""

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


def signature(secret: str, body: bytes, at: datetime) -> str:
    """Sign as `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`: an old message cannot be passed off as a new one."""
    stamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
