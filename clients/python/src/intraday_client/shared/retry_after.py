# Made by `make types` from intraday/api_client/retry_after.py: do not edit.
"""The header Retry-After."""

import time
from email.utils import parsedate_to_datetime


def retry_after(header: str | None) -> float | None:
    """Seconds to wait; the header holds seconds or a date. What does not read is as good as absent."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
