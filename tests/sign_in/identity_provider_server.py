"""An OpenID Connect provider for tests: oidc-provider-mock, which also compares challenges and verifiers of PKCE, and
says at /pkce whether they belonged together.
"""

import hashlib
import json
import logging
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
from werkzeug.serving import make_server

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def checking_pkce(application: Application) -> Application:
    challenges: dict[str, str] = {}
    found: list[str] = []

    def wrapped(environ: Environ, start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/pkce":
            start_response("200 OK", [("Content-Type", "application/json")])
            body = json.dumps(found).encode()
            found.clear()
            return [body]
        if path == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)
            said = parse_qs(body.decode())
            verifier, code = said.get("code_verifier", [""])[0], said["code"][0]
            fits = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            found.append("none" if not verifier else "right" if challenges.get(code) == fits else "wrong")

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            asked, location = parse_qs(environ["QUERY_STRING"]), dict(headers).get("Location", "")
            for code in parse_qs(urlsplit(location).query).get("code", []):
                challenges[code] = asked.get("code_challenge", [""])[0]
            return start_response(status, headers, *more)

        return application(environ, start)

    return wrapped


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = checking_pkce(oidc_provider_mock.app(require_nonce=True).wsgi_app)
    make_server("localhost", int(sys.argv[1]), application, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
