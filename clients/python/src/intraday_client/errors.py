"""Errors that callers can catch, all of them of one base."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intraday_client.answers import IngestResult


class IntradayError(Exception):
    """The base of all errors of this package. `partial`: what an ingest had been answered before it failed."""

    partial: "IngestResult | None" = None


class ApiError(IntradayError):
    """The server refuses the request. `errors` names fields or rows; `request_id` finds it in the server's log."""

    def __init__(self, status: int, code: str, message: str, *, errors: Any = None, request_id: str = "") -> None:
        super().__init__(f"HTTP {status} {code}: {message}{f' (request {request_id})' if request_id else ''}")
        self.status, self.code, self.message = status, code, message
        self.errors, self.request_id = errors, request_id

    @property
    def is_final(self) -> bool:
        """Return whether no other request of the same kind would fare better: the key or the address is wrong.

        Without a code something else answered: a wrong address, or a gateway (500 and above) whose trouble passes.
        """
        return self.status in {401, 403, 404, 405} or (not self.code and self.status < 500)


class NoAnswerError(IntradayError):
    """The server did not take the request within the patience given."""


class ListenError(IntradayError):
    """The server ends the listening for good; the text says why, `code` is the close code or the error's."""

    def __init__(self, message: str, *, code: int | str) -> None:
        super().__init__(message)
        self.code = code
