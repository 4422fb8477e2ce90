"""Numbers and lengths of time in tables: read as meant, or refused with what is expected."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.replay.cells import Spelling, duration, number

UNSAID, POINT, COMMA = Spelling(), Spelling("."), Spelling(",")
ENGLISH, GERMAN, FRENCH, SWISS = Spelling(".", ","), Spelling(",", "."), Spelling(",", " "), Spelling(".", "'")


@pytest.mark.parametrize(
    ("text", "spelling", "value"),
    [
        ("1000", UNSAID, 1_000),
        ("0.125", UNSAID, 0.125),  # no number of thousands begins with 0
        ("157.3", UNSAID, 157.3),
        ("1234.567", UNSAID, 1_234.567),
        ("1.000", POINT, 1),
        ("1,000", COMMA, 1),
        ("1,000", ENGLISH, 1_000),
        ("1,234,567.5", ENGLISH, 1_234_567.5),
        ("1.000", GERMAN, 1_000),
        ("1.000,25", GERMAN, 1_000.25),
        ("1000,25", GERMAN, 1_000.25),
        ("1.000", Spelling(None, "."), 1_000),
        ("1 000", FRENCH, 1_000),
        ("1\u00a0000,5", FRENCH, 1_000.5),
        ("1\u202f000", FRENCH, 1_000),
        ("1'000.5", SWISS, 1_000.5),
        ("1\u2019000", SWISS, 1_000),
        ("1.2e3", POINT, 1_200),
    ],
)
def test_a_number_is_read_as_the_map_spells_it(text: str, spelling: Spelling, value: float) -> None:
    assert number(text, spelling) == value


@pytest.mark.parametrize(
    ("text", "spelling", "said"),
    [
        ("1.000", UNSAID, "'1.000' could be a number of thousands or one with a fraction"),
        ("157.300", UNSAID, 'say decimal = "." or thousands = "." in the map'),
        ("1,000", UNSAID, "'1,000' is not a number such as 1234.5: it was read with decimal '.' and thousands none"),
        ("1.000", COMMA, "'1.000' is not a number such as 1234,5: it was read with decimal ',' and thousands none"),
        ("1.000,5", COMMA, "is not a number such as 1234,5"),
        ("1,000.5", POINT, "is not a number such as 1234.5"),
        ("1 000", POINT, "is not a number such as 1234.5"),
        ("1_000", POINT, "is not a number"),
        ("1,00", ENGLISH, "is not a number such as 1,234.5"),
        ("10,0000", ENGLISH, "is not a number such as 1,234.5"),
        ("1,000,00", ENGLISH, "is not a number"),
        (",100", ENGLISH, "is not a number"),
        ("1.00", GERMAN, "is not a number such as 1.234,5"),
        ("1.0000", GERMAN, "is not a number"),
        ("1,000,5", GERMAN, "is not a number"),
        ("85 %", POINT, "is not a number"),
        ("many", POINT, "'many' is not a number"),
        ("", POINT, "is not a number"),
        ("\u0661\u0662", POINT, "is not a number"),
        ("-1", POINT, "-1 is not a figure of 0 or more"),
        ("nan", POINT, "nan is not a figure of 0 or more"),
        ("1e999", POINT, "1e999 is not a figure of 0 or more"),
    ],
)
def test_a_number_that_is_ambiguous_or_malformed_is_refused(text: str, spelling: Spelling, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        number(text, spelling)


@given(st.integers(0, 10**12), st.sampled_from([ENGLISH, GERMAN, FRENCH, SWISS]))
def test_a_whole_number_comes_back_from_any_spelling(value: int, spelling: Spelling) -> None:
    assert number(f"{value:,}".replace(",", spelling.thousands), spelling) == value
    assert number(str(value), spelling) == value


@given(st.integers(1, 999), st.integers(0, 999))
def test_what_could_be_thousands_is_never_taken_for_a_fraction_unasked(whole: int, rest: int) -> None:
    for separator in ".,":
        with pytest.raises(ValueError, match="thousands"):
            number(f"{whole}{separator}{rest:03}", UNSAID)


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("90", "seconds", 90),
        ("1.5", "minutes", 90),
        ("0.5", "hours", 1_800),
        ("2", "days", 172_800),
        ("00:02:37", "seconds", 157),
        ("0:02:37", "minutes", 157),
        ("26:10:05", "hh:mm:ss", 94_205),
        ("0:00:01.5", "h:mm:ss", 1.5),
        ("1:30", "h:mm", 5_400),
        ("01:30", "hh:mm", 5_400),
        ("1:30", "mm:ss", 90),
        ("75:10", "mm:ss", 4_510),
        ("1:15:10", "mm:ss", 4_510),
    ],
)
def test_a_length_of_time_is_read_in_its_unit(text: str, unit: str, seconds: float) -> None:
    assert duration(text, unit, POINT) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("5:30", "seconds", "'5:30' could be hours or minutes"),
        ("5:30", "minutes", 'give the column unit = "hh:mm" or unit = "mm:ss"'),
        ("5:30", "hh:mm:ss", "'5:30' is not a length of time such as hh:mm:ss"),
        ("5:60", "mm:ss", "is not a length of time such as mm:ss"),
        ("5:6", "mm:ss", "is not a length of time"),
        ("0:60:00", "hh:mm:ss", "is not a length of time"),
        ("1:2:3:4", "seconds", "is not a length of time such as hh:mm:ss"),
        ("-0:10", "mm:ss", "is not a length of time"),
        (":10:00", "hh:mm:ss", "is not a length of time"),
        ("300", "mm:ss", "is not a length of time such as mm:ss"),
        ("soon", "seconds", "'soon' is not a number"),
    ],
)
def test_a_length_of_time_that_is_ambiguous_or_malformed_is_refused(text: str, unit: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        duration(text, unit, POINT)


def test_the_fraction_of_a_clock_is_spelled_as_the_map_says() -> None:
    assert duration("0:00:01,5", "seconds", COMMA) == 1.5
