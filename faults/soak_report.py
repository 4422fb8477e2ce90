"""The table of a soak: what grew by how much an hour, and whether it may."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from statistics import median
from typing import Any

Line = dict[str, Any]
Series = list[tuple[float, float]]
"""(hours, value)"""
WARM_UP = 1 / 4  # of the run: caches, pools and imports fill
FLAT = {
    "memory": lambda level: max(8.0, 0.05 * level),
    "files": lambda level: max(2.0, 0.1 * level),
    "connections": lambda _: 1.0,
}
"""Growth an hour that is no leak: megabytes, files, connections."""
UNJUDGED = 120.0  # seconds at most


def report(lines: list[Line]) -> tuple[str, bool]:
    """Return the table, and whether all is flat, explained, and nothing was lost."""
    samples = [line for line in lines if "second" in line]
    settled = [line for line in samples if line["second"] >= samples[-1]["second"] * WARM_UP]
    text, sound = [], True
    kept = next(line["kept"] for line in lines if "kept" in line)
    for rows, good in (processes(settled), tables(settled, kept)):
        text += [*rows, ""]
        sound = sound and good
    rows, good = losses(lines)
    verdict = "flat" if sound and good else "NOT FLAT"
    return "\n".join([*text, *rows, f"verdict: {verdict}"]), sound and good


def slope(series: Series) -> float:
    """Growth an hour: the median of the slopes between all pairs (Theil-Sen), which a few odd samples do not move."""
    slopes = [
        (later - value) / (end - begin) for (begin, value), (end, later) in combinations(series, 2) if end > begin
    ]
    return median(slopes) if slopes else 0.0


def series(samples: Iterable[Line], value: Callable[[Line], float]) -> Series:
    return [(line["second"] / 3600, value(line)) for line in samples]


def processes(samples: list[Line]) -> tuple[list[str], bool]:
    rows = [f"{'process':12} {'measure':12} {'median':>8} {'an hour':>9} {'allowed':>8}  verdict"]
    sound = True
    for name in samples[-1]["processes"]:
        for measure, allowed_at in FLAT.items():
            values = series(samples, lambda line, name=name, measure=measure: line["processes"][name][measure])
            level = median(value for _, value in values)
            growth, allowed = slope(values), allowed_at(level)
            sound = sound and growth <= allowed
            word = "flat" if growth <= allowed else "GROWS"
            rows.append(f"{name:12} {measure:12} {level:8.1f} {growth:+9.1f} {allowed:8.1f}  {word}")
    return rows, sound


def tables(samples: list[Line], kept: dict[str, str]) -> tuple[list[str], bool]:
    rows, sound = [f"{'table':34} {'rows':>8} {'an hour':>9} {'MB':>7} {'MB an hour':>10}  why"], True
    for name, last in sorted(samples[-1]["tables"].items()):
        growth = slope(series(samples, lambda line, name=name: line["tables"].get(name, {"rows": 0})["rows"]))
        size = slope(series(samples, lambda line, name=name: line["tables"].get(name, {"bytes": 0})["bytes"])) / 2**20
        if not growth and abs(size) < 1:
            continue
        why = kept.get(name, "UNEXPLAINED" if growth > 0 else "shrinks")
        sound = sound and why != "UNEXPLAINED"
        rows.append(f"{name:34} {last['rows']:8} {growth:+9.0f} {last['bytes'] / 2**20:7.1f} {size:+10.1f}  {why}")
    return rows, sound


def losses(lines: list[Line]) -> tuple[list[str], bool]:
    return list(_losses(lines)), _lost_nothing(lines)


def _losses(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if account := line.get("account"):
            names = ("posted", "acknowledged", "stored", "delivered", "lost", "doubled")
            yield ", ".join(f"{account[name]} {name}" for name in names)
            yield f"longest time without a judgement of a tenant: {line['unjudged']:.0f} s"
            yield from account["findings"][:10]


def _lost_nothing(lines: list[Line]) -> bool:
    ends = [line for line in lines if "account" in line]
    return bool(ends) and all(
        not end["account"]["lost"] and not end["account"]["doubled"] and end["unjudged"] <= UNJUDGED for end in ends
    )
