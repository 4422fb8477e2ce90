"""Rounding of what leaves the server; all computing is in full precision. Pure."""

import math
from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_ABSURD = 1e15
_USUAL, _NEAR_HALF = 1e6, 1e-6  # cents of usual values are off by a hundredth of this at most


def half_up(value: float | None) -> float | None:
    """Return two decimals, rounded as people do it: binary floats would round 2.675 down.

    None for values beyond any meaning, such as a share of next to nothing.
    """
    if value is None or not -_ABSURD <= value <= _ABSURD:
        return None
    cents = value * 100
    below = math.floor(cents)
    if abs(cents - below - 0.5) < _NEAR_HALF or not -_USUAL < value < _USUAL:
        return float(Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP))
    return (below + (cents - below > 0.5)) / 100  # a tenth of the time, for nearly all


def percent(share: float | None) -> float | None:
    """A fraction as percent, rounded: the edge at which figures leave."""
    return None if share is None else half_up(100 * share)


def ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if whole and part is not None else None
