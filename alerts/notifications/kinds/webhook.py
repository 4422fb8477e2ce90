"""A program of the customer's: the alert as its events carry it, signed."""

from alerts.notifications.kinds.kind import Kind, Notice, Posting


def put(address: str, secret: str, notice: Notice) -> Posting:
    body = {
        "delivery_id": notice.delivery_id,
        "transition": notice.transition,
        "text": notice.title,
        "link": notice.link,
        "alert": dict(notice.alert),
    }
    return Posting(address, body)


KIND = Kind("webhook", "webhook (JSON, signed)", put, is_signed=True)
