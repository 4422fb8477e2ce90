from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from intraday.org.models import Organization
from intraday.rest.limits import shared_counter
from tests.access.people import bearer, browser_of, person, token_of
from tests.conftest import client_of
from tests.services import Valkey

CURRENT = "/api/intraday/backlog/current"


@pytest.fixture
def own_cache(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A cache to be broken, tried again at each call."""
    monkeypatch.setattr(shared_counter, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(shared_counter.shared_counter, "_failed_at", None)
    with Valkey() as valkey:
        caches = deepcopy(settings.CACHES)
        caches["default"]["LOCATION"] = valkey.url
        settings.CACHES = caches
        yield valkey


def calls_until_refused(client: Any, at_most: int) -> Any:
    """The refusal. (A new minute may begin in between, so the limit may be passed once.)"""
    for _ in range(at_most):
        answer = client.get(CURRENT)
        if answer.status_code == 429:
            return answer
        assert answer.status_code == 200
    raise AssertionError(f"{at_most} calls were not too many")


def test_too_many_calls_of_a_person_are_told_when_to_come_back(house: Organization, settings: Any):
    settings.CALLS_PER_MINUTE_PERSON = 3
    dana = person("dana", house)
    answer = calls_until_refused(browser_of(dana), at_most=7)
    assert answer.json()["code"] == "throttled"
    assert set(answer.json()) == {"code", "message", "request_id", "docs_url"}
    assert 1 <= int(answer["Retry-After"]) <= 60
    calls_until_refused(bearer(token_of(dana, house)), at_most=7)


def test_each_credential_has_its_own_count_and_keys_have_another_limit(house: Organization, settings: Any):
    settings.CALLS_PER_MINUTE_PERSON, settings.CALLS_PER_MINUTE_KEY = 3, 20
    calls_until_refused(browser_of(person("dana", house)), at_most=7)
    assert browser_of(person("eve", house)).get(CURRENT).status_code == 200
    feed = client_of(house)
    assert [feed.get(CURRENT).status_code for _ in range(15)] == [200] * 15
    calls_until_refused(feed, at_most=41)


@pytest.mark.parametrize("fault", ["stop", "pause"])
def test_without_a_cache_calls_pass_and_the_log_says_so_once(
    house: Organization, settings: Any, own_cache: Valkey, caplog: pytest.LogCaptureFixture, fault: str
):
    settings.CALLS_PER_MINUTE_PERSON = 3
    client = browser_of(person("dana", house))
    assert client.get(CURRENT).status_code == 200
    if fault == "pause":
        own_cache.pause()
    else:
        own_cache.kill()
    assert [client.get(CURRENT).status_code for _ in range(8)] == [200] * 8
    assert [record.levelname for record in caplog.records if "cache_unreachable" in record.message] == ["ERROR"]
    if fault == "pause":
        own_cache.resume()
    else:
        own_cache.restart()
    calls_until_refused(client, at_most=8)
    assert "cache_reachable" in caplog.text


def sign_in(password: str, address: str = "192.0.2.1") -> int:
    form = {"username": "dana", "password": password}
    return int(Client(REMOTE_ADDR=address).post("/signin", form).status_code)


def test_a_password_cannot_be_guessed_for_long(house: Organization, settings: Any):
    settings.AXES_FAILURE_LIMIT = 3
    dana = person("dana", house)
    dana.set_password("right")
    dana.save()
    assert [sign_in("wrong") for _ in range(2)] == [200, 200]
    assert sign_in("right") == 302  # which also forgives
    assert [sign_in("wrong") for _ in range(3)] == [200, 200, 429]
    assert sign_in("right") == 429
    assert sign_in("right", address="192.0.2.2") == 302  # nobody can lock her out


def test_signing_in_needs_no_cache(house: Organization, own_cache: Valkey):
    dana = person("dana", house)
    dana.set_password("right")
    dana.save()
    own_cache.kill()
    assert sign_in("wrong") == 200
    assert sign_in("right") == 302
