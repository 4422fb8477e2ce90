"""Limits of an organization a minute and at once, over several processes, with and without a cache."""

from collections.abc import Iterator
from copy import deepcopy
from threading import Event, Thread
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from intraday.connections.database import pool_stats
from intraday.org.models import Organization
from intraday.rest.limits import post_turns, quotas, shared_counter
from intraday.rest.limits.post_turns import post_turn
from intraday.rest.limits.quotas import LimitReached, Slots, Windows, compute_slot, processes, spend
from tests.access.people import bearer, person, token_of
from tests.backlog.posting import post, post_batch, row
from tests.conftest import client_of, said
from tests.rest.contract import contract_client
from tests.services import Valkey, wait_until

WHAT_IF = "/api/intraday/kpi/what-if"
HISTORY = "/api/intraday/backlog/history"


def limit(organization: Organization, **allowed: int) -> Organization:
    for name, number in allowed.items():
        setattr(organization, f"limit_{name}", number)
    organization.save()
    return organization


@pytest.fixture
def other_cache(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A cache to be broken, tried again at each call."""
    monkeypatch.setattr(shared_counter, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(shared_counter.shared_counter, "_failed_at", None)
    with Valkey() as valkey:
        caches = deepcopy(settings.CACHES)
        caches["default"]["LOCATION"] = valkey.url
        settings.CACHES = caches
        yield valkey


def test_rows_beyond_the_limit_of_a_minute_are_refused_with_the_time_to_come_back(
    organization: Organization, own_minute: None
):
    limit(organization, rows_per_minute=5)
    api = contract_client(organization)
    assert post_batch(api, *(row(minutes=each) for each in range(4)))["status"] == 201
    assert post(api, row(minutes=5))["status"] == 201
    answer = api.generic("POST", "/api/schedulesbacklog/ingest", b"{}", content_type="application/json")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "48"
    assert said(answer) == {
        "code": "limit_reached",
        "message": "Too many rows in this minute: send less, or ask the operator to raise "
        "INTRADAY_LIMIT_ROWS_PER_MINUTE. (rows_per_minute of this organization: 5)",
    }


def test_a_batch_larger_than_a_minute_may_have_is_told_so(organization: Organization, own_minute: None):
    limit(organization, rows_per_minute=5)
    answer = post_batch(contract_client(organization), *(row(minutes=each) for each in range(6)))
    assert answer["status"] == 429
    assert answer["message"].startswith("This request alone has 6 rows")


def test_bytes_are_counted_before_the_body_is_read(organization: Organization, own_minute: None):
    limit(organization, bytes_per_minute=1000)
    api = contract_client(organization)
    assert post(api, b"{" + b" " * 600)["status"] == 400
    answer = post(api, b"{" + b" " * 600)
    assert (answer["status"], answer["code"]) == (429, "limit_reached")
    assert "bytes_per_minute" in answer["message"]


def test_own_events_and_notifications_are_counted_together(organization: Organization, own_minute: None):
    limit(organization, events_per_minute=2)
    api = contract_client(organization, "publish", "read")
    note = {"severity": "info", "title": "t", "message": "m"}
    assert post(api, note, "/api/ws/notifications")["status"] == 201
    codes = [post(api, {"event": "acme:a", "payload": {}}, "/api/ws/events")["status"] for _ in range(2)]
    assert codes == [201, 429]


def test_each_organization_has_its_own_minute_and_a_viewer_uses_nothing_up(
    organization: Organization, stranger: Organization, own_minute: None
):
    limit(organization, rows_per_minute=2)
    viewer = bearer(token_of(person("vera", organization), organization))
    assert {post(viewer, row())["status"] for _ in range(4)} == {403}
    api = client_of(organization)
    assert [post(api, row(minutes=each))["status"] for each in range(3)] == [201, 201, 429]
    assert post(client_of(stranger), row())["status"] == 201


# --- several processes -----------------------------------------------------------------------------------------------
@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example has an organization of its own
)
@given(
    allowed=st.integers(1, 2_000),
    asks=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 120)), min_size=1, max_size=60),
)
def test_processes_together_never_pass_the_limit_and_one_alone_may_use_it_whole(
    own_minute: None, allowed: int, asks: list[tuple[int, int]]
):
    organization = Organization(id=f"org_{uuid4()}", limit_rows_per_minute=allowed)
    several = [Windows() for _ in range(4)]
    granted = [amount for place, amount in asks if several[place].take(organization, "rows_per_minute", amount)]
    assert sum(granted) <= allowed
    if sum(amount for _, amount in asks) <= allowed - 4 * (allowed // quotas.PORTIONS):
        assert len(granted) == len(asks)  # nothing is refused while no process can hold what another lacks


def test_a_process_asks_the_cache_about_once_for_a_hundredth_of_the_limit(
    organization: Organization, own_minute: None, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    counter = shared_counter.shared_counter
    add = counter.add
    monkeypatch.setattr(counter, "add", lambda name, amount=1: (asked.append(name), add(name, amount))[1])
    limit(organization, rows_per_minute=10_000)
    windows = Windows()
    assert all(windows.take(organization, "rows_per_minute", 1) for _ in range(1_000))
    assert len(asked) == 10


@pytest.mark.parametrize("fault", ["stop", "pause"])
def test_without_the_cache_each_process_grants_its_share(
    organization: Organization, own_minute: None, other_cache: Valkey, monkeypatch: pytest.MonkeyPatch, fault: str
):
    monkeypatch.setattr(processes, "count", 4)
    limit(organization, rows_per_minute=40)
    if fault == "pause":
        other_cache.pause()
    else:
        other_cache.kill()
    windows = Windows()
    assert [windows.take(organization, "rows_per_minute", 1) for _ in range(12)] == [True] * 10 + [False] * 2


# --- computes at once ------------------------------------------------------------------------------------------------
def test_computes_at_once_are_limited_over_processes_and_end_with_their_requests(organization: Organization):
    limit(organization, computes=2)
    here, there = Slots(), Slots()
    first, second = here.take(organization), there.take(organization)
    assert None not in (first, second)
    assert (here.take(organization), there.take(organization)) == (None, None)
    here.give_back(organization, first)  # type: ignore[arg-type]
    assert there.take(organization) == first
    for slot in (0, 1):
        there.give_back(organization, slot)


def is_taken(organization: Organization) -> bool:
    """Ask as another process."""
    there = Slots()
    slot = there.take(organization)
    if slot is not None:
        there.give_back(organization, slot)
    return slot is None


def test_a_compute_that_takes_long_keeps_its_slot(organization: Organization, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(quotas, "RENEW_SECONDS", 0)
    limit(organization, computes=1)
    with compute_slot(organization) as held:
        cache.touch(f"compute:{organization.pk}:0", 1)
        held.renew()
        sleep(1.2)
        assert is_taken(organization)
    assert not is_taken(organization)


def test_a_slot_whose_time_was_over_is_given_back_by_nobody_but_its_holder(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(quotas, "RENEW_SECONDS", 0)
    limit(organization, computes=1)
    other = Slots()
    with compute_slot(organization) as held:
        cache.delete(f"compute:{organization.pk}:0")
        assert other.take(organization) == 0
        held.renew()
    assert is_taken(organization)
    other.give_back(organization, 0)
    assert not is_taken(organization)


def test_without_the_cache_a_process_computes_its_share_and_at_least_one(
    organization: Organization, other_cache: Valkey, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(processes, "count", 4)
    other_cache.kill()
    slots = Slots()
    limit(organization, computes=2)
    assert [slots.take(organization), slots.take(organization)] == [0, None]


def test_what_if_previews_and_exports_share_the_slots_and_say_when_to_come_back(organization: Organization):
    limit(organization, computes=1)
    api = contract_client(organization, "ingest", "read")
    with compute_slot(organization):
        answer = api.get(HISTORY, {"format": "csv", "queue_name": "support"})
        assert answer.status_code == 429
        assert answer["Retry-After"] == "2"
        assert answer.json()["code"] == "limit_reached"
        assert post(api, {"queue_name": "support"}, WHAT_IF)["status"] == 429
        asked = {"as_of_time": "2026-01-31T10:00:00Z", "queue_name": "support"}
        assert post(api, asked, "/api/intraday/kpi/compute")["status"] == 429
        assert api.get(HISTORY, {"queue_name": "support"}).status_code == 200
    for _ in range(2):
        assert b"snapshot_id" in api.get(HISTORY, {"format": "csv", "queue_name": "support"}).getvalue()


def test_a_compute_that_fails_gives_its_slot_back(organization: Organization):
    limit(organization, computes=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), compute_slot(organization):
            raise ZeroDivisionError


def test_spending_is_told_by_the_limit_of_the_organization(organization: Organization, own_minute: None):
    limit(organization, events_per_minute=1)
    spend(organization, "events_per_minute", 1)
    with pytest.raises(LimitReached) as refused:
        spend(organization, "events_per_minute", 1)
    assert refused.value.wait == 48


# --- posts, in turn --------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has posted."""
    monkeypatch.setattr(post_turns, "rests", post_turns.Rests())


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Rest by writing down for how long."""
    slept: list[float] = []
    monkeypatch.setattr(post_turns, "sleep", slept.append)
    return slept


def test_posts_of_one_organization_wait_for_each_other_and_for_nobody_elses(
    organization: Organization, stranger: Organization
):
    limit(organization, posts=2)
    order, gate = list[str](), Event()

    def work(name: str, of: Organization, rows: int) -> None:
        with post_turn(of, rows):
            order.append(name)
            gate.wait(20)

    small = [Thread(target=work, args=(f"small {n}", organization, 1)) for n in range(5)]
    large = [Thread(target=work, args=(f"large {n}", organization, 5_000)) for n in range(3)]
    for thread in (*small, *large):
        thread.start()
    other = Thread(target=work, args=("other", stranger, 1))
    other.start()
    assert wait_until(lambda: len(order) == 4)
    assert sorted(name.split()[0] for name in order) == ["large", "other", "small", "small"]
    gate.set()
    for thread in (*small, *large, other):
        thread.join(20)
    assert len(order) == 9


def test_too_many_waiting_posts_are_refused_and_a_turn_that_fails_is_given_back(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(post_turns, "MOST_WAITING", 0)
    limit(organization, posts=1)
    with post_turn(organization, 1), pytest.raises(LimitReached, match="posts"), post_turn(organization, 1):
        pass
    with pytest.raises(ZeroDivisionError), post_turn(organization, 1):
        raise ZeroDivisionError
    with post_turn(organization, 1):
        pass


@pytest.mark.usefixtures("transactional_db")
def test_a_post_that_waits_holds_no_connection_to_the_database(organization: Organization):
    limit(organization, posts=1)
    api = client_of(organization)
    answers: list[int] = []

    def late() -> None:
        answers.append(post(api, row())["status"])
        connections.close_all()

    with post_turn(organization, 1):
        waiting = Thread(target=late)
        waiting.start()
        assert wait_until(lambda: post_turns._turns.waiting(f"{organization.pk} small") == 1)
        assert not answers
        assert wait_until(lambda: pool_stats()["default"]["pool_size"] - pool_stats()["default"]["pool_available"] <= 1)
    waiting.join(20)
    assert answers == [201]


def test_a_large_batch_leaves_time_to_neighbours_and_to_nobody_where_there_are_none(
    organization: Organization, stranger: Organization, slept: list[float]
):
    for rows in (1, 5_000, 5_000):
        with post_turn(organization, rows):
            pass
    assert not slept, "the organization is alone"
    with post_turn(stranger, 5_000):
        pass
    assert not slept, "nothing to rest from"
    with post_turn(organization, 1):
        pass
    assert not slept, "a single post is small"
    post_turns.rests.earn(f"{organization.pk} large", 3.0 / post_turns.LONG.lengths)
    with post_turn(organization, 5_000):
        pass
    assert [2.5 < seconds <= 3.0 for seconds in slept] == [True]


def test_beside_neighbours_the_posts_of_an_organization_rest(
    organization: Organization, stranger: Organization, slept: list[float]
):
    for _ in range(3):
        with post_turn(organization, 1):
            pass
    assert not slept, "the organization is alone"
    with post_turn(stranger, 1):
        pass
    assert not slept, "its first post"
    post_turns.rests.earn(f"{organization.pk} small", 3.0 / post_turns.LONG.lengths)
    with post_turn(organization, 1):
        pass
    assert [2.5 < seconds <= 3.1 for seconds in slept] == [True]


def test_posts_at_the_same_time_earn_a_rest_for_the_time_that_they_took_together(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    now = [100.0]
    monkeypatch.setattr(post_turns, "monotonic", lambda: now[0])
    limit(organization, posts=2)
    place = f"{organization.pk} small"
    with post_turn(organization, 1):
        now[0] += 0.1
    assert post_turns.rests.left(place) == pytest.approx(0.1 * post_turns.SHORT.lengths)
    now[0] += 10.0
    with post_turn(organization, 1):
        with post_turn(organization, 1):
            now[0] += 0.1
        now[0] += 0.05
    assert post_turns.rests.left(place) == pytest.approx(0.15 * post_turns.SHORT.lengths)
    with post_turn(organization, 1):
        now[0] += 15.0
    assert post_turns.rests.left(place) == pytest.approx(post_turns.SHORT.longest), "it waited for something"


def test_what_the_sockets_of_an_organization_got_makes_its_next_batch_rest(
    organization: Organization, stranger: Organization, slept: list[float]
):
    post_turns.note_delivery(organization.pk, 0.5)
    with post_turn(stranger, 1), post_turn(organization, 1), post_turn(organization, 5_000):
        pass
    assert [1.5 < seconds <= 2.0 for seconds in slept] == [True]
