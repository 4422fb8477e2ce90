"""Metrics of this process: its connections to the database, and its clock."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from intraday.clock.database import clock
from intraday.connections.database import pool_stats
from intraday.org.limits import refusals

# (key of psycopg_pool's statistics, name, its unit in ours, help)
LEVELS = (
    ("pool_size", "intraday_pool_connections", "Connections to the database."),
    ("pool_available", "intraday_pool_idle", "Connections that nobody uses now."),
    ("pool_max", "intraday_pool_limit", "Connections that there may be (DATABASE_POOL)."),
    ("requests_waiting", "intraday_pool_waiting", "Threads that wait for a connection now."),
)
COUNTS = (
    ("requests_queued", "intraday_pool_waits", 1.0, "Times that a connection was waited for."),
    ("requests_wait_ms", "intraday_pool_wait_seconds", 0.001, "Time that was waited for a connection."),
    ("requests_errors", "intraday_pool_errors", 1.0, "Times that no connection came in time."),
)


def collected() -> Iterator[Metric]:
    yield from _pools()
    says = "By how much the clock of this process is ahead of the database's."
    skew = GaugeMetricFamily("intraday_clock_skew_seconds", says)
    if (seconds := clock.skew()) is not None:
        skew.add_metric([], seconds)
    yield skew
    says = "Requests and connections refused at a limit of their organization, by limit."
    limited = CounterMetricFamily("intraday_limited", says, labels=["kind"])
    for name, count in refusals.totals().items():
        limited.add_metric([name], count)
    yield limited


def _pools() -> Iterator[Metric]:
    """Yield what is known of each pool; counts that psycopg_pool leaves out are zero."""
    stats = pool_stats()
    for key, name, says in LEVELS:
        level = GaugeMetricFamily(name, says, labels=["pool"])
        for pool, counted in stats.items():
            level.add_metric([pool], counted.get(key, 0))
        yield level
    for key, name, unit, says in COUNTS:
        count = CounterMetricFamily(name, says, labels=["pool"])
        for pool, counted in stats.items():
            count.add_metric([pool], counted.get(key, 0) * unit)
        yield count
