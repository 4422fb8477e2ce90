"""The end of a caller's wait, and its worth for the service level (DOMAIN 1.9)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from kpi.formulas.numeric import beta_cdf, nearly_beta_cdf, poisson_cdf
from kpi.formulas.service import AbandonPolicy

SUMMED = 600.0
"""Departures within the target up to which probabilities are summed term by term; above, they are nearly normal."""
FAR = 6.0
"""Standard deviations beyond which a caller is not reached in time."""
ALL = 1 - 1e-10
"""A sum of probabilities that is complete, rounding apart."""
GROUPS = 64
"""The size of a group of callers in a long queue that share one probability."""


class Worth(NamedTuple):
    """Moments of one caller or of several: expected reward, its expected square or variance, judged contacts."""

    mean: float
    square: float
    judged: float


@dataclass(frozen=True, slots=True)
class Goal:
    """The count: a contact in target earns 1 - S, a missed one -S, so that S is met where the sum is not below
    0."""

    service_level: float
    seconds: float
    policy: AbandonPolicy

    def worth(self, hit: float, miss: float) -> Worth:
        """Return what a caller is worth who is in target or missed with these probabilities, else abandons early."""
        won, lost, gone = 1 - self.service_level, -self.service_level, max(0.0, 1 - hit - miss)
        if self.policy == "ignore":
            return Worth(hit * won + miss * lost, hit * won * won + miss * lost * lost, 1 - gone)
        hit, miss = (hit, miss + gone) if self.policy == "negative" else (hit + gone, miss)
        return Worth(hit * won + miss * lost, hit * won * won + miss * lost * lost, 1.0)


@dataclass(frozen=True, slots=True)
class Server:
    """`completion`: answers a second with all agents busy; `abandon`: abandonments a second of one waiting caller.

    With q callers ahead and T seconds to the target, P(miss) = PoissonCDF(q; cT) without patience. With patience
    a = c/theta and y = e^(-theta T): P(hit) = a/(a+q+1) * (1 - I_y(a+1, q+1)), P(miss) = y * I_y(a, q+1).
    """

    completion: float
    abandon: float

    def ending(self, ahead: int, seconds: float) -> tuple[float, float]:
        """Return P(hit) and P(miss) of one caller."""
        if not self.abandon:
            reached = self.completion * seconds
            far = ahead > reached + FAR * math.sqrt(reached) + FAR
            miss = 1.0 if far else poisson_cdf(ahead, reached)
            return 1 - miss, miss
        stays, a = math.exp(-self.abandon * seconds), self.completion / self.abandon
        if not a:
            return 0.0, stays
        return a / (a + ahead + 1) * (1 - beta_cdf(stays, a + 1, ahead + 1)), stays * beta_cdf(stays, a, ahead + 1)

    def endings(self, ahead: range, seconds: float) -> list[tuple[float, float]]:
        """Return P(hit) and P(miss) for each number of callers ahead, from 0 on."""
        if not self.abandon:
            return [(1 - miss, miss) for miss in _poisson_cdfs(ahead, self.completion * seconds)]
        stays, a = math.exp(-self.abandon * seconds), self.completion / self.abandon
        if not a:
            return [(0.0, stays) for _ in ahead]
        late, later = _beta_cdfs(ahead, a, stays), _beta_cdfs(ahead, a + 1, stays)
        served = self.served(ahead)
        return [(part * (1 - past), stays * miss) for part, miss, past in zip(served, late, later, strict=True)]

    def served(self, ahead: range) -> list[float]:
        """Return the probability of being answered at all."""
        c, theta = self.completion, self.abandon
        return [c / (c + (q + 1) * theta) if c else 0.0 for q in ahead]

    def waits(self, ahead: range) -> list[float]:
        """Return the mean wait of those who are answered: (q+1)/c, with patience the sum of 1/(c + j*theta) over the
        departures 1 to q+1, here as an integral."""
        c, theta = self.completion, self.abandon
        if not theta:
            return [(q + 1) / c for q in ahead]
        return [math.log1p((q + 1) * theta / (c + theta / 2)) / theta for q in ahead]

    def standing(self, waiting: int, past_target: int, arrival: float, goal: Goal) -> Worth:
        """Return mean, variance and judged number of the waiting callers who may still be in target.

        The i-th from the tail has waited (i - 0.5) / arrival, or less where they came faster than that.
        """
        mean = variance = judged = 0.0
        hopeful = waiting - past_target
        size = math.ceil(hopeful / GROUPS) or 1
        for first in range(0, hopeful, size):
            callers = min(size, hopeful - first)
            place = first + callers / 2
            age = place * min(1 / arrival if arrival else math.inf, goal.seconds / hopeful)
            one = goal.worth(*self.ending(math.floor(waiting - place), goal.seconds - age))
            mean += callers * one.mean
            variance += callers * (one.square - one.mean * one.mean)
            judged += callers * one.judged
        return Worth(mean, variance, judged)


def _poisson_cdfs(ahead: range, reached: float) -> list[float]:
    if reached > SUMMED:
        return [poisson_cdf(q, reached) for q in ahead]
    return _sums(ahead, reached, 0.0, reached)


def _beta_cdfs(ahead: range, a: float, stays: float) -> list[float]:
    """Return I_y(a, q+1) for each q: the distribution of a negative binomial number of departures."""
    reached = -a * math.log(stays) if stays else math.inf
    if reached > SUMMED:
        return [nearly_beta_cdf(stays, a, q + 1) for q in ahead]
    return _sums(ahead, reached, 1 - stays, a * (1 - stays))


def _sums(ahead: range, reached: float, ratio: float, constant: float) -> list[float]:
    """Return sums of the terms 0 to q: the first is e^-reached, t(k+1) = t(k) * (constant + ratio * k) / (k + 1)."""
    term = total = math.exp(-reached)
    sums, k = [total], 0
    while k + 1 < ahead.stop and total < ALL:
        term *= (constant + ratio * k) / (k + 1)
        total += term
        k += 1
        sums.append(total)
    known = [min(1.0, total) for total in sums[:: ahead.step]]
    return known + [1.0] * (len(ahead) - len(known))
