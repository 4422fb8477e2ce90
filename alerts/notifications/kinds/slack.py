"""Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""

from alerts.notifications.kinds.kind import Kind, Notice, Posting


def put(address: str, secret: str, notice: Notice) -> Posting:
    lines = [f"*{name}*: {_escaped(said)}" for name, said in notice.facts.items()]
    text = "\n".join([f"*{_escaped(notice.title)}*", *lines, f"<{notice.link}|Open the alert>"])
    body = {
        "text": _escaped(notice.title),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
    }
    return Posting(address, body)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


KIND = Kind("slack", "Slack", put)
