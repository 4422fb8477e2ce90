"""The kinds of channels, one file each. A new one is a file beside these, and its line in KINDS. Pure."""

from alerts.notifications.kinds import ntfy, pagerduty, slack, teams, webhook
from alerts.notifications.kinds.kind import Kind

MAIL = "mail"
"""A mailbox: not posted to, but sent to by the mail server."""
KINDS: dict[str, Kind] = {kind.name: kind for kind in (webhook.KIND, slack.KIND, teams.KIND, pagerduty.KIND, ntfy.KIND)}


def choices() -> list[tuple[str, str]]:
    """Return (name, label) pairs, for the model: a new kind needs no migration."""
    return [*((kind.name, kind.label) for kind in KINDS.values()), (MAIL, "mailbox")]


def signed() -> list[str]:
    """Return the names of the kinds whose messages are signed with a secret of ours."""
    return [kind.name for kind in KINDS.values() if kind.is_signed]


def hearing_acknowledgements() -> list[str]:
    return [kind.name for kind in KINDS.values() if kind.hears_acknowledgements]
