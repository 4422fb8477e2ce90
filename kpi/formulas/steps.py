"""Implicit steps through the equations of a birth-death chain: a tridiagonal matrix, factored once."""

from dataclasses import dataclass
from operator import add
from typing import NamedTuple

WEIGHT = 0.55
"""The weight of the new value in a step: 0.5 is the most exact; above it oscillations are damped."""


class Rates(NamedTuple):
    """Transitions a second from each state to the next and to the previous one."""

    up: list[float]
    down: list[float]


class Steps(NamedTuple):
    """Steps of `dt` seconds, after wholly implicit and shorter ones where they are `damped`."""

    dt: float
    damped: tuple[bool, ...]

    @classmethod
    def over(cls, seconds: float, aht_seconds: float, drained: float) -> "Steps":
        """Cut the time into steps. A queue that is `drained` within the first step would oscillate in all of them."""
        count = 5 if seconds < 2 * aht_seconds else 6 if seconds < 6 * aht_seconds else 7
        if drained > seconds / count:
            return cls(seconds / count, (False,) * count)
        return cls(seconds / (count + 2 * WEIGHT), (True, True) + (False,) * count)


@dataclass(frozen=True, slots=True)
class Solver:
    """M = 1 - WEIGHT*dt*G, with the chain's generator G, as the product of a lower and an upper triangle."""

    steps: Steps
    inverse: list[float]
    lower: list[float]
    upper: list[float]

    @classmethod
    def of(cls, rates: Rates, steps: Steps) -> "Solver":
        a, before = WEIGHT * steps.dt, 0.0
        inverse, lower, upper = [], [], []
        for up, down in zip(*rates, strict=True):
            over = 1 / (1 + a * (up + down - down * before))
            before = a * up * over
            inverse.append(over)
            lower.append(a * down)
            upper.append(before)
        return cls(steps, inverse, lower, upper)

    def futures(self, earnings: list[float]) -> list[list[float]]:
        """Return what is earned from within each step until the end, on average, from each state: the last step
        first. `earnings` are a second's in each state."""
        gain = [WEIGHT * self.steps.dt * rate for rate in earnings]
        value, found = [0.0] * len(gain), []
        for damped in reversed(self.steps.damped):
            within = self._before(list(map(add, value, gain)))
            found.append(within)
            value = within if damped else _whole(within, value)
        return found

    def visits(self, states: list[float]) -> tuple[list[list[float]], list[float]]:
        """Return the seconds spent in each state in each step, and the probabilities of the states after the last."""
        found, length = [], self.steps.dt
        for damped in self.steps.damped:
            within = self._after(states)
            part = WEIGHT * length if damped else length
            found.append([part * share for share in within])
            states = within if damped else _whole(within, states)
        return found, states

    def _after(self, states: list[float]) -> list[float]:
        """Return the solution of M transposed: probabilities move forward in time."""
        value, found = 0.0, []
        for x, up in zip(states, self.upper, strict=True):
            found.append(value := x + value)
            value *= up
        value, solved = 0.0, []
        for x, over, down in zip(reversed(found), reversed(self.inverse), reversed(self.lower), strict=True):
            value = (x + value) * over
            solved.append(value)
            value *= down
        solved.reverse()
        return solved

    def _before(self, right: list[float]) -> list[float]:
        """Return the solution of M: expected values move backward in time."""
        value, found = 0.0, []
        for x, over, down in zip(right, self.inverse, self.lower, strict=True):
            found.append(value := (x + value * down) * over)
        value, solved = 0.0, []
        for x, up in zip(reversed(found), reversed(self.upper), strict=True):
            solved.append(value := x + up * value)
        solved.reverse()
        return solved


def _whole(within: list[float], before: list[float]) -> list[float]:
    """Return the value at the end of a step from the weighted one within it and the one before it."""
    return [(x - (1 - WEIGHT) * y) / WEIGHT for x, y in zip(within, before, strict=True)]
