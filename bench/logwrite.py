"""Row about the log's part of a write: many events as one segment, beside a segment per event."""

from bench.report import Report, Row
from bench.services import inside


def measure(report: Report, env: dict[str, str], *, rounds: int) -> None:
    took = inside("bench.segments", env, str(rounds))
    report.rows.append(
        Row(
            what="log write, 1,000 events in one transaction, ms",
            ours=f"{took['segment_ms']:.0f}",
            one_by_one=f"{took['rows_ms']:.0f}",
            ratio=f"1/{took['rows_ms'] / took['segment_ms']:.0f}",
        )
    )
