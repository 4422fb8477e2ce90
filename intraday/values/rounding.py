"""Rounding of what leaves the server; all computing is in full precision. Pure."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_ABSURD = 1e15


def half_up(value: float | None) -> float | None:
    """Return two decimals, rounded as people do it: binary floats would round 2.675 down.

    None for values beyond any meaning, such as a share of next to nothing.
    """
    if value is None or not -_ABSURD <= value <= _ABSURD:
        return None
    return float(Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP))
