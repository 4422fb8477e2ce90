"""Rounding at the edge; inside everything is computed in full precision. Pure."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_ABSURD = 1e15


def half_up(value: float | None) -> float | None:
    """Two decimals, rounded as people do it: binary floats would round 2.675 down. None for what is beyond any
    meaning, such as the share of a feed's next to nothing."""
    if value is None or not -_ABSURD <= value <= _ABSURD:
        return None
    return float(Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP))
