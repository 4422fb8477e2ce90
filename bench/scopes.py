"""The organizations that benches use."""

ORGANIZATION = "org_bench"
HISTORY, SNAPSHOT, PREVIEW = "org_history", "org_snapshot", "org_preview"  # of bench.reads
DEPARTMENTS = 50


def queues(count: int) -> list[tuple[str, str]]:
    """(department, queue), evenly over 50 departments."""
    return [(f"dept_{i % DEPARTMENTS}", f"queue_{i}") for i in range(count)]


def of_size(size: int) -> str:
    """Return the organization of that many queues, for single posts."""
    return f"org_posts_{size}"


def tenant(number: int) -> str:
    """Return one of the many organizations of bench.tenants."""
    return f"org_tenant_{number}"
