"""The organization that all benches use."""

ORGANIZATION = "org_bench"
DEPARTMENTS = 50


def queues(count: int) -> list[tuple[str, str]]:
    """(department, queue), evenly over 50 departments."""
    return [(f"dept_{i % DEPARTMENTS}", f"queue_{i}") for i in range(count)]
