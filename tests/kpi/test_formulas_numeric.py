"""Distribution functions against those of SciPy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, poisson

from kpi.formulas.numeric import beta_cdf, nearly_beta_cdf, poisson_cdf


@given(st.integers(0, 3_000), st.floats(0, 3_000))
def test_the_poisson_distribution_agrees_with_scipy(count: int, mean: float) -> None:
    assert poisson_cdf(count, mean) == pytest.approx(poisson.cdf(count, mean), abs=1e-4)


@given(st.floats(0.05, 1), st.floats(100, 1e4), st.integers(1, 10_000))
def test_the_quick_incomplete_beta_is_near_that_of_scipy(x: float, a: float, b: int) -> None:
    """A normal approximation, for queues of more than a hundred: two hundredths of a probability at most."""
    assert nearly_beta_cdf(x, a, b) == pytest.approx(beta.cdf(x, a, b), abs=2e-2)


@given(st.floats(0, 1, allow_subnormal=False), st.floats(1e-3, 1e4), st.floats(1e-3, 1e4))
def test_the_incomplete_beta_agrees_with_scipy(x: float, a: float, b: float) -> None:
    """To a hundredth of what a risk score shows: lgamma cancels where one parameter is huge and the other tiny."""
    assert beta_cdf(x, a, b) == pytest.approx(beta.cdf(x, a, b), rel=1e-8, abs=1e-6)
