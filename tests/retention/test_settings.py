"""Limits of retention that would delete what is still being worked with are refused before anything is served."""

from datetime import timedelta
from typing import Any

import pytest

from intraday import checks


@pytest.mark.parametrize(
    ("name", "days", "least"),
    [
        ("DETAIL", 2, 3),  # KPI figures are kept in full for two
        ("HISTORY", 34, 35),  # the detail would outlive it
        ("ALERTS", 7, 8),  # the longest cooldown is seven
        ("ACCESS", 0, 1),
        ("SIGN_INS", 0, 1),
    ],
)
def test_a_limit_that_is_too_short_is_an_error(settings: Any, name: str, days: float, least: int):
    setattr(settings, f"KEEP_{name}", timedelta(days=days))
    [error] = checks.things_are_kept_long_enough(None)
    assert error.id == "intraday.E006"
    assert error.msg == f"INTRADAY_KEEP_{name}_DAYS is {days}: at least {least}."
    setattr(settings, f"KEEP_{name}", timedelta(days=least))
    assert checks.things_are_kept_long_enough(None) == []


def test_the_defaults_are_long_enough():
    assert checks.things_are_kept_long_enough(None) == []
