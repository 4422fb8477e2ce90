"""The access log: a line for each request answered and for each socket or stream that ended.

A logger of its own, so that INTRADAY_ACCESS_LOG can turn it off (intraday.logs.setup).
"""

import structlog
from structlog.contextvars import bind_contextvars

LOGGER = "intraday.access"
access_log = structlog.get_logger(LOGGER)


def bind_caller(user: str) -> None:
    """Put the caller into all further lines of this request or job: a user's name, or `key:` and a key's prefix."""
    bind_contextvars(user=user)


def bind_organization(organization_id: str) -> None:
    bind_contextvars(organization_id=organization_id)
