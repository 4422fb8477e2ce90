"""Rows about 1000 clients that return at once, each with the position where it was, to a server just restarted."""

from contextlib import ExitStack

import psycopg

from bench import payload
from bench.contenders import Contender, listening_to
from bench.load import Heard, client
from bench.machine import cores
from bench.pace import Command
from bench.processes import free_port, running, wait_for_port
from bench.publishers import ask
from bench.report import Report, Row
from bench.scopes import ORGANIZATION
from bench.statement_log import logged

CONNECTIONS, MISSED = 1000, 100
MAX_READS = 4
STREAM = f"custom:org:{ORGANIZATION}"


def measure(report: Report, contender: Contender) -> None:
    statements: list[str] = []
    heard, seconds = _storm(contender, statements)
    wanted = CONNECTIONS * MISSED
    whole = heard.deliveries == wanted and not (heard.missing or heard.duplicates or heard.out_of_order)
    what = f"reconnect storm, {CONNECTIONS} connections, {MISSED} events missed by each"
    said = f"{heard.deliveries:,}, the last signed in after {seconds:.1f} s"
    report.rows.append(Row(what=what, ours=said, bar=f"all {wanted:,} once", met=whole))
    reads = sum(is_read_of_log(each) for each in statements)
    said = f"{reads} (of all kinds: {len(statements)})"
    report.rows.append(
        Row(what="… SQL statements that read the log", ours=said, bar=f"<= {MAX_READS}", met=reads <= MAX_READS)
    )


def _storm(contender: Contender, statements: list[str]) -> tuple[Heard, float]:
    ours, others = cores()
    port = free_port()
    position = _miss_something(contender)
    options = {"count": MISSED, "deadline": 60}
    steps = listening_to(contender, "custom", since={STREAM: position})
    with ExitStack() as stack:
        server = stack.enter_context(running(contender.server(port), core=ours, name="ours-server", env=contender.env))
        wait_for_port(port, server, name="ours-server")
        stack.enter_context(logged(contender.env["DATABASE_URL"], statements))
        ear = stack.enter_context(
            client(port=port, path=contender.path, steps=steps, conns=CONNECTIONS, core=others, options=options)
        )
        seconds = ear.wait_ready()
        return ear.heard(), seconds


def _miss_something(contender: Contender) -> dict[str, str | int]:
    """The position before events that nobody hears."""
    body = payload.body(contender.envelope_bytes)
    argv = list(contender.publisher)
    with running(argv, core=cores()[1], name="ours-publisher", env=contender.env) as publisher:
        ask(publisher, Command(body=body, count=1, rate=1, numbered=False))
        position = _position(contender.env["DATABASE_URL"])
        ask(publisher, Command(body=body, count=MISSED, rate=100))
    return position


def _position(url: str) -> dict[str, str | int]:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT epoch, head FROM realtime_stream WHERE name = %s", [STREAM]).fetchone()
    assert row
    return {"epoch": row[0], "seq": row[1]}


def is_read_of_log(statement: str) -> bool:
    return "SELECT" in statement and ('"realtime_segment"' in statement or '"tail"' in statement)
