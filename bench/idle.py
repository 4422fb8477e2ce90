"""Row about connections that hear nothing: what each keeps resident in the server."""

from bench.contenders import Contender
from bench.load import client
from bench.machine import cores, resident_bytes
from bench.processes import free_port, running, wait_for_port
from bench.report import Report, Row

FIRST = 100  # connections that come and go before: what the first ones load is no connection's
MAX_KB = 25


def measure(report: Report, contender: Contender, *, conns: int) -> None:
    ours, others = cores()
    port = free_port()
    with running(contender.server(port), core=ours, name="ours-server", env=contender.env) as server:
        wait_for_port(port, server, name="ours-server")
        steady = resident_bytes(server.pid)
        for count in (FIRST, conns):
            before = steady
            with client(
                port=port, path=contender.path, steps=contender.steps, conns=count, core=others, options={}
            ) as ear:
                ear.wait_ready()
                steady = resident_bytes(server.pid)
    kb = (steady - before) / conns / 1024
    what = f"{conns:,} idle connections, subscribed: KB resident each"
    report.rows.append(Row(what=what, ours=f"{kb:.1f}", bar=f"<= {MAX_KB}", met=kb <= MAX_KB))
