"""Ages of the waiting items, as a feed may send them: DOMAIN 1.8."""

from typing import Any

import pytest
from django.utils import timezone

from backlog import selectors
from backlog.models import Snapshot
from intraday.org.models import Organization
from tests.backlog.posting import CURRENT, HISTORY, ORG, post, post_batch_up, post_up, results, row
from tests.heard import Hear
from tests.rest.contract import ContractClient


def profile(**items: int) -> list[dict[str, float]]:
    """profile(m0=10, m60=4): ten items waiting, four of them for an hour or longer."""
    return [{"older_than_minutes": int(age[1:]), "items": count} for age, count in items.items()]


def test_an_age_profile_is_stored_and_told_everywhere(api: ContractClient, organization: Organization, heard: Hear):
    sent = profile(m0=10, m60=4, m120=4, m480=0)
    with heard() as published:
        answer = post(api, row(age_profile=sent))
    assert "warnings" not in answer
    assert published.of("support")["age_profile"] == sent
    [item] = api.get(HISTORY, {"queue_name": "support"}).json()["items"]
    assert item["age_profile"] == sent
    assert api.get(CURRENT, {"queue_name": "support"}).json()["current"]["age_profile"] == sent
    figures = {scope.queue_name: figure for scope, _, figure in selectors.figures("org_123", now=timezone.now())}
    assert figures["support"]["age_profile"] == sent
    assert api.get(HISTORY, {"queue_name": "support", "format": "csv"}).status_code == 200


@pytest.mark.parametrize("fields", [{}, {"age_profile": None}], ids=["left out", "null"])
def test_where_none_is_sent_the_field_is_absent(api: ContractClient, heard: Hear, fields: dict[str, Any]):
    with heard() as published:
        post(api, row(**fields))
    assert all("age_profile" not in event["data"] for event in published)
    assert "age_profile" not in api.get(CURRENT, {"queue_name": "support"}).json()["current"]


def test_another_profile_is_a_correction_and_the_same_a_duplicate(api: ContractClient):
    outcomes = [
        post(api, row(age_profile=sent))["result"]
        for sent in (profile(m0=10, m60=4), profile(m0=10, m60=4), profile(m0=10, m60=5), None)
    ]
    assert outcomes == ["created", "duplicate", "corrected", "corrected"]
    assert Snapshot.objects.get(derived=False).age_profile is None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param([], "at least 1", id="no bucket"),
        pytest.param([{"older_than_minutes": n, "items": 0} for n in range(25)], "no more than 24", id="25 buckets"),
        pytest.param(profile(m60=4, m0=4), "older_than_minutes is 0 after 60", id="ages descend"),
        pytest.param(profile(m60=4) * 2, "older_than_minutes is 60 after 60", id="an age twice"),
        pytest.param(profile(m0=4, m60=5), "5 items are at least 60 minutes old, but only 4", id="items ascend"),
        pytest.param(profile(m0=11), "Bucket 1 has 11 items, more than total_items", id="more than there are"),
        pytest.param(profile(m0=-1), "greater than or equal to 0", id="negative items"),
        pytest.param([{"older_than_minutes": -1, "items": 1}], "greater than or equal to 0", id="a negative age"),
        pytest.param([{"older_than_minutes": "NaN", "items": 1}], "number", id="an age that is no number"),
        pytest.param([{"older_than_minutes": 60}], "required", id="an age without items"),
        pytest.param([60], "dictionary", id="no object"),
        pytest.param({"60": 4}, "list", id="no list"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_in_plain_words(api: ContractClient, sent: Any, said: str):
    answer = post(api, row(total=10, age_profile=sent))
    assert answer["status"] == 400
    assert said in str(answer["errors"]["age_profile"])
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"items_over_sla": 5}, ["items_over_sla is 5, but only 4 items"], id="more over SLA than so old"),
        pytest.param({"items_over_sla": 4}, [], id="as many"),
        pytest.param({"oldest_item_age_minutes": 100}, ["oldest_item_age_minutes is 100"], id="older than the oldest"),
        pytest.param({"oldest_item_age_minutes": 120}, [], id="as old as the oldest"),
    ],
)
def test_a_profile_at_odds_with_the_rest_is_a_warning(api: ContractClient, fields: dict[str, Any], said: list[str]):
    answer = post(api, row(total=10, age_profile=profile(m60=4, m120=1, m240=0), **fields))
    assert (answer["status"], len(answer.get("warnings", []))) == (201, len(said))
    assert all(words in warning for words, warning in zip(said, answer.get("warnings", []), strict=True))


def test_the_bucket_of_age_0_should_hold_all(api: ContractClient):
    [warning] = post(api, row(total=10, age_profile=profile(m0=9, m60=4)))["warnings"]
    assert "9 items are at least 0 minutes old, but total_items is 10" in warning


def test_profiles_of_the_same_ages_add_up_above_queues(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch_up(
            api,
            row("support", age_profile=profile(m0=10, m60=4)),
            row("billing", age_profile=profile(m0=10, m60=1)),
            row("claims", department_id="dept_789", age_profile=profile(m0=10, m120=1)),
        )
    assert results(answer) == ["created"] * 3
    assert published.of("dept_456")["age_profile"] == profile(m0=20, m60=5)
    assert published.of("dept_789")["age_profile"] == profile(m0=10, m120=1)
    assert "age_profile" not in published.of(ORG)


def test_a_fresh_queue_without_profile_leaves_its_level_without_one(api: ContractClient, heard: Hear):
    """Of the fresh ones: billing is silent for more than 45 minutes at the end."""
    with heard() as published:
        post_batch_up(api, row("support", age_profile=profile(m0=10)), row("billing"))
    assert "age_profile" not in published.of("dept_456")
    with heard() as published:
        post_up(api, row("support", 50, age_profile=profile(m0=10)))
    assert published.of("dept_456")["age_profile"] == profile(m0=10)
