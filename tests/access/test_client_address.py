"""The address that a call counts as coming from: what trusted proxies say of it, and nothing that it says of itself."""

import socket as sockets
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.org.models import Organization
from intraday.rest import client_address
from tests.access.people import person
from tests.live import LiveServer

PEER = "10.0.0.9"


def seen(settings: Any, proxies: int, *lines: str, kind: str = "http", **more: str) -> str:
    settings.TRUSTED_PROXIES = proxies
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in lines]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    return client_address.address({"type": kind, "client": (PEER, 4711), "headers": headers})


@pytest.mark.parametrize(
    ("proxies", "lines", "expected"),
    [
        (0, [], PEER),
        (0, ["192.0.2.1"], PEER),
        (1, [], PEER),
        (1, ["192.0.2.1"], "192.0.2.1"),
        (1, ["127.0.0.1, 192.0.2.1"], "192.0.2.1"),
        (1, ["127.0.0.1", "192.0.2.1"], "192.0.2.1"),
        (1, ["127.0.0.1,", " ,192.0.2.1 "], "192.0.2.1"),
        (2, ["192.0.2.1, 10.0.0.1"], "192.0.2.1"),
        (2, ["127.0.0.1, 192.0.2.1", "10.0.0.1"], "192.0.2.1"),
        (2, ["192.0.2.1"], "192.0.2.1"),  # came to the inner proxy by a shorter way
        (1, ["192.0.2.1:4711"], "192.0.2.1"),
        (1, ["[2001:db8::1]:4711"], "2001:db8::1"),
        (1, ["2001:DB8:0::1"], "2001:db8::1"),  # one client, one spelling
        (1, ["fe80::1%eth0"], "fe80::1"),
        (1, ["::ffff:192.0.2.1"], "192.0.2.1"),
        (1, ["192.0.2.1, unknown"], PEER),
        (1, ["192.0.2.1, "], PEER),
        (1, ["<script>"], PEER),
        (1, ["\xff\xfe"], PEER),
    ],
)
def test_the_address_is_so_many_from_the_right(settings: Any, proxies: int, lines: list[str], expected: str):
    assert seen(settings, proxies, *lines) == expected
    assert seen(settings, proxies, *lines, kind="websocket") == expected


@given(
    lines=st.lists(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40), max_size=5),
    proxies=st.integers(1, 3),
)
def test_nothing_that_a_client_writes_moves_what_the_proxies_appended(lines: list[str], proxies: int):
    """The client's own lines, then what each proxy appends; the outermost appends the client's address."""
    from django.test import override_settings

    appended = ["198.51.100.7", *(f"10.0.0.{number}" for number in range(1, proxies))]
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in [*lines, ", ".join(appended)]]
    with override_settings(TRUSTED_PROXIES=proxies):
        found = client_address.address({"type": "http", "client": (PEER, 1), "headers": headers})
    assert found == "198.51.100.7"


@given(line=st.text(st.characters(max_codepoint=255)))
def test_an_address_is_always_one(line: str):
    from django.test import override_settings

    with override_settings(TRUSTED_PROXIES=1):
        headers = [(b"x-forwarded-for", line.encode("latin-1"))]
        found = client_address.address({"type": "http", "client": (PEER, 1), "headers": headers})
    assert str(ip_address(found)) == found


# --- on the real server ----------------------------------------------------------------------------------------------
def sign_in(server: LiveServer, password: str, *lines: str) -> int:
    """Try a password through the form, with these lines of X-Forwarded-For; the status."""
    token = "t" * 32
    with httpx.Client(base_url=server.http) as browser:
        headers = [("X-Forwarded-For", line) for line in lines] + [("Cookie", f"csrftoken={token}")]
        form = {"username": "dana", "password": password, "csrfmiddlewaretoken": token}
        return browser.post("/signin", data=form, headers=headers).status_code


def test_a_made_up_address_gives_no_more_tries_at_a_password(
    server: LiveServer, organization: Organization, settings: Any
):
    settings.AXES_FAILURE_LIMIT, settings.TRUSTED_PROXIES = 3, 1
    person("dana", organization).set_password("right")
    tries = [sign_in(server, "wrong", f"203.0.113.{number}", "192.0.2.1") for number in range(4)]
    assert tries == [200, 200, 429, 429]
    assert sign_in(server, "wrong", "192.0.2.1, 192.0.2.2") == 200  # another client has tries of its own
    settings.TRUSTED_PROXIES = 0  # the peer is the client, whatever it says
    assert [sign_in(server, "wrong", f"192.0.2.{number}") for number in (3, 4, 5)] == [200, 200, 429]


def test_metrics_are_not_for_what_a_proxy_on_this_machine_passes_on(server: LiveServer, settings: Any):
    for settings.TRUSTED_PROXIES in (0, 1):
        assert httpx.get(f"{server.http}/metrics").status_code == 200
        for name in client_address.SIGNS_OF_A_PROXY:
            assert httpx.get(f"{server.http}/metrics", headers={name: "127.0.0.1"}).status_code == 403, name


SCHEMES = [
    (0, ["https"], "ws"),
    (1, ["https"], "wss"),
    (1, [], "ws"),
    (1, ["https, http"], "ws"),
    (1, ["https", "http"], "ws"),
    (2, ["https, http"], "wss"),
    (1, ["javascript"], "ws"),
]


def test_tls_is_believed_of_trusted_proxies_alone(server: LiveServer, settings: Any):
    for proxies, said, scheme in SCHEMES:
        settings.TRUSTED_PROXIES = proxies
        headers = [("X-Forwarded-Proto", each) for each in said]
        [described] = httpx.get(f"{server.http}/asyncapi.json", headers=headers).json()["servers"].values()
        assert described["protocol"] == scheme, (proxies, said)


def test_the_log_of_a_socket_names_the_client(server: LiveServer, settings: Any, caplog: pytest.LogCaptureFixture):
    settings.TRUSTED_PROXIES = 1
    lines = ["GET /ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 192.0.2.1"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
    with closing(sockets.create_connection(("127.0.0.1", server.port))) as socket:
        socket.sendall("\r\n".join(lines).encode())
        assert socket.recv(4096).startswith(b"HTTP/1.1 101")
        socket.sendall(b"\x81\x81\0\0\0\0\xff")  # a text of one byte that is no UTF-8
        while socket.recv(4096):
            pass
    [record] = [record for record in caplog.records if "not_utf8" in record.getMessage()]
    assert "192.0.2.1" in record.getMessage()
    assert "127.0.0.1" not in record.getMessage()
