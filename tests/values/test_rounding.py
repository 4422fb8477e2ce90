"""Two decimals, rounded half up: the fast way for usual values says what decimal arithmetic says."""

import math
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.values.rounding import half_up

NEAR_TIES = st.integers(-(10**7), 10**7).map(lambda number: number / 200)
SHORT = st.integers(-(10**10), 10**10).map(lambda number: number / 1_000)


@given(
    st.one_of(
        st.floats(-1e15, 1e15),
        SHORT,
        NEAR_TIES,
        NEAR_TIES.map(lambda value: math.nextafter(value, math.inf)),
        NEAR_TIES.map(lambda value: math.nextafter(value, -math.inf)),
        NEAR_TIES.map(lambda value: value + 1e-8),
    )
)
def test_rounding_is_that_of_the_shortest_decimal_of_a_value(value: float):
    assert half_up(value) == float(Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 1.1e15])
def test_what_means_nothing_is_none(value: float | None):
    assert half_up(value) is None


def test_nothing_is_rounded_to_less_than_nothing():
    assert math.copysign(1, half_up(-0.001) or 0.0) == 1
