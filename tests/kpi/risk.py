"""The chance of missing the target, worked out for a test."""

import math

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import betainc
from scipy.stats import nbinom, poisson


def worked_out(
    *, seconds: float, arrival: float, agents: int, waiting: int, patience: float | None, policy: str
) -> tuple[float, float, float]:
    """Mean, variance and judged contacts of the rest by the backward equations of DOMAIN 1.9, dense, by a solver of
    SciPy with its distributions, for AHT 180, S = .8 and T = 20."""
    n = np.arange(agents + waiting + 100)
    queue, theta, served = np.maximum(n - agents, 0), 1 / patience if patience else 0.0, agents / 180
    up, down = np.full(len(n), arrival), np.minimum(n, agents) / 180 + queue * theta
    up[-1] = 0
    if patience:
        a, y = served / theta, math.exp(-theta * 20)
        hit, miss = a / (a + queue + 1) * nbinom.sf(queue, a + 1, y), y * betainc(a, queue + 1, y)
    else:
        miss = poisson.cdf(queue, served * 20)
        hit = 1 - miss
    hit, miss = np.where(n < agents, 1, hit), np.where(n < agents, 0, miss)
    early = {"ignore": 0.0, "negative": -0.8, "positive": 0.2}[policy]
    z = hit * 0.2 - miss * 0.8 + (1 - hit - miss) * early
    square = hit * 0.04 + miss * 0.64 + (1 - hit - miss) * early**2
    judged = hit + miss if policy == "ignore" else np.ones(len(n))

    def backward(_: float, y: np.ndarray) -> np.ndarray:
        u, w, j = y.reshape(3, -1)
        after = np.append(u[1:], u[-1])
        moved = [up * (np.append(v[1:], v[-1]) - v) + down * (np.append(v[0], v[:-1]) - v) for v in (u, w, j)]
        return np.concatenate(
            [arrival * z + moved[0], arrival * (square + 2 * z * after) + moved[1], arrival * judged + moved[2]]
        )

    end = solve_ivp(backward, (0, seconds), np.zeros(3 * len(n)), method="RK45", rtol=1e-7, atol=1e-9).y[:, -1]
    u, w, j = end.reshape(3, -1)
    start = np.zeros(len(n))
    if waiting:
        start[agents + waiting] = 1
    else:
        start[: agents + 1] = poisson.pmf(n[: agents + 1], arrival * 180)
    start /= start.sum()
    mean = start @ u
    return mean, start @ w - mean**2, start @ j
