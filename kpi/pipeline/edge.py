"""The edge at which fractions become percent and are rounded, and nowhere before. Pure."""

from intraday.values.rounding import half_up


def percent(share: float | None) -> float | None:
    return None if share is None else half_up(100 * share)


def ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if whole and part is not None else None
