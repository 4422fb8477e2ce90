"""Rows about the alert run: 10 rules over all queues, as it follows the KPI run every minute, on PostgreSQL."""

from bench.report import Report, Row
from bench.services import inside

MAX_SECONDS = 3.0
MAX_GROWTH = 11.0


def measure(report: Report, env: dict[str, str], *, sizes: tuple[int, ...]) -> None:
    found = inside("bench.judging", env, *map(str, sizes))
    smallest, *_ = sizes
    base, statements, _ = found[str(smallest)]
    for size in sizes:
        seconds, count, still_open = found[str(size)]
        times = size / smallest
        bar = MAX_SECONDS if times == 1 else base * MAX_GROWTH * times / 10
        report.rows.append(
            Row(
                what=f"alert run, 10 rules, {size:,} queues, {still_open:,} alerts open, s",
                ours=f"{seconds:.2f}",
                ratio="" if times == 1 else f"{seconds / base:.1f}",
                bar=f"<= {bar:.1f} s",
                met=seconds <= bar,
            )
        )
        report.rows.append(
            Row(what="… SQL statements", ours=str(count), bar=f"= {statements}", met=count == statements)
        )
