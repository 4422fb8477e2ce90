"""Row about compression: one deflate for all who negotiated it, without a window kept for any of them."""

from bench.report import Report, Row
from bench.services import inside

MAX_SHARE = 0.2


def measure(report: Report, env: dict[str, str], key: str) -> None:
    found = inside("bench.wire", env, key)
    share = found["deflated"] / found["plain"]
    report.rows.append(
        Row(
            what="a backlog snapshot, bytes on the wire, compressed",
            ours=f"{found['deflated']:,} of {found['plain']:,}",
            ratio=f"{share:.0%}",
            bar=f"<= {MAX_SHARE:.0%}",
            met=share <= MAX_SHARE,
        )
    )
