"""Rows about the KPI run: everything of one organization, as beat starts it every minute, on PostgreSQL."""

from bench.report import Report, Row
from bench.services import inside

MAX_SECONDS = 3.0
MAX_GROWTH = 11.0


def measure(report: Report, env: dict[str, str], *, sizes: tuple[int, ...]) -> None:
    found = inside("bench.kpis", env, *map(str, sizes))
    smallest, *_ = sizes
    base, statements = found[str(smallest)]
    for size in sizes:
        seconds, count = found[str(size)]
        growth, times = seconds / base, size / smallest
        bar = f"<= {MAX_SECONDS:.0f} s" if size == 1_000 else f"<= {MAX_GROWTH * times / 10:.0f} x" if times > 1 else ""
        met = seconds <= MAX_SECONDS if size == 1_000 else growth <= MAX_GROWTH * times / 10
        report.rows.append(
            Row(
                what=f"KPI run, {size:,} queues, 50 departments, s",
                ours=f"{seconds:.2f}",
                ratio=f"{growth:.1f}" if times > 1 else "",
                bar=bar,
                met=met if bar else None,
            )
        )
        report.rows.append(
            Row(what="… SQL statements", ours=str(count), bar=f"= {statements}", met=count == statements)
        )
    report.notes.append(
        "KPI run: half-hour intervals since midnight, forecast of the day, all figures stored and logged."
    )
