"""Rows about the KPI run: everything of one organization, as beat starts it every minute, on PostgreSQL."""

from bench.report import Report, Row
from bench.services import inside

MAX_SECONDS = 1.2
MAX_GROWTH = 10.5


def measure(report: Report, env: dict[str, str], *, sizes: tuple[int, ...]) -> None:
    found = inside("bench.kpis", env, *map(str, sizes))
    smallest, *_ = sizes
    base, _, statements, _ = found[str(smallest)]
    for size in sizes:
        seconds, cpu_seconds, count, dirty_seconds = found[str(size)]
        growth, most = seconds / base, MAX_GROWTH * size / smallest / 10
        is_base = size == smallest
        report.rows.append(
            Row(
                what=f"KPI run, {size:,} queues, 50 departments, s",
                ours=f"{seconds:.2f} (CPU of the worker: {cpu_seconds:.2f})",
                ratio="" if is_base else f"{growth:.1f}",
                bar=f"<= {MAX_SECONDS} s" if is_base else f"<= {most:.1f} x",
                met=seconds <= MAX_SECONDS if is_base else growth <= most,
            )
        )
        report.rows += [
            Row(what="… SQL statements", ours=str(count), bar=f"= {statements}", met=count == statements),
            Row(what="… over new facts of 5 queues, ms", ours=f"{dirty_seconds * 1e3:.0f}"),
        ]
    report.notes.append(
        "KPI run: half-hour intervals since midnight, forecast of the day, risk, outlook and the rest of the day; "
        "before each run every queue has posted its interval again. All figures are stored and logged."
    )
