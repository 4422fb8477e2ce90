"""Make a `post` of a view answer repetitions with the answer of the first request."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any

import msgspec
from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from intraday.clock.database import clock
from intraday.rest.authentication import Caller
from intraday.rest.idempotency import stored_answers
from intraday.rest.idempotency.models import StoredAnswer
from intraday.rest.json import JSONRenderer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Post = Callable[..., Response]


def idempotent(post: Post) -> Post:
    """Do the work and store its answer in one transaction: what is created once has its answer, or does not exist."""
    return _idempotent(post, transaction.atomic)


def idempotent_outside_transaction(post: Post) -> Post:
    """Store the answer after the work, for views that wait for a turn or a slot and must hold no connection then.

    A process that dies in between makes the work be done again: only for what may be done twice, such as an ingest,
    whose rows are duplicates then.
    """
    return _idempotent(post, nullcontext)


def _idempotent(post: Post, context: Callable[[], AbstractContextManager[Any]]) -> Post:
    @wraps(post)
    def handle(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if HEADER not in request.headers:
            return post(view, request, *args, **kwargs)
        row = stored_answers.claim(_name(request), _request(request), now=clock.now())
        if row.status is not None:
            body = msgspec.Raw(stored_answers.body_of(row))
            return Response(body, status=row.status, headers={REPLAYED: "true"})
        with _released_on_failure(row), context():
            response = post(view, request, *args, **kwargs)
            if response.status_code < 400:
                stored_answers.keep(row, response.status_code, JSONRenderer().render(response.data))
        if response.status_code >= 400:
            stored_answers.release(row)
        return response

    handle.is_idempotent = True  # type: ignore[attr-defined]  # read by intraday.rest.openapi.operations
    return handle


@contextmanager
def _released_on_failure(row: StoredAnswer) -> Iterator[None]:
    try:
        yield
    except BaseException:  # also what ends the process: the next request need not wait
        stored_answers.release(row)
        raise


def _name(request: Request) -> str:
    """Return what the key is stored under: the same key of another credential is another one."""
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise ValidationError({HEADER: ["Expected 1 to 255 visible ASCII characters, such as a UUID."]})
    assert isinstance(request.auth, Caller)
    return _hash(request.auth.credential.encode(), key.encode())


def _request(request: Request) -> str:
    """Return what tells requests apart; the order of fields in the body does not count."""
    method, path = request.method or "", request.get_full_path()
    return _hash(method.encode(), path.encode(), msgspec.json.encode(request.data, order="sorted"))


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
