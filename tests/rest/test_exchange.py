"""The exchange around bodies: gzip both ways, ETags, calls that are left, headers for scripts of other origins."""

import gzip
import json
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from intraday.clock.database import clock
from intraday.org.models import Organization, Role
from tests.access.people import bearer, browser_of, person, token_of
from tests.backlog.posting import BATCH, CURRENT, HISTORY, INGEST, row
from tests.conftest import client_of, own_minute
from tests.rest.contract import ContractClient, contract_client

__all__ = ["own_minute"]
KPI_CURRENT = "/api/intraday/kpi/current"
MEGABYTE = 1024 * 1024
PORTAL = "https://portal.example"


@pytest.fixture
def feed(organization: Organization) -> ContractClient:
    return contract_client(organization)


def send(client: Any, body: bytes, encoding: str = "gzip", path: str = INGEST) -> Any:
    return client.generic("POST", path, body, "application/json", headers={"Content-Encoding": encoding})


# --- gzip in ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity", ""])
def test_a_body_may_come_as_gzip_or_plain(feed: Any, encoding: str):
    plain = json.dumps(row()).encode()
    body = gzip.compress(plain) if "gzip" in encoding.lower() else plain
    assert send(feed, body, encoding).status_code == 201
    assert feed.get(CURRENT, {"queue_name": "support"}).json()["current"]["total_items"] == 10


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_another_encoding_is_415(feed: Any, encoding: str):
    answer = send(feed, gzip.compress(json.dumps(row()).encode()), encoding)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")


BROKEN = {
    "plain": json.dumps(row()).encode(),
    "cut off": gzip.compress(json.dumps(row()).encode())[:-4],
    "two members": gzip.compress(b"{}") + gzip.compress(b"{}"),
    "another format": zlib.compress(json.dumps(row()).encode()),
    "nothing": b"\x1f",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_gzip_is_400(feed: Any, name: str):
    answer = send(feed, BROKEN[name])
    assert (answer.status_code, answer.json()["code"]) == (400, "not_gzip")


def test_a_bomb_is_refused_before_it_is_inflated(feed: Any):
    bomb = gzip.compress(b" " * (200 * MEGABYTE), compresslevel=9)
    assert len(bomb) < MEGABYTE
    answer = send(feed, bomb)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_inflated_bytes_count_for_the_limit_of_the_organization(organization: Organization, own_minute: None):
    organization.limit_bytes_per_minute = 20_000
    organization.save()
    feed = contract_client(organization)
    body = gzip.compress(json.dumps(row() | {"unknown": "x" * 15_000}).encode())
    assert len(body) < 1_000
    assert [send(feed, body).status_code for _ in range(2)] == [201, 429]


# --- gzip out --------------------------------------------------------------------------------------------------------
def taking_gzip(client: Any, path: str, **query: Any) -> Any:
    return client.get(path, query, headers={"Accept-Encoding": "gzip"})


@pytest.fixture
def history(feed: Any) -> Any:
    feed.post(BATCH, {"items": [row(minutes=each) for each in range(20)]}, format="json")
    return feed


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_long_answer_is_compressed_for_who_takes_gzip(history: Any, form: str):
    query = {"queue_name": "support", "format": form}
    plain, packed = history.get(HISTORY, query), taking_gzip(client_like(history), HISTORY, **query)
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    small, whole = packed.getvalue(), plain.getvalue()
    assert gzip.decompress(small) == whole
    assert len(small) < len(whole) / 3
    assert "Content-Encoding" not in plain


def client_like(feed: Any) -> Any:
    """The same caller, whose answers are not read as JSON."""
    client = APIClient()
    client.credentials(**feed._credentials)
    return client


def test_what_holds_secrets_is_never_compressed(organization: Organization):
    """Neither pages, which have CSRF tokens, nor answers with new credentials (BREACH)."""
    ada = person("ada", organization, Role.ADMIN)
    for page in ("/", "/signin", "/admin/"):
        assert "Content-Encoding" not in taking_gzip(browser_of(ada), page)
    walls = bearer(token_of(ada, organization))
    name = "x" * 128
    for number in range(12):
        walls.post("/api/walls", {"name": f"{number}{name}"[:128]}, format="json")
    listed = taking_gzip(walls, "/api/walls")
    assert len(listed.content) > 2_000
    assert "Content-Encoding" not in listed


# --- ETag ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [CURRENT, KPI_CURRENT, "/api/intraday/attendance/current"])
def test_figures_that_are_known_are_not_sent_again(feed: Any, path: str):
    feed.post(INGEST, row() | {"snapshot_time": timezone.now().isoformat()}, format="json")
    feed.post("/api/intraday/kpi/compute", {"queue_name": "support"}, format="json")
    first = feed.get(path)
    etag = first["ETag"]
    for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        again = feed.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert feed.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_new_figure_and_the_end_of_its_freshness_have_another_etag(feed: Any, monkeypatch: pytest.MonkeyPatch):
    now = timezone.now()
    feed.post(INGEST, row() | {"snapshot_time": now.isoformat()}, format="json")
    tags = [feed.get(CURRENT)["ETag"]]
    feed.post(INGEST, row(total=12) | {"snapshot_time": (now + timedelta(seconds=1)).isoformat()}, format="json")
    tags.append(feed.get(CURRENT)["ETag"])
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=5))
    tags.append(feed.get(CURRENT)["ETag"])
    assert len(set(tags)) == 3
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=6))
    assert feed.get(CURRENT, headers={"If-None-Match": tags[-1]}).status_code == 304


def test_other_scopes_have_other_etags(feed: Any):
    feed.post(INGEST, row(), format="json")
    assert feed.get(CURRENT)["ETag"] != feed.get(CURRENT, {"queue_name": "support"})["ETag"]


# --- calls that are left ---------------------------------------------------------------------------------------------
def test_an_answer_says_how_many_calls_are_left(organization: Organization, settings: Any, own_minute: None):
    settings.CALLS_PER_MINUTE_KEY = 3
    feed = client_of(organization)
    answers = [feed.get(CURRENT) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert [each["RateLimit"] for each in answers] == [f'"calls";r={left};t=48' for left in (2, 1, 0, 0)]
    assert {each["RateLimit-Policy"] for each in answers} == {'"calls";q=3;w=60'}
    assert answers[-1]["Retry-After"] == "48"


# --- scripts on other origins ----------------------------------------------------------------------------------------
@pytest.fixture
def portal(settings: Any) -> dict[str, str]:
    settings.CORS_ALLOWED_ORIGINS = settings.ALLOWED_ORIGINS = [PORTAL]
    return {"Origin": PORTAL}


def test_scripts_of_allowed_origins_may_read_the_headers(organization: Organization, portal: dict[str, str]):
    answer = client_of(organization).get(CURRENT, headers=portal)
    exposed = {each.strip() for each in answer["Access-Control-Expose-Headers"].split(",")}
    assert {"ETag", "Link", "Retry-After", "RateLimit", "X-Request-ID", "Idempotency-Replayed"} <= exposed


@pytest.mark.parametrize("header", ["idempotency-key", "if-none-match", "content-encoding", "x-request-id"])
def test_scripts_of_allowed_origins_may_send_the_headers(db: None, portal: dict[str, str], header: str):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": header}
    allowed = Client().options(INGEST, headers=portal | asked)["Access-Control-Allow-Headers"]
    assert header in {each.strip() for each in allowed.split(",")}
