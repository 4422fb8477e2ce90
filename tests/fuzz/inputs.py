"""One input: a request as bytes, and who sends it."""

from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote_from_bytes

from tests.fuzz import values

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Input:
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = "application/json"
    caller: str = "token"
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        body = self.body[:600].decode("utf-8", "backslashreplace")
        return (
            f"{self.method} {self.path}?{self.query[:300]} as {self.caller} {self.headers} {self.content_type}\n{body}"
        )


def escaped(text: str) -> str:
    """Return the text percent-encoded for a URL or a form; lone surrogates become bytes that are no UTF-8."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


def pairs(fields: list[tuple[str, str]]) -> str:
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in fields)


def odd_headers(random: Random, share: float = 0.1) -> dict[str, str]:
    if random.random() >= share:
        return {}
    name = random.choice(sorted(values.HEADERS))
    return {name: random.choice(values.HEADERS[name])}
