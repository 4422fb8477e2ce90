"""The calibration of the SLA risk: scores and reliability of predictions for states whose end is known.

`python -m bench.risk states.csv.gz docs/risk-reliability.svg` prints the scores and draws the reliability. The states
have the columns interval_seconds, target_seconds, target_service_level, forecast_calls, aht_seconds, agents,
patience_seconds, elapsed_seconds, offered, answered, in_target, abandoned, abandoned_in_target, waiting,
waiting_past_target, missed (0 or 1), and oracle (the risk by simulation, where it is known).
"""

import csv
import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kpi import formulas

TENTHS = 10


class State(NamedTuple):
    """A queue at a moment of an interval, by the `ignore` policy, and whether the interval ended below its target."""

    interval_seconds: float
    target_seconds: float
    target_service_level: float
    forecast_calls: float
    aht_seconds: float
    agents: int
    patience_seconds: float | None
    elapsed_seconds: float
    offered: int
    judged: int
    in_target: int
    waiting: int
    waiting_past_target: int
    missed: bool
    oracle: float | None

    @property
    def third(self) -> int:
        return min(2, int(3 * self.elapsed_seconds / self.interval_seconds))

    @property
    def overloaded(self) -> bool:
        return self.forecast_calls * self.aht_seconds >= self.agents * self.interval_seconds


class Prediction(NamedTuple):
    state: State
    risk: float


class Score(NamedTuple):
    """Brier score of a group of states; `oracle` is that of the simulated risk, where every state has one."""

    name: str
    states: int
    brier: float
    oracle: float | None = None


class Tenth(NamedTuple):
    """States whose risk lies in a tenth of 0-1: mean predicted risk, and the share that missed."""

    states: int
    predicted: float
    observed: float

    @property
    def standard_error(self) -> float:
        return (self.observed * (1 - self.observed) / self.states) ** 0.5


def read(path: Path) -> Iterator[State]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for row in csv.DictReader(lines):
            counts = {
                name: int(float(row[name])) for name in ("offered", "in_target", "waiting", "waiting_past_target")
            }
            yield State(
                **{name: float(row[name]) for name in State._fields[:5]},
                agents=int(row["agents"]),
                patience_seconds=float(row["patience_seconds"]) if row["patience_seconds"] else None,
                elapsed_seconds=float(row["elapsed_seconds"]),
                judged=int(row["answered"]) + int(row["abandoned"]) - int(row["abandoned_in_target"]),
                missed=row["missed"] == "1",
                oracle=float(row["oracle"]) if row["oracle"] else None,
                **counts,
            )


def predictions(states: Iterable[State]) -> list[Prediction]:
    """Predict each state. One of which nothing can be told (nothing decided, nobody to come) is left out."""
    found = (
        (state, formulas.sla_risk(**{name: getattr(state, name) for name in State._fields[:13]})) for state in states
    )
    return [Prediction(state, risk.risk) for state, risk in found if risk.risk is not None]


def brier(of: Sequence[Prediction]) -> float:
    return sum((risk - state.missed) ** 2 for state, risk in of) / len(of)


def scores(of: Sequence[Prediction]) -> list[Score]:
    """Score all states, then those by third of the interval with and without patience, overload, and the oracle's."""
    groups = {"all": of}
    for patience in (False, True):
        for third in range(3):
            name = f"third {third + 1}, {'with' if patience else 'without'} patience"
            groups[name] = [p for p in of if (p.state.patience_seconds is not None, p.state.third) == (patience, third)]
    groups["overload"] = [p for p in of if p.state.overloaded]
    found = [Score(name, len(group), brier(group)) for name, group in groups.items() if group]
    known = [p for p in of if p.state.oracle is not None]
    if known:
        oracle = brier([Prediction(state, state.oracle or 0.0) for state, _ in known])
        found.append(Score("oracle known", len(known), brier(known), oracle))
    return found


def tenths(of: Sequence[Prediction]) -> list[Tenth]:
    groups: list[list[Prediction]] = [[] for _ in range(TENTHS)]
    for prediction in of:
        groups[min(TENTHS - 1, int(prediction.risk * TENTHS))].append(prediction)
    return [
        Tenth(len(group), sum(p.risk for p in group) / len(group), sum(p.state.missed for p in group) / len(group))
        for group in groups
        if group
    ]


def table(of: Sequence[Prediction]) -> list[str]:
    """Return the lines of both tables."""
    lines = [f"{'group':<28}{'states':>8}{'Brier':>9}"]
    for score in scores(of):
        known = "" if score.oracle is None else f"  oracle {score.oracle:.4f}, {score.brier / score.oracle:.3f} x"
        lines.append(f"{score.name:<28}{score.states:>8}{score.brier:>9.4f}{known}")
    lines.append(f"{'predicted risk, in tenths':<28}{'states':>8}{'missed':>9}{'off by':>9}")
    for tenth in tenths(of):
        off = tenth.observed - tenth.predicted
        lines.append(f"{tenth.predicted:<28.3f}{tenth.states:>8}{tenth.observed:>9.3f}{off:>+9.3f}")
    return lines


SIDE, MARGIN = 360, 48
INK, LINE, PAPER = "#1f2933", "#2563a8", "#ffffff"


def drawing(of: Sequence[Prediction]) -> str:
    """Return the reliability as SVG: the share that missed over the predicted risk, with two standard errors."""
    size = SIDE + 2 * MARGIN
    marks = [_mark(tenth) for tenth in tenths(of)]
    ticks = [_tick(part / 5) for part in range(6)]
    middle = MARGIN + SIDE / 2
    title = f"SLA risk of {len(of):,} states, Brier {brier(of):.4f}"
    upright = f'transform="translate(14 {middle}) rotate(-90)"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size}" height="{size}"'
            f' font-family="sans-serif" font-size="12" fill="{INK}">',
            "<title>SLA risk: predicted and observed</title>",
            f'<rect width="{size}" height="{size}" fill="{PAPER}"/>',
            f'<path d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}" fill="none" stroke="{INK}"/>',
            f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="{INK}" stroke-dasharray="4 4" opacity="0.5"/>',
            *ticks,
            *marks,
            f'<text x="{middle}" y="20" text-anchor="middle">{title}</text>',
            f'<text x="{middle}" y="{size - 8}" text-anchor="middle">predicted risk (mean of each tenth)</text>',
            f'<text {upright} text-anchor="middle">share that missed its target</text>',
            "</svg>",
            "",
        ]
    )


def _x(share: float) -> float:
    return round(MARGIN + share * SIDE, 1)


def _y(share: float) -> float:
    return round(MARGIN + (1 - share) * SIDE, 1)


def _tick(share: float) -> str:
    text = f"{100 * share:.0f} %"
    return (
        f'<text x="{_x(share)}" y="{_y(0) + 16}" text-anchor="middle">{text}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(share) + 4}" text-anchor="end">{text}</text>'
    )


def _mark(tenth: Tenth) -> str:
    x, error = _x(tenth.predicted), 2 * tenth.standard_error
    low, high = _y(max(0.0, tenth.observed - error)), _y(min(1.0, tenth.observed + error))
    return (
        f'<path d="M{x} {low}V{high}" stroke="{LINE}" stroke-width="2"/>'
        f'<circle cx="{x}" cy="{_y(tenth.observed)}" r="4" fill="{LINE}">'
        f"<title>{tenth.states} states: predicted {tenth.predicted:.3f}, missed {tenth.observed:.3f}</title></circle>"
    )


def main() -> None:
    source, *target = (Path(argument) for argument in sys.argv[1:])
    found = predictions(read(source))
    print("\n".join(table(found)))
    for path in target:
        path.write_text(drawing(found))


if __name__ == "__main__":
    main()
