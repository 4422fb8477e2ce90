"""Implicit steps through the equations of many birth-death chains at a time: a tridiagonal matrix each, factored once.

Arrays have a row for each state and a column for each chain. Each sum runs from the first state to the last, so that a
chain's answer is the same to the last bit, whichever others stand beside it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WEIGHT = 0.55
"""The weight of the new value in a step: 0.5 is the most exact; above it oscillations are damped."""


class Rates(NamedTuple):
    """Transitions a second from each state to the next and to the previous one."""

    up: Array
    down: Array


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
    """M = 1 - WEIGHT*dt*G, with each chain's generator G, as the product of a lower and an upper triangle.

    `dt` has a length for each chain; the pattern of damped steps is theirs in common.
    """

    dt: Array
    damped: tuple[bool, ...]
    inverse: Array
    upper: Array
    lower: Array
    """Times the inverse of its own state, as the equations of the futures need it."""
    lower_next: Array
    """The one of the next state, times the inverse of this one, as those of the probabilities need it."""

    @classmethod
    def of(cls, rates: Rates, dt: Array, damped: tuple[bool, ...]) -> "Solver":
        a = WEIGHT * dt
        both, step = rates.up + rates.down, a * rates.up
        inverse, upper = np.empty_like(both), np.empty_like(both)
        before = np.zeros_like(a)
        for sums, down, up, over, kept in zip(both, rates.down, step, inverse, upper, strict=True):
            np.multiply(down, before, out=over)
            np.subtract(sums, over, out=over)
            np.multiply(a, over, out=over)
            np.add(1, over, out=over)
            np.divide(1, over, out=over)
            before = np.multiply(up, over, out=kept)
        lower, lower_next = a * rates.down, np.zeros_like(inverse)
        np.multiply(inverse[:-1], lower[1:], out=lower_next[:-1])
        return cls(dt, damped, inverse, upper, lower * inverse, lower_next)

    def futures(self, earnings: Array) -> list[Array]:
        """Return what is earned from within each step until the end, on average, from each state: the last step
        first. `earnings` are a second's in each state."""
        gain = WEIGHT * self.dt * earnings
        value, found = np.zeros_like(gain), []
        for damped in reversed(self.damped):
            within = self._before(value + gain)
            found.append(within)
            value = within if damped else _whole(within, value)
        return found

    def visits(self, states: Array) -> tuple[list[Array], Array]:
        """Return the seconds spent in each state in each step, and the probabilities of the states after the last."""
        found = []
        for damped in self.damped:
            within = self._after(states)
            found.append((WEIGHT * self.dt if damped else self.dt) * within)
            states = within if damped else _whole(within, states)
        return found, states

    def _after(self, states: Array) -> Array:
        """Return the solution of M transposed: probabilities move forward in time."""
        solved = np.empty_like(states)
        part = np.zeros_like(self.dt)
        for x, up, found in zip(states, self.upper, solved, strict=True):
            np.add(x, part, out=found)
            np.multiply(found, up, out=part)
        solved *= self.inverse
        after = np.zeros_like(self.dt)
        for found, down in zip(solved[::-1], self.lower_next[::-1], strict=True):
            np.multiply(after, down, out=part)
            after = np.add(found, part, out=found)
        return solved

    def _before(self, right: Array) -> Array:
        """Return the solution of M: expected values move backward in time. `right` is used up."""
        right *= self.inverse
        before, part = np.zeros_like(self.dt), np.empty_like(self.dt)
        for x, down in zip(right, self.lower, strict=True):
            np.multiply(before, down, out=part)
            before = np.add(x, part, out=x)
        after = np.zeros_like(self.dt)
        for x, up in zip(right[::-1], self.upper[::-1], strict=True):
            np.multiply(up, after, out=part)
            after = np.add(x, part, out=x)
        return right


def _whole(within: Array, before: Array) -> Array:
    """Return the value at the end of a step from the weighted one within it and the one before it."""
    return (within - (1 - WEIGHT) * before) / WEIGHT
