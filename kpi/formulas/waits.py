"""How the wait of a caller ends: in target, missed, or with an early abandonment (DOMAIN 1.9)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from kpi.formulas.numeric import beta_cdf, nearly_beta_cdf, poisson_cdf

SUMMED = 600.0
"""Departures within the target up to which probabilities are summed term by term; above, their number is normal."""
FAR = 6.0
"""Standard deviations beyond which a caller is not reached in time."""

ALL = 1 - 1e-10
"""A sum of probabilities that is complete, rounding apart."""


class Ending(NamedTuple):
    """Probabilities of being answered in target and of being missed; the others abandon within the target."""

    hit: float
    miss: float


@dataclass(frozen=True, slots=True)
class Server:
    """`completion`: answers a second with all agents busy; `abandon`: abandonments a second of one waiting caller."""

    completion: float
    abandon: float

    def ending(self, ahead: int, seconds: float) -> Ending:
        """Return how the wait of a caller ends who has so many callers ahead and so many seconds left to the target.

        Without patience P(miss) = PoissonCDF(q; cT). With patience a = c/theta and y = e^(-theta T):
        P(hit) = a/(a+q+1) * (1 - I_y(a+1, q+1)), P(miss) = y * I_y(a, q+1).
        """
        reached = self.completion * seconds
        if not self.abandon:
            far = ahead > reached + FAR * math.sqrt(reached) + FAR
            miss = 1.0 if far else poisson_cdf(ahead, reached)
            return Ending(1 - miss, miss)
        stays, a = math.exp(-self.abandon * seconds), self.completion / self.abandon
        miss = stays * beta_cdf(stays, a, ahead + 1) if a else stays
        return Ending(a / (a + ahead + 1) * (1 - beta_cdf(stays, a + 1, ahead + 1)), miss)

    def endings(self, count: int, step: int, seconds: float) -> list[Ending]:
        """Return `count` endings: with 0, `step`, 2 * `step`, … callers ahead."""
        ahead, reached = range(0, count * step, step), self.completion * seconds
        if not self.abandon:
            late = (
                _sums(reached, 0.0, reached, ahead) if reached <= SUMMED else [poisson_cdf(q, reached) for q in ahead]
            )
            return [Ending(1 - miss, miss) for miss in late]
        stays, a = math.exp(-self.abandon * seconds), self.completion / self.abandon
        late, later = _not_reached(ahead, a, stays), _not_reached(ahead, a + 1, stays)
        served = self.served(count, step)
        return [Ending(part * (1 - past), stays * miss) for part, miss, past in zip(served, late, later, strict=True)]

    def served(self, count: int, step: int) -> list[float]:
        """Return the probability of being answered at all, with 0, `step`, … callers ahead."""
        c, theta = self.completion, self.abandon
        return [c / (c + (q + 1) * theta) if c else 0.0 for q in range(0, count * step, step)]

    def waits(self, count: int, step: int) -> list[float]:
        """Return the mean wait of those who are answered: with patience the sum of 1 / (c + j*theta) over the
        departures 1 to q + 1, as an integral."""
        c, theta = self.completion, self.abandon
        if not theta:
            return [(q + 1) / c for q in range(0, count * step, step)]
        return [math.log1p((q + 1) * theta / (c + theta / 2)) / theta for q in range(0, count * step, step)]


def _not_reached(ahead: range, a: float, stays: float) -> list[float]:
    """Return I_y(a, q+1) for each q: the distribution of a negative binomial number of departures."""
    reached = -a * math.log(stays) if stays else math.inf
    if reached <= SUMMED:
        return _sums(reached, 1 - stays, a * (1 - stays), ahead)
    return [nearly_beta_cdf(stays, a, q + 1) for q in ahead]


def _sums(reached: float, ratio: float, constant: float, ahead: range) -> list[float]:
    """Return the sums of the terms 0 to q, of which the first is e^-reached and t(k+1) = t(k) * (constant + ratio * k)
    / (k + 1)."""
    term = total = math.exp(-reached)
    sums, k = [total], 0
    while len(sums) < ahead.stop and total < ALL:
        term *= (constant + ratio * k) / (k + 1)
        total += term
        k += 1
        sums.append(total)
    known = [min(1.0, total) for total in sums[:: ahead.step]]
    return known + [1.0] * (len(ahead) - len(known))
