"""Numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.values.numerals import advice, is_ambiguous


@pytest.mark.parametrize(
    "text", ["1.000", "1,000", "1 000", "1'000", "-1.000", "12.345", "999,999", "1.234.567", "1,234.5", " 1.000 "]
)
def test_separators_that_may_part_thousands_are_ambiguous(text: str) -> None:
    assert is_ambiguous(text)


@pytest.mark.parametrize("text", ["0", "1000", "1.5", "1.00", "1.0000", "0.125", "0,125", "1234.567", "", "x", "1e3"])
def test_other_numbers_are_plain(text: str) -> None:
    assert not is_ambiguous(text)


def test_the_advice_says_how_to_write_either_number() -> None:
    assert advice("1.000") == (
        "'1.000' may be read in two ways: write 1000 without separators, or 1.0000 if you mean a fraction."
    )
    assert advice("1,234,567") == "'1,234,567' may be read in two ways: write 1234567 without separators."


@given(st.integers(1_000, 10**15), st.sampled_from(".,' "))
def test_a_number_with_separators_is_never_plain(value: int, separator: str) -> None:
    assert is_ambiguous(f"{value:,}".replace(",", separator))
    assert not is_ambiguous(str(value))
