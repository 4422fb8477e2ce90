"""Prometheus metrics of the hub in this process and of the event log."""

from collections.abc import Iterator

from django.db.models import Min, OuterRef, Subquery, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from intraday.clock.database import clock
from realtime.eventlog import sender, store
from realtime.eventlog.sender import Sender
from realtime.hub.hub import Hub, running
from realtime.models import Segment, Stream


def of_process() -> Iterator[Metric]:
    """Yield the metrics of this process; none without a hub (WSGI)."""
    for hub in running():
        outbox = sender.current()
        yield _gauge("intraday_connections", "Open sockets and streams of events.", len(hub.connections))
        yield _gauge("intraday_streams", "Streams with listeners in this process.", len(hub.streams))
        degraded = hub.degraded or outbox.failing
        yield _gauge("intraday_degraded", "1 while events come from the log, a second late.", degraded)
        healed = hub.healing.healed
        yield CounterMetricFamily("intraday_log_heals", "Reads of the log for events that got lost.", value=healed)
        yield _deliveries(hub)
        yield _dropped(outbox)


def _dropped(outbox: Sender) -> Metric:
    found = CounterMetricFamily("intraday_layer_dropped", "Messages that the layer did not take.", labels=["to"])
    found.add_metric(["hubs"], outbox.dropped)
    found.add_metric(["rooms"], outbox.rooms.dropped if outbox.rooms else 0)
    return found


def _deliveries(hub: Hub) -> Metric:
    found = CounterMetricFamily("intraday_deliveries", "Events written to clients.", labels=["event"])
    for event, count in hub.reporter.deliveries().items():
        found.add_metric([event], count)
    return found


def of_log() -> Iterator[Metric]:
    """Yield the metrics of all processes together. Raises DatabaseError."""
    found = CounterMetricFamily("intraday_log_events", "Events logged, by any process.", labels=["channel"])
    for channel, heads in Stream.objects.values_list("channel").annotate(Sum("head")).order_by("channel"):
        found.add_metric([channel], heads)
    yield found
    says = "Events of the log that this process has not taken yet: of the stream most behind."
    yield _gauge("intraday_log_lag_events", says, _lag())
    yield _oldest()


def _lag() -> int:
    """Return how many events the process is behind the log. Each hub catches up within a second or two."""
    taken = {name: stream.ring.last for hub in running() for name, stream in list(hub.streams.items())}
    heads = store.heads([name for name, last in taken.items() if last is not None])
    return max((head - (taken[name] or 0) for name, (_, head) in heads.items()), default=0)


def _oldest() -> Metric:
    """Yield the age of the log by channel: beyond its retention by more than hours, the purge does not keep up."""
    first = Segment.objects.filter(stream=OuterRef("pk")).order_by("committed_at").values("committed_at")[:1]
    rows = Stream.objects.annotate(first=Subquery(first)).values_list("channel").annotate(Min("first"))
    found = GaugeMetricFamily("intraday_log_oldest_seconds", "Age of the oldest event kept.", labels=["channel"])
    for channel, since in rows.order_by("channel"):
        if since is not None:
            found.add_metric([channel], (clock.now() - since).total_seconds())
    return found


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)
