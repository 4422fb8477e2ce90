"""Posting to the API as a feed does: one batch in flight, retried until it is answered or patience ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random
from threading import Event
from types import TracebackType
from typing import Any, Self

import httpx2 as httpx

from intraday.api_client.retry_after import retry_after
from intraday.api_client.rows import Row

PATHS = {
    "backlog": "/api/schedulesbacklog/batch-ingest",
    "kpi": "/api/intraday/kpi/batch-ingest",
    "forecast": "/api/intraday/kpi/forecast/batch-ingest",
    "shifts": "/api/intraday/attendance/shifts/batch-ingest",
    "attendance": "/api/intraday/attendance/batch-ingest",
    "states": "/api/intraday/attendance/states/batch-ingest",
    "compute": "/api/intraday/kpi/compute",  # one row, and no batch
}
TRY_AGAIN = {408, 429, 502, 503, 504}
HOPELESS = {401, 403, 404, 405}  # no later batch would fare better
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds


class RefusedError(Exception):
    """The server will not take this batch; `final` when it will take none."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class GaveUpError(Exception):
    """No answer within the patience given."""


class StoppedError(Exception):
    """The command was told to end while it waited for the server."""


@dataclass(frozen=True, slots=True)
class Answer:
    results: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Trouble:
    reason: str
    retry_after: float | None = None


Notice = Callable[[str], None]


def unheard(_text: str) -> None:
    pass


@dataclass
class Poster:
    """Posting a batch twice is harmless (the API answers `duplicate`), so where an answer is lost it is asked again."""

    url: str
    key: str = ""
    patience: float = 120.0  # seconds for one batch, all its attempts together
    stop: Event = field(default_factory=Event)
    notice: Notice = unheard  # called once at the start of an outage and once at its end
    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Api-Key {self.key}"} if self.key else {}
        self._http = httpx.Client(
            base_url=self.url, headers=headers, timeout=httpx.Timeout(30, connect=5), trust_env=not loopback(self.url)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self._http.close()

    def post(self, rows: list[Row], kind: str = "backlog") -> Answer:
        """`kind` is one of PATHS. Raises RefusedError, GaveUpError or StoppedError."""
        deadline, attempt = time.monotonic() + self.patience, 0
        while isinstance(outcome := self._try(rows, kind), Trouble):
            if attempt == 0:
                self.notice(f"the server does not take it ({outcome.reason}); trying again")
            self._wait(self._pause(outcome, attempt), deadline, outcome)
            attempt += 1
        if attempt:
            self.notice(f"the server answers again after {attempt} more {'try' if attempt == 1 else 'tries'}")
        return outcome

    def wait_until_healthy(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while not self._healthy():
            if time.monotonic() >= deadline or self.stop.wait(0.25):
                return False
        return True

    def _healthy(self) -> bool:
        try:
            return self._http.get("/healthz", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _try(self, rows: list[Row], kind: str) -> Answer | Trouble:
        body = rows[0] if kind == "compute" else {"items": rows}
        try:
            response = self._http.post(PATHS[kind], json=body)
        except httpx.TransportError as error:
            return Trouble(str(error) or type(error).__name__)
        if response.status_code in TRY_AGAIN:
            reason = f"HTTP {response.status_code}{_request_id(_json(response))}"
            return Trouble(reason, retry_after(response.headers.get("Retry-After")))
        if kind == "compute" and response.status_code == httpx.codes.CREATED:
            return Answer(results=[{"result": "computed", **_json(response)}], rejected=[])
        return read_answer(response)

    def _pause(self, trouble: Trouble, attempt: int) -> float:
        """Full jitter, and never sooner than the server asked for."""
        pause = self.random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10)))
        return max(pause, trouble.retry_after or 0)

    def _wait(self, seconds: float, deadline: float, trouble: Trouble) -> None:
        if time.monotonic() + seconds > deadline:
            raise GaveUpError(f"no answer from {self.url} within {self.patience:g} s: {trouble.reason}")
        if self.stop.wait(seconds):
            raise StoppedError


def read_answer(response: httpx.Response) -> Answer:
    """201, 207 and a 400 that names its rows are answers; all else is RefusedError with the server's own words."""
    status, body = response.status_code, _json(response)
    if status in {200, 201, 207, 400} and ("results" in body or "rejected" in body):
        return Answer(results=body.get("results", []), rejected=body.get("rejected", []))
    words = body.get("message") or "not an answer of the intraday API: is the address right?"
    said = f"HTTP {status} {body.get('code', '')}: {words}{_request_id(body)}"
    raise RefusedError(said, final=status in HOPELESS or not body)


def _request_id(body: dict[str, Any]) -> str:
    """Return the words that name the request, by which its operator finds it in the log."""
    return f" (request {body['request_id']})" if body.get("request_id") else ""


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def loopback(url: str) -> bool:
    """A proxy from the environment must not stand between us and our own machine."""
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
