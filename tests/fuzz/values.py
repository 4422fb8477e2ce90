"""Values that programs stumble over, and JSON that Python's own encoder would not write."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True)
class Raw:
    """A piece of JSON as it stands, such as a number that no float holds."""

    text: str


def spell(value: Any) -> str:
    """Return the value as JSON; `Raw` parts are taken over as they are, lone surrogates escaped."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{spell(str(key))}:{spell(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spell, value)) + "]"
    return json.dumps(value)


TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udfff\ud800",
    "\ufeff",
    "\u202eabc",
    "e\u0301",
    "a" + "\u0301\u0316" * 20_000,  # marks are put in order in quadratic time
    "\ufdfa" * 40,  # eighteen characters each in NFKC
    "\u0663",
    "\uff11\uff12",
    "\u00b2",
    "\u2460",
    "1e5",
    "1_000",
    "1.000",
    "1,5",
    "0x10",
    "-0",
    "+1",
    "1e400",
    "1e-400",
    "1" + "0" * 400,
    "0." + "3" * 400,
    "9" * 5_000,
    "NaN",
    "inf",
    "-Infinity",
    "true",
    "null",
    "on",
    "x" * 129,
    "x" * 3_000,
    "\u00e4" * 200,
    "\U0001f600" * 70,
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59Z",
    "1990-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-06-30T23:59:60Z",
    "2026-01-31T10:00:00+99:99",
    "2026-01-31T10:00:00",
    "2026-W05-6",
    "+292277026596-01-01T00:00:00Z",
    "2026-01-31T10:00:00." + "1" * 3_000 + "Z",
    "2026-" + "0" * 3_000 + "1-01",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "99999-01-01",
    "24:00",
    "1" * 24 + "!",
    "1m" * 40 + "!",
    "1 " * 500 + "!",
    "Mon-Fri 08:00-18:00",
    "Mon " + "08:00-09:00," * 500,
    "Mon,Mon-" * 300,
    "00000000-0000-4000-8000-000000000000",
    "{00000000-0000-4000-8000-000000000000}",
    "urn:uuid:00000000-0000-4000-8000-000000000000",
    "' OR 1=1; --",
    "%",
    "%00",
    "%s%n{}{0}",
    "../../etc/passwd",
    "http://[::1",
    "https://a]b/",
    "http://127.0.0.1:99999/",
    "a@b",
    "a" * 300 + "@example.com",
    "Europe/Nowhere",
    "../UTC",
    "Etc/GMT+25",
    "<script>",
    "line\r\nbreak",
    "\t",
]
NUMBERS = [
    0,
    -1,
    1,
    2,
    60,
    2**15,
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64,
    2**128,
    10**30,
    -(10**30),
    0.1,
    1.5,
    1e-9,
    1e15,
    1e300,
    -1e300,
    5e-324,
    Raw("1e400"),
    Raw("-1e400"),
    Raw("NaN"),
    Raw("Infinity"),
    Raw("-0"),
    Raw("-0.0"),
    Raw("1" * 400),
    Raw("1" * 5_000),
    Raw("0." + "1" * 5_000),
    Raw("1e" + "9" * 50),
]
OTHERS = [
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    [True],
    [{}],
    {"": ""},
    {"\x00": 1},
    {"a": {"b": {"c": []}}},
    [1, "a", None],
    list(range(300)),
    Raw("[" * 60 + "]" * 60),
    Raw('{"a":' * 60 + "1" + "}" * 60),
    Raw("[" * 920 + "]" * 920),
    Raw("[" + "{}," * 3_000 + "1]"),
    Raw('{"a":1,"a":2}'),
    Raw('"\\ud800"'),
    Raw('"\\u0000"'),
]


def text(random: Random) -> str:
    return random.choice(TEXTS)


def value(random: Random) -> Any:
    """Return a value of any type."""
    kind = random.random()
    if kind < 0.4:
        return random.choice(TEXTS)
    return random.choice(NUMBERS) if kind < 0.7 else random.choice(OTHERS)


BODIES = [
    b"",
    b" ",
    b"\x00",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"{",
    b"[]",
    b"{}",
    b"null",
    b"true",
    b"0",
    b'"text"',
    b'{"a":1}{"b":2}',
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"[" * 900 + b"]" * 900,
    b'{"items":[]}',
    b'{"items":{}}',
    b'{"items":null}',
    b'{"items":[null]}',
    b'{"items":[[],1,"a",{}]}',
    b'{"items":[' + b"{}," * 5_000 + b"{}]}",
    b'{"x":"' + b"a" * 1_000_000 + b'"}',
    b'{"x":"\xed\xa0\x80"}',
    b"a=1&b=2",
    b"<x/>",
]
"""Bodies that are no request of any endpoint."""
CONTENT_TYPES = [
    "",
    "text/plain",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/xml",
    "*/*",
    "application/json;" + ";" * 500,
]
HEADERS = {
    "HTTP_AUTHORIZATION": [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer " + "x" * 4_000,
        "Api-Key ik_x",
        "Basic \xff",
    ],
    "HTTP_ACCEPT": ["", "*/*;q=" + "0" * 500, "text/csv", "application/json;q=x", "a/b, c/d", ",,,,", "text/html"],
    "HTTP_X_REQUEST_ID": ["", "x" * 500, "\xe9", "a b", "<b>"],
    "HTTP_X_FORWARDED_FOR": ["", "::1, 1.2.3.4", "x" * 300, "1.2.3.4:80", ",,,", "fe80::1%eth0"],
    "HTTP_LAST_EVENT_ID": ["", "backlog:0a1b2c3d:17", "backlog:x:" + "9" * 40, "\xb2", ":::"],
    "HTTP_HOST": ["", "x" * 300, "[::1", "localhost:99999", "evil.example"],
    "HTTP_ORIGIN": ["null", "http://evil.example", "http://[", "x" * 300],
    "HTTP_COOKIE": ["", "sessionid=" + "x" * 300, "sessionid=\xe9; csrftoken=\xff", ";;;=;"],
    "HTTP_IF_NONE_MATCH": ["*", 'W/"x"', "\xff"],
    "HTTP_IF_MODIFIED_SINCE": ["x" * 300, "Mon, 99 Jan 99999 00:00:00 GMT"],
    "HTTP_ACCEPT_ENCODING": ["gzip;q=" + "1" * 300, "\xff"],
    "HTTP_REFERER": ["http://[", "\xff"],
    "HTTP_X_CSRFTOKEN": ["\xff", "x" * 500],
}
