"""Microsoft Teams: a message with an adaptive card, as the workflows of Teams take it."""

import re

from alerts.notifications.kinds.kind import Kind, Notice, Posting


def put(address: str, secret: str, notice: Notice) -> Posting:
    facts = notice.facts.items()
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": _escaped(notice.title), "weight": "Bolder", "wrap": True},
            {"type": "FactSet", "facts": [{"title": name, "value": _escaped(text)} for name, text in facts]},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open the alert", "url": notice.link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return Posting(address, {"type": "message", "attachments": [attachment]})


def _escaped(text: str) -> str:
    """Escape Markdown: a rule named `[Sign in](https://evil.example)` must not become a link."""
    return re.sub(r"([\\`*_~\[\]])", r"\\\1", text)


KIND = Kind("teams", "Microsoft Teams", put)
