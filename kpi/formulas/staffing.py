"""Heads: needed, scheduled, there; and how busy they are (DOMAIN 1.1, 1.9, 3.2, 3.3)."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from kpi.formulas.numeric import exact, not_negative

OCCUPANCY_TARGET_MIN = 0.75
OCCUPANCY_TARGET_MAX = 0.88
OCCUPANCY_CRITICAL = 0.92
BALANCED_SHARE = 0.05
CRITICAL_SHARE = -0.20
REPEATED = 4_096
"""Pairs of heads and concurrency: many queues have the same."""

OccupancyStatus = Literal["low", "ok", "high", "critical"]
GapStatus = Literal["balanced", "understaffed", "overstaffed", "critical_understaffed"]


def scheduled_heads(*, agents: int, shrinkage: float) -> int:
    """Heads to schedule so that `agents` are at work: ceil(N / (1 - s)), exact in decimals (21 at 0.3 is 30)."""
    if not 0 <= shrinkage < 1:
        raise ValueError(f"shrinkage is a share from 0 up, below 1, not {shrinkage}")
    return math.ceil(agents / (1 - exact(shrinkage)))


@lru_cache(REPEATED)
def slots(*, agents: float, concurrency: float) -> int:
    """Return the contacts that agents handle at the same time, each of them so many: floor(N * k), exact in decimals
    (DOMAIN 1.4)."""
    not_negative(agents=agents)
    _at_least_one(concurrency)
    return math.floor(exact(agents) * exact(concurrency))


def agents_for_slots(*, slots: int, concurrency: float) -> int:
    """Return the fewest agents who have so many slots."""
    _at_least_one(concurrency)
    return math.ceil(slots / exact(concurrency))


def _at_least_one(concurrency: float) -> None:
    if not 1 <= concurrency < math.inf:
        raise ValueError(
            f"concurrency is the number of contacts an agent handles at a time, 1 or more, not {concurrency}"
        )


def occupancy(*, handle_seconds: float, available_seconds: float, concurrency: float = 1.0) -> float | None:
    """Handling (talk, hold, after-call work) as a share of the time ready for it; None with nobody ready (COPC).

    Where an agent handles `concurrency` contacts at a time, their handling times overlap, and her own time is a k-th
    of them at least: the occupancy is then a lower bound (DOMAIN 1.4).
    """
    handling = handle_seconds / concurrency
    ready = handling + available_seconds
    return handling / ready if ready else None


def utilization(
    *, handle_seconds: float, other_productive_seconds: float, paid_seconds: float, concurrency: float = 1.0
) -> float | None:
    """Handling and other productive work as a share of paid time; None where nobody was paid (COPC).

    With `concurrency` a lower bound, as occupancy is: contacts that overlap do not make it exceed 1.
    """
    productive = handle_seconds / concurrency + other_productive_seconds
    return productive / paid_seconds if paid_seconds else None


def occupancy_status(occupancy: float | None) -> OccupancyStatus | None:
    if occupancy is None:
        return None
    if occupancy < OCCUPANCY_TARGET_MIN:
        return "low"
    if occupancy <= OCCUPANCY_TARGET_MAX:
        return "ok"
    return "high" if occupancy <= OCCUPANCY_CRITICAL else "critical"


@dataclass(frozen=True, slots=True)
class HeadcountGap:
    """`gap` is available minus required (negative is short); `share` is gap / required, None if none are required."""

    gap: int
    shortfall: int
    share: float | None
    status: GapStatus | None


def headcount_gap(*, required: int, available: int, volume_known: bool = True) -> HeadcountGap:
    """Net staffing with a dead-band of max(1 head, 5 % of required). `volume_known` is false where nobody is required
    only because no volume was forecast: too many are then not said to be there."""
    gap = available - required
    return HeadcountGap(
        gap=gap,
        shortfall=max(0, -gap),
        share=gap / required if required else None,
        status=_gap_status(required, available) if required or volume_known else None,
    )


def _gap_status(required: int, available: int) -> GapStatus:
    gap = available - required
    if required and not available:  # one head short is within the band, but not if it is the only one
        return "critical_understaffed"
    if abs(gap) <= 1 or abs(gap) <= exact(BALANCED_SHARE) * required:
        return "balanced"
    if gap > 0:
        return "overstaffed"
    return "critical_understaffed" if gap <= exact(CRITICAL_SHARE) * required else "understaffed"
