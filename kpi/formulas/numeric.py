"""Decimal figures taken at their word, and the regularized incomplete beta function."""

import math
from decimal import Decimal
from fractions import Fraction

BETA_TERMS = 10_000
BETA_PRECISION = 1e-15
TINY = 1e-300
POISSON_SUMMED = 600.0
ROUNDING = 1e-9
LEAST_CONCENTRATION = 1e-3


def exact(value: float) -> Fraction:
    """The decimal a float is written as: 0.3 is 3/10, so that 21/(1 - 0.3) is 30 and not 30.000000000000004.

    ValueError for NaN and infinities.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number to count with")
    return Fraction(value if isinstance(value, int) else Decimal(repr(float(value))))


def share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is a share of 0 to 1, not {value}")
    return value


def not_negative(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is a finite number from 0 up, not {value}")


def positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is a finite number above 0, not {value}")


def normal_cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def poisson_cdf(count: int, mean: float) -> float:
    """P(X <= count) for X ~ Poisson(mean): a sum of its terms, above a mean of 600 by Wilson and Hilferty (to 1e-5)."""
    if mean <= POISSON_SUMMED:
        term = total = math.exp(-mean)
        for k in range(1, count + 1):
            term *= mean / k
            total += term
        return min(1.0, total)
    ninth = 1 / (9 * (count + 1))
    return normal_cdf((1 - ninth - math.cbrt(mean / (count + 1))) / math.sqrt(ninth))


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(X <= x) for X ~ Beta(a, b), a and b > 0: the regularized incomplete beta function I_x(a, b).

    Continued fraction of DLMF 8.17.22 by the modified Lentz method, taken from the side on which it converges fast.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    if x <= (a + 1) / (a + b + 2):
        return min(1.0, front * _beta_fraction(x, a, b) / a)
    return max(0.0, 1 - front * _beta_fraction(1 - x, b, a) / b)


def share_below(limit: float, mean: float, variance: float) -> float:
    """P(share < limit) of a share that is Beta distributed with this mean and variance; without variance, or with a
    mean of 0 or 1, it is the mean."""
    spread = mean * (1 - mean)
    if limit <= 0:
        return 0.0
    if spread <= ROUNDING or variance <= ROUNDING * spread:
        return float(mean < limit - ROUNDING)
    concentration = max(LEAST_CONCENTRATION, spread / variance - 1)
    return beta_cdf(limit, mean * concentration, (1 - mean) * concentration)


def nearly_beta_cdf(x: float, a: float, b: float) -> float:
    """I_x(a, b) by Camp and Paulson (Abramowitz and Stegun 26.5.22): to 0.01, where a and b are large to 0.001."""
    below, above = math.cbrt(b * x), math.cbrt(a * (1 - x))
    spread = math.sqrt(below * below / b + above * above / a)
    return normal_cdf(3 * (below * (1 - 1 / (9 * b)) - above * (1 - 1 / (9 * a))) / spread) if spread else 1.0


def _beta_fraction(x: float, a: float, b: float) -> float:
    ratio, denominator = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, BETA_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            denominator = 1 / _off_zero(1 + term * denominator)
            ratio = _off_zero(1 + term / ratio)
            value *= denominator * ratio
        if abs(denominator * ratio - 1) < BETA_PRECISION:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
