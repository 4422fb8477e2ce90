"""Row about the plans of the main reads over many rows; `--wide` writes them into docs/query-plans.md."""

import re
from pathlib import Path

from bench.machine import describe
from bench.report import Report, Row
from bench.services import inside

DOCUMENT = Path(__file__).parent.parent / "docs" / "query-plans.md"
ROWS, WIDE_ROWS = 100_000, 10_000_000
HEAD = """# Query plans of the main reads

What PostgreSQL does for the reads that grow with time, over tables of the sizes below: `EXPLAIN (ANALYZE)` of the
statements that the product's own functions sent (bench/plans.py). None may read a large table from end to end.
`python -m bench --only plans --wide` writes this page.
"""


def scans(plans: dict[str, list[str]], tables: dict[str, int]) -> list[str]:
    """Return the reads that go through a large table from end to end."""
    through = re.compile(rf"Seq Scan on ({'|'.join(tables)})\b")
    return [what for what, found in plans.items() if any(map(through.search, found))]


def measure(report: Report, env: dict[str, str], *, rows: int, write: bool) -> None:
    found = inside("bench.plans", {**env, "INTRADAY_ROLE": "command"}, str(rows))  # statements may take their time
    plans, tables = found["plans"], found["rows"]
    whole = scans(plans, tables)
    count = sum(map(len, plans.values()))
    slowest = max(_milliseconds(plan) for each in plans.values() for plan in each)
    report.rows.append(
        Row(
            what=f"main reads, tables of {rows:,} rows: statements that read a table from end to end",
            ours=f"{len(whole)} of {count}; the slowest takes {slowest:.1f} ms",
            bar="0",
            met=not whole,
        )
    )
    if write:
        DOCUMENT.write_text("\n".join([HEAD, describe(), "", *_sizes(tables), *_sections(plans)]))


def _milliseconds(plan: str) -> float:
    found = re.search(r"Execution Time: ([\d.]+) ms", plan)
    assert found
    return float(found[1])


def _sizes(tables: dict[str, int]) -> list[str]:
    return ["| table | rows |", "| --- | ---: |", *(f"| {name} | {count:,} |" for name, count in tables.items()), ""]


def _sections(plans: dict[str, list[str]]) -> list[str]:
    return [f"## {what[0].upper()}{what[1:]}\n\n```text\n{chr(10).join(found)}\n```\n" for what, found in plans.items()]
