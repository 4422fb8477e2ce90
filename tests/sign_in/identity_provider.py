"""An OpenID Connect provider as a process of its own (identity_provider_server.py), and people who come by it."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2 as httpx
from django.test import Client

from tests.services import free_port

SERVER = Path(__file__).with_name("identity_provider_server.py")


class IdentityProviderProcess:
    """The provider, on loopback, until the end of the block."""

    def __enter__(self) -> Self:
        port = free_port()
        self.issuer = f"http://localhost:{port}"
        environment = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen([sys.executable, str(SERVER), str(port)], env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                httpx.get(f"{self.issuer}/.well-known/openid-configuration")
                return self
            time.sleep(0.05)
        self.__exit__()
        raise AssertionError("the identity provider does not answer")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def knows(self, subject: str, **claims: Any) -> None:
        """Make somebody known, with these claims."""
        httpx.put(f"{self.issuer}/users/{subject}", json=claims).raise_for_status()

    def pkce(self) -> list[str]:
        """Return what was found at each exchange of a code since the last call: right, wrong, none."""
        return list(httpx.get(f"{self.issuer}/pkce").json())

    def authorize(self, address: str, subject: str) -> str:
        """Consent as this person; return the path with the answer, to which the browser is sent back."""
        answer = httpx.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"


def come(client: Client, provider: IdentityProviderProcess, subject: str, path: str = "/sso/acme") -> Any:
    """Sign in as this person; return the last answer of ours."""
    there = client.get(path)
    assert there.status_code == 302, there.content
    return client.get(provider.authorize(there["Location"], subject))
