"""ntfy, published as JSON: https://docs.ntfy.sh/publish/#publish-as-json

The address is that of the topic, such as https://ntfy.sh/floor-7d2k; JSON is posted to the root of its server.
"""

from urllib.parse import urlsplit

from alerts.notifications.kinds.kind import Kind, Notice, Posting

PRIORITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
TAGS = {"low": "information_source", "medium": "warning", "high": "warning", "critical": "rotating_light"}
LONGEST_MESSAGE = 4_000  # bytes: from 4,096 on, ntfy makes a file of it


def put(address: str, secret: str, notice: Notice) -> Posting:
    url, is_over = urlsplit(address), notice.transition == "resolved"
    severity = str(notice.alert["severity"])
    body = {
        "topic": url.path.strip("/"),
        "title": notice.title,
        "message": _message(notice),
        "priority": PRIORITIES["medium"] if is_over else PRIORITIES[severity],
        "tags": ["white_check_mark" if is_over else TAGS[severity], severity],
        "click": notice.link,
    }
    return Posting(f"{url.scheme}://{url.netloc}/", body, {"Authorization": f"Bearer {secret}"} if secret else {})


def _message(notice: Notice) -> str:
    text = "\n".join(f"{name}: {said}" for name, said in notice.facts.items())
    return text.encode()[:LONGEST_MESSAGE].decode(errors="ignore")


KIND = Kind(
    "ntfy",
    "ntfy",
    put,
    secret="an access token (tk_…), if the topic is protected",  # noqa: S106 - words, no secret
)
