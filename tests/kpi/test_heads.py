"""People with several skills, shared among their queues (DOMAIN 3.3)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.formulas.heads import Key, share_heads

Groups = list[tuple[frozenset[Key], int]]

NAMES = "ABCD"


def key(name: str) -> Key:
    return ("dep", name)


def people(**heads: int) -> Groups:
    """`AB=6` are six people who serve A and B."""
    return [(frozenset(key(name) for name in names), number) for names, number in heads.items()]


def needs(**required: float) -> dict[Key, float]:
    return {key(name): heads for name, heads in required.items()}


def by_name(shares: Mapping[Key, int]) -> dict[str, int]:
    return {name: heads for (_, name), heads in shares.items()}


@pytest.mark.parametrize(
    ("groups", "required", "shares"),
    [
        pytest.param(people(A=14, AB=6), needs(A=14, B=6), {"A": 14, "B": 6}, id="both queues are covered at 1"),
        pytest.param(people(AB=20), needs(A=14, B=6), {"A": 14, "B": 6}, id="in proportion to what is required"),
        pytest.param(people(AB=10), needs(A=14, B=6), {"A": 7, "B": 3}, id="half of each"),
        pytest.param(people(A=2, AB=4), needs(A=2, B=8), {"A": 2, "B": 4}, id="the lower queue gets all of them"),
        pytest.param(people(A=4, AB=2), needs(A=4, B=4), {"A": 4, "B": 2}, id="single-skilled heads stay"),
        pytest.param(people(ABC=10), needs(A=10, B=10, C=1), {"A": 5, "B": 5, "C": 0}, id="4.76, 4.76, 0.48"),
        pytest.param(people(AB=7), needs(A=0, B=0), {"A": 4, "B": 3}, id="nobody required: evenly"),
        pytest.param(people(A=3, AB=3), needs(A=0, B=0), {"A": 3, "B": 3}, id="evenly over those who are there"),
        pytest.param(people(AB=5), needs(A=3, B=0), {"A": 5, "B": 0}, id="a queue that requires nobody comes last"),
        pytest.param(people(AB=5), needs(A=3), {"A": 5, "B": 0}, id="so does one whose requirement is unknown"),
        pytest.param(people(AB=2, BC=2), needs(A=2, B=1, C=1), {"A": 2, "B": 1, "C": 1}, id="overlapping groups"),
        pytest.param(people(AB=3, BC=3, CD=3), needs(A=1, B=1, C=1, D=6), {"A": 2, "B": 2, "C": 2, "D": 3}, id="chain"),
        pytest.param([(frozenset(), 9), *people(A=1)], needs(A=1, B=2), {"A": 1, "B": 0}, id="people without a queue"),
        pytest.param([], needs(A=3), {"A": 0}, id="nobody there"),
        pytest.param(people(A=2), {}, {"A": 2}, id="no requirement known"),
        pytest.param([*people(AB=1), *people(BA=1)], needs(A=1, B=1), {"A": 1, "B": 1}, id="equal skills"),
        pytest.param(people(AB=-1), needs(A=1, B=1), {"A": 0, "B": 0}, id="no head is negative"),
        # 1.5 and three times 0.5: A has a third of its heads already, B and C come first in the alphabet.
        pytest.param(people(AB=1, AC=1, AD=1), needs(A=3, B=1, C=1, D=1), {"A": 1, "B": 1, "C": 1, "D": 0}, id="ties"),
    ],
)
def test_heads_are_shared(groups: Groups, required: dict[Key, float], shares: dict[str, int]) -> None:
    assert by_name(share_heads(groups, required)) == shares


def test_queues_of_one_name_in_two_departments_are_two() -> None:
    first, second = ("dep_1", "Sales"), ("dep_2", "Sales")

    assert share_heads([(frozenset({first, second}), 4)], {first: 3, second: 1}) == {first: 3, second: 1}


def test_a_wide_organization_is_shared_completely() -> None:
    """200 groups of ten queues each, moved on by five, over single-skilled heads: 1,000 + 200 * 7 heads."""
    keys = [("dep", f"queue_{number:04}") for number in range(1000)]
    groups = [(frozenset({each}), 1) for each in keys]
    groups += [(frozenset(keys[5 * number : 5 * number + 10]), 7) for number in range(200)]

    shares = share_heads(groups, dict.fromkeys(keys, 2))

    assert sum(shares.values()) == 2400
    assert min(shares.values()) == 2  # 1.4 heads a queue may be added: nobody stays at the one head of its own
    assert max(shares.values()) <= 3


skills = st.frozensets(st.sampled_from([key(name) for name in NAMES]), max_size=4)
required_heads = st.fixed_dictionaries({key(name): st.integers(0, 20) for name in NAMES})


@given(st.lists(st.tuples(skills, st.integers(0, 30)), max_size=6), required_heads)
def test_all_heads_are_placed_among_their_own_queues(groups: Groups, required: dict[Key, float]) -> None:
    shares = share_heads(groups, required)

    assert set(shares) == set(required)
    assert all(isinstance(heads, int) for heads in shares.values())
    placed_people = [(names, heads) for names, heads in groups if names]
    assert sum(shares.values()) == sum(heads for _, heads in placed_people)
    for chosen in _subsets(list(required)):  # Hall: no set of queues has fewer heads than people bound to it,
        bound = sum(heads for names, heads in placed_people if names <= chosen)
        able = sum(heads for names, heads in placed_people if names & chosen)
        assert bound <= sum(shares[each] for each in chosen) <= able  # or more than there are people able to serve it


@given(st.lists(st.tuples(skills, st.integers(0, 30)), max_size=6), required_heads, st.randoms())
def test_the_order_of_the_groups_is_of_no_account(groups: Groups, required: dict[Key, float], random) -> None:
    shuffled = [*groups]
    random.shuffle(shuffled)

    assert share_heads(shuffled, required) == share_heads(groups, required)


small_groups = st.lists(st.tuples(skills, st.integers(0, 4)), max_size=3)


@given(small_groups, st.fixed_dictionaries({key(name): st.integers(1, 9) for name in NAMES}))
def test_the_lowest_coverage_is_within_one_head_of_the_best(groups: Groups, required: dict[Key, float]) -> None:
    shares = share_heads(groups, required)

    best = max(min(heads[each] / required[each] for each in required) for heads in _assignments(groups, list(required)))
    assert min((shares[each] + 1) / required[each] for each in required) > best


single_skilled = st.fixed_dictionaries({key(name): st.integers(0, 20) for name in NAMES})


@given(single_skilled, skills, st.integers(0, 30), required_heads)
def test_a_shared_head_is_never_more_than_a_head_better_placed_elsewhere(
    own: dict[Key, int], names: frozenset[Key], heads: int, required: dict[Key, float]
) -> None:
    shares = share_heads([*((frozenset({each}), number) for each, number in own.items()), (names, heads)], required)

    for giver, taker in product(names, names):
        if required[taker] and required[giver] and shares[giver] > own[giver]:
            assert (shares[taker] + 1) / required[taker] > (shares[giver] - 1) / required[giver]


def _subsets(keys: Sequence[Key]) -> Iterator[frozenset[Key]]:
    for picked in product([False, True], repeat=len(keys)):
        yield frozenset(each for each, chosen in zip(keys, picked, strict=True) if chosen)


def _assignments(groups: Groups, keys: Sequence[Key]) -> Iterator[dict[Key, int]]:
    """Every way to place each group's heads among its queues."""
    ways = [list(_placements(sorted(names), heads)) for names, heads in groups if names and heads]
    for picked in product(*ways):
        yield {each: sum(way.get(each, 0) for way in picked) for each in keys}


def _placements(names: Sequence[Key], heads: int) -> Iterator[dict[Key, int]]:
    if len(names) == 1:
        yield {names[0]: heads}
        return
    for first in range(heads + 1):
        for rest in _placements(names[1:], heads - first):
            yield {names[0]: first} | rest
