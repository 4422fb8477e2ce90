"""Chains of callers that are integrated together: each answer is the one that the chain has alone."""

import tracemalloc
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.formulas import chain
from kpi.formulas.chain import Question, prepare, rest_of_interval
from kpi.formulas.waits import Goal, Server

MEGABYTES = 10
ENTRIES = 200


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_answers", {})


@st.composite
def questions(draw: st.DrawFn) -> Question:
    agents = draw(st.integers(0, 60) | st.just(2_000))
    aht = draw(st.floats(5, 600))
    load = draw(st.floats(0, 1.3)) * max(agents, 1)
    patience = draw(st.none() | st.floats(5, 500))
    return Question(
        arrival=load / aht,
        server=Server(agents / aht, 1 / patience if patience else 0.0),
        agents=agents,
        aht_seconds=aht,
        waiting=draw(st.integers(0, 5) | st.integers(0, 600)),
        seconds=draw(st.just(0.0) | st.floats(1, 1_800)),
        goal=Goal(
            0.8, draw(st.sampled_from([0.0, 20.0, 60.0])), draw(st.sampled_from(["ignore", "negative", "positive"]))
        ),
    )


@settings(deadline=None, max_examples=25)
@given(st.lists(questions(), min_size=2, max_size=8))
def test_an_answer_is_the_same_to_the_last_bit_alone_and_in_company(asked: list[Question]):
    chain._answers.clear()
    alone = [rest_of_interval(question) for question in asked]
    assert not chain._answers
    prepare(asked)
    assert [rest_of_interval(question) for question in asked] == alone
    assert chain._answers.keys() == set(asked)


def test_a_chain_of_the_textbook_earns_what_it_did():
    """As a chain by itself was integrated, in Python alone, before many were integrated together."""
    queue = Question(100 / 1_800, Server(14 / 180, 0.0), 14, 180.0, 2, 900.0, Goal(0.8, 20.0, "ignore"))
    assert rest_of_interval(queue) == pytest.approx(
        (
            -1.1442888373667541,
            138.8781717164321,
            -715.3211998408381,
            50.000000000000064,
            0.5260167432960474,
            15.24561838532873,
        ),
        rel=1e-12,
    )


def test_answers_are_bounded_in_number_and_bytes():
    random = Random(1).uniform
    goal = Goal(0.8, 20.0, "ignore")

    def ask() -> Question:
        return Question(
            random(0.01, 0.1), Server(random(0.02, 0.2), 0.0), 5, random(100, 300), 2, random(60, 600), goal
        )

    prepare([ask()])
    tracemalloc.start()
    prepare([ask() for _ in range(ENTRIES)])
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / ENTRIES * chain.REMEMBERED < MEGABYTES * 2**20
    for _ in range(2):
        prepare([ask() for _ in range(chain.REMEMBERED)])
        assert len(chain._answers) <= chain.REMEMBERED
