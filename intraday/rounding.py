"""Rounding at the edge; inside everything is computed in full precision."""

from decimal import ROUND_HALF_UP, Decimal


def half_up(value: float | None, digits: int = 2) -> float | None:
    """Rounded as people do it: binary floats would round 2.675 down."""
    if value is None:
        return None
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
