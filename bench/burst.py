"""Row about 5,000 new events in one commit, to 200 subscribers of the whole organization."""

from contextlib import ExitStack

from bench import payload
from bench.contenders import Contender
from bench.load import Heard, client
from bench.machine import cores, peak_bytes, reset_peak, resident_bytes
from bench.pace import Command
from bench.processes import free_port, running, wait_for_port
from bench.publishers import ask
from bench.report import Report, Row

EVENTS, CONNECTIONS = 5_000, 200
RING_BYTES = 8 * 1024 * 1024  # realtime.hub.fanout.ring.MAX_BYTES: to import it takes a Django that is set up
MAX_GROWTH = 3 * RING_BYTES


def measure(report: Report, contender: Contender) -> None:
    heard, grown = _commit(contender)
    wanted = EVENTS * CONNECTIONS
    whole = heard.deliveries == wanted and not (heard.closed or heard.missing or heard.out_of_order)
    what = f"{EVENTS:,} events in one commit, {CONNECTIONS} connections: delivered in order"
    said = f"{heard.deliveries:,} in {heard.elapsed_s:.1f} s, {heard.closed} closed"
    report.rows.append(Row(what=what, ours=said, bar=f"all {wanted:,}, none closed", met=whole))
    report.rows.append(
        Row(
            what="… resident memory at its peak, MB more",
            ours=f"{grown / 2**20:.1f}",
            bar=f"< {MAX_GROWTH / 2**20:.0f} (3 x the ring)",
            met=grown < MAX_GROWTH,
        )
    )


def _commit(contender: Contender) -> tuple[Heard, int]:
    """Return the deliveries of one large commit, and by how many bytes the server grew."""
    ours, others = cores()
    port, env = free_port(), contender.env
    body = payload.body(contender.envelope_bytes)
    options = {"count": EVENTS, "deadline": 60.0}
    with ExitStack() as stack:
        server = stack.enter_context(running(contender.server(port), core=ours, name="ours-server", env=env))
        wait_for_port(port, server, name="ours-server")
        argv = list(contender.publisher)
        publisher = stack.enter_context(running(argv, core=others, name="ours-publisher", env=env))
        ear = stack.enter_context(
            client(
                port=port, path=contender.path, steps=contender.steps, conns=CONNECTIONS, core=others, options=options
            )
        )
        ear.wait_ready()
        ask(publisher, Command(body=body, count=20, rate=20, numbered=False))
        before = resident_bytes(server.pid)
        reset_peak(server.pid)
        ask(publisher, Command(body=body, count=EVENTS, together=True))
        return ear.heard(), peak_bytes(server.pid) - before
