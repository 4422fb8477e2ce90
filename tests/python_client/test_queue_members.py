"""Members of queues, as single lines of a queue_log tell them: who is there, paused, talking, and for how long."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday_client.connectors.queue_log.entries import parse
from intraday_client.connectors.queue_log.floor import Floor
from tests.python_client.asterisk import START
from tests.python_client.queue_logs import CONNECT, COUNTS, ENTER, LENGTH, SECONDS, floor_of, states, tally

DAY = 86_400
COMPLETE = "60|1.1|support|Ann|COMPLETECALLER|10|50|1"


def test_a_member_of_the_configuration_is_forgotten_an_hour_after_her_last_call():
    floor = floor_of(ENTER, CONNECT, "100|1.1|support|Ann|COMPLETECALLER|10|90|1", end=5_000)
    assert floor.agents.counts("support")["agents"] == 0
    total = sum(each.available_seconds for each in floor.tallies.by_interval.values())
    assert total == 3_600 + 10 - 100  # from the end of her call until an hour after its beginning


def test_agents_are_available_on_contact_paused_for_a_reason_and_away():
    assert states(
        "0|NONE|support|Ann|ADDMEMBER|",
        "5|1.1|support|NONE|ENTERQUEUE||5550|1",
        "10|1.1|support|Ann|CONNECT|5|1.2|3",
        "60|1.1|support|Ann|COMPLETEAGENT|5|50|1",
        "70|NONE|support|Ann|PAUSE|Lunch",
        "100|NONE|support|Ann|UNPAUSE|",
        "110|NONE|NONE|Ann|PAUSEALL|1-on-1",
        "120|NONE|NONE|Ann|UNPAUSEALL|",
        "130|NONE|support|Ann|REMOVEMEMBER|",
        reasons={"lunch": "lunch"},
    ) == [
        (0, "available", ""),
        (10, "on_contact", ""),
        (60, "available", ""),
        (70, "lunch", "Lunch"),
        (100, "available", ""),
        (110, "break", "1-on-1"),
        (120, "available", ""),
        (130, "offline", ""),
    ]


def test_who_is_paused_in_one_of_two_queues_is_available_and_counts_in_the_other_alone():
    lines = ["0|NONE|support|Ann|ADDMEMBER|", "0|NONE|sales|Ann|ADDMEMBER|", "100|NONE|support|Ann|PAUSE|"]
    assert states(*lines) == [(0, "available", "")]
    floor = floor_of(*lines)
    assert (tally(floor)["available_seconds"], tally(floor, "sales")["available_seconds"]) == (100, 600)


def test_two_changes_of_one_second_are_one_state():
    assert states("0|NONE|support|Ann|ADDMEMBER|", "0|NONE|support|Ann|PAUSE|") == [(0, "break", "")]


def total(floor: Floor, name: str, queue: str = "support") -> float:
    """The seconds of all intervals of a queue."""
    return sum(getattr(tally, name) for (of, _), tally in floor.tallies.by_interval.items() if of == queue)


# --- pauses -----------------------------------------------------------------------------------------------------------
BOTH = ["0|NONE|support|Ann|ADDMEMBER|", "0|NONE|sales|Ann|ADDMEMBER|"]


@pytest.mark.parametrize(
    ("lines", "support", "sales"),
    [
        # all at once, and out of it queue by queue
        (
            [
                *("100|NONE|NONE|Ann|PAUSEALL|", "100|NONE|support|Ann|PAUSE|Lunch", "100|NONE|sales|Ann|PAUSE|Lunch"),
                *("200|NONE|support|Ann|UNPAUSE|Lunch", "300|NONE|sales|Ann|UNPAUSE|Lunch"),
            ],
            500,
            400,
        ),
        # a log that has the one line alone
        (["100|NONE|NONE|Ann|PAUSEALL|", "300|NONE|NONE|Ann|UNPAUSEALL|"], 400, 400),
        # a queue that she enters later is not paused
        (
            ["0|NONE|support|Ann|REMOVEMEMBER|", "100|NONE|NONE|Ann|PAUSEALL|", "200|NONE|support|Ann|ADDMEMBER|"],
            400,
            100,
        ),
        # a pause ends with the membership
        (
            [
                *("100|NONE|support|Ann|PAUSE|", "200|NONE|support|Ann|REMOVEMEMBER|"),
                "300|NONE|support|Ann|ADDMEMBER|",
            ],
            400,
            600,
        ),
        # she enters a queue paused
        (["0|NONE|support|Ann|REMOVEMEMBER|", "0|MANAGER|support|Ann|ADDMEMBER|PAUSED"], 0, 600),
        (["0|MANAGER|support|Ann|ADDMEMBER|PAUSED", "150|NONE|support|Ann|UNPAUSE|"], 450, 600),
    ],
)
def test_a_pause_is_of_the_queues_that_it_names_and_ends_with_each(lines: list[str], support: int, sales: int):
    floor = floor_of(*BOTH, *lines)
    assert (total(floor, "available_seconds"), total(floor, "available_seconds", "sales")) == (support, sales)


def test_a_pause_in_all_queues_by_an_interface_that_nothing_else_bears_is_of_nobody():
    assert states("0|NONE|NONE|SIP/1001|PAUSEALL|", "9|NONE|NONE|SIP/1001|UNPAUSEALL|") == []


def test_a_member_of_the_configuration_who_pauses_before_her_first_call_is_on_a_break():
    lines = ["0|NONE|NONE|SIP/1|PAUSEALL|", "0|NONE|support|Ann|PAUSE|Lunch", "300|NONE|support|Ann|UNPAUSE|Lunch"]
    assert states(*lines) == [(0, "break", "Lunch"), (300, "available", "")]
    assert total(floor_of(*lines), "available_seconds") == 300


# --- memberships that end, or do not ----------------------------------------------------------------------------------
def test_each_membership_that_nobody_logged_lasts_an_hour_whatever_else_she_logs_in_to():
    lines = ["0|NONE|sales|Ann|ADDMEMBER|", ENTER, CONNECT, COMPLETE, "3600|NONE|sales|Ann|REMOVEMEMBER|"]
    floor = floor_of(*lines, end=DAY)
    assert total(floor, "available_seconds") == 10 + 3_600 - 60
    assert total(floor, "available_seconds", "sales") == 10 + 3_600 - 60
    assert states(*lines, end=DAY)[-2:] == [(3_600, "available", ""), (3_610, "offline", "")]


@pytest.mark.parametrize("event", ["RINGNOANSWER|15000", "RINGCANCELED|900", "CONNECT|20|1.2|9", "PAUSE|", "UNPAUSE|"])
@pytest.mark.parametrize(("second", "members"), [(20, 0), (70, 0), (71, 1)])
def test_a_ring_that_began_before_the_log_off_brings_nobody_back(event: str, second: int, members: int):
    lines = ["0|NONE|support|Ann|ADDMEMBER|", "10|NONE|support|Ann|REMOVEMEMBER|"]
    floor = floor_of(ENTER, *lines, f"{second}|1.1|support|Ann|{event}")
    assert floor.agents.counts("support")["agents"] == members
    if event.startswith("RING"):
        assert total(floor, "available_seconds") == 10 + members * (600 - second)


def test_a_member_of_the_configuration_is_there_for_an_hour_after_each_call_and_not_in_between():
    later = ["57600|2.1|support|NONE|ENTERQUEUE||1|1", "57610|2.1|support|Ann|CONNECT|10|2.2|1"]
    lines = [ENTER, CONNECT, "100|1.1|support|Ann|COMPLETECALLER|10|90|1", *later]
    floor = floor_of(*lines, end=57_610)
    assert total(floor, "available_seconds") == 10 + 3_600 - 100
    assert states(*lines, end=57_610) == [
        (10, "on_contact", ""),
        (100, "available", ""),
        (3_610, "offline", ""),
        (57_610, "on_contact", ""),
    ]


# --- talks ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lines", "handled"),
    [
        ([], 4 * 3_600),
        (["600|NONE|support|Ann|REMOVEMEMBER|"], 590),
        (["600|NONE|support|Ann|REMOVEMEMBER|", "900|1.1|support|Ann|COMPLETEAGENT|10|890|1"], 890),
        (["600|NONE|support|Ann|REMOVEMEMBER|", "20000|1.1|support|Ann|COMPLETEAGENT|10|19990|1"], 590),
        (
            [
                *("600|NONE|support|Ann|REMOVEMEMBER|", "7000|2.1|sales|NONE|ENTERQUEUE||1|1"),
                "7010|2.1|sales|Ann|CONNECT|10|2.2|1",
            ],
            590,
        ),
        (["7200|NONE|NONE|NONE|QUEUESTART|"], 7_190),
    ],
)
def test_a_talk_whose_end_was_not_logged_ends_with_the_log_off_or_after_four_hours(lines: list[str], handled: int):
    floor = floor_of("0|NONE|support|Ann|ADDMEMBER|", ENTER, CONNECT, *lines, end=57_600)
    assert total(floor, "handle_seconds") == handled
    assert floor.calls == {}


def test_the_log_off_is_the_end_of_being_on_contact_though_the_talk_counts_to_its_end():
    lines = ["0|NONE|support|Ann|ADDMEMBER|", ENTER, CONNECT, "30|NONE|support|Ann|REMOVEMEMBER|", COMPLETE]
    assert states(*lines) == [(0, "available", ""), (10, "on_contact", ""), (30, "offline", "")]
    assert total(floor_of(*lines), "handle_seconds") == 50


# --- rounds -----------------------------------------------------------------------------------------------------------
EVENTS = st.builds(
    "{0}|{1}|{2}|{3}".format,
    st.sampled_from(["1.1", "1.2", "1.3"]),
    st.sampled_from(["support", "sales"]),
    st.sampled_from(["Ann", "Bob"]),
    st.sampled_from(
        [
            *("ENTERQUEUE||1|1", "CONNECT|5|1.9|1", "COMPLETEAGENT|5|60|1", "ABANDON|1|1|30", "RINGNOANSWER|1000"),
            *("ADDMEMBER|", "ADDMEMBER|PAUSED", "REMOVEMEMBER|", "PAUSE|Lunch", "UNPAUSE|", "PAUSEALL|", "UNPAUSEALL|"),
        ]
    ),
)
SECOND = st.integers(0, DAY)


def read(lines: list[tuple[int, str]], cuts: Iterable[int]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Figures and states, read in rounds that end at these seconds, each by a feed that was started anew."""
    floor, begin, said = Floor(LENGTH), 0, dict[Any, Any]()
    for cut in [*sorted(cuts), DAY + 1]:
        for second, line in lines:
            if begin <= second < cut and (entry := parse(f"{START + second}|{line}")):
                floor.take(entry)
        floor.advance(START + cut)
        said |= {(each["agent"], each["since"]): each for each in floor.agents.take_states()}
        kept, floor, begin = json.dumps(floor.dump()), Floor(LENGTH), cut
        floor.restore(json.loads(kept), {})
    figures = {
        key: [*(getattr(each, name) for name in (*COUNTS, *SECONDS)), *sorted(each.people)]
        for key, each in floor.tallies.by_interval.items()
    }
    return figures, said


@given(st.lists(st.tuples(SECOND, EVENTS), max_size=25), st.lists(SECOND, max_size=12, unique=True))
def test_a_sparse_log_says_the_same_in_one_round_and_in_many(lines: list[tuple[int, str]], cuts: list[int]):
    lines.sort(key=lambda line: line[0])
    assert read(lines, cuts) == read(lines, [])
