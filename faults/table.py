"""The table of faults, a line as soon as it is known."""

from collections.abc import Sequence

from faults.scenario import Outcome

WIDTHS = (24, 7, 12, 7, 10, 5, 8, 17, 8)
HEADINGS = ("fault", "posted", "acknowledged", "stored", "delivered", "lost", "doubled", "unjudged/allowed", "verdict")


def heading() -> str:
    return line(HEADINGS)


def outcome_line(name: str, outcome: Outcome) -> str:
    account = outcome.account
    minutes = f"{outcome.unjudged / 60:.1f}/{outcome.allowed / 60:.1f} min"
    counts = (account.posted, account.acknowledged, account.stored, account.delivered, account.lost, account.doubled)
    return line((name, *map(str, counts), minutes, "passed" if outcome.passed else "MISSED"))


def line(cells: Sequence[str]) -> str:
    first, *others = cells
    padded = [cell.rjust(width) for cell, width in zip(others, WIDTHS[1:], strict=True)]
    return "  ".join([first.ljust(WIDTHS[0]), *padded])
