"""Rows about the alert run: 10 rules over all queues, as it follows the KPI run every minute, on PostgreSQL."""

from bench.report import Report, Row
from bench.services import inside

MAX_MS = 0.04
MAX_GROWTH = 10.5


def measure(report: Report, env: dict[str, str], *, sizes: tuple[int, ...]) -> None:
    found = inside("bench.judging", env, *map(str, sizes))
    smallest, *_ = sizes
    base, _, statements, _, _ = found[str(smallest)]
    for size in sizes:
        seconds, cpu_seconds, count, still_open, pairs = found[str(size)]
        of_one, growth, most = 1e3 * seconds / pairs, seconds / base, MAX_GROWTH * size / smallest / 10
        report.rows.append(
            Row(
                what=f"alert run, {pairs // size} rules, {size:,} queues, {still_open:,} open: ms a rule and scope",
                ours=f"{of_one:.3f} (in all {seconds:.2f} s; CPU of the worker: {cpu_seconds:.2f})",
                bar=f"<= {MAX_MS}" if size == smallest else "",
                met=of_one <= MAX_MS if size == smallest else None,
            )
        )
        if size > smallest:
            what = f"… beside {smallest:,} queues"
            report.rows.append(Row(what=what, ratio=f"{growth:.1f}", bar=f"<= {most:.1f} x", met=growth <= most))
        report.rows.append(
            Row(what="… SQL statements", ours=str(count), bar=f"= {statements}", met=count == statements)
        )
