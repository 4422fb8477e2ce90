"""Client of the intraday console: feeds post rows, programs listen to what changes."""

from intraday_client.aio import AsyncClient
from intraday_client.aio_listener import AsyncListener
from intraday_client.answers import IngestResult, RejectedError, RejectedRow, RowResult
from intraday_client.batches import iso
from intraday_client.client import Client
from intraday_client.errors import ApiError, IntradayError, ListenError, NoAnswerError
from intraday_client.kinds import ATTENDANCE, BACKLOG, FORECAST, INTERVALS, SHIFTS, STATES, Kind
from intraday_client.listener import Listener
from intraday_client.transport import own_version

__version__ = own_version()
__all__ = [
    "ATTENDANCE",
    "BACKLOG",
    "FORECAST",
    "INTERVALS",
    "SHIFTS",
    "STATES",
    "ApiError",
    "AsyncClient",
    "AsyncListener",
    "Client",
    "IngestResult",
    "IntradayError",
    "Kind",
    "ListenError",
    "Listener",
    "NoAnswerError",
    "RejectedError",
    "RejectedRow",
    "RowResult",
    "iso",
]
