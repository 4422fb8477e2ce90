"""Row about 10,000 sockets in four server processes: all of them are served, and what each keeps resident."""

from contextlib import ExitStack
from dataclasses import dataclass
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from subprocess import Popen

from bench import payload
from bench.contenders import Contender
from bench.load import Heard, client
from bench.machine import MissingError, cores, resident_bytes
from bench.pace import Command
from bench.processes import free_port, running, wait_for_port
from bench.publishers import ask
from bench.report import Report, Row

PROCESSES, EVENTS = 4, 10
OPTIONS = {"count": EVENTS, "deadline": 150.0}
SPARE = 500  # files of a server beside its sockets


@dataclass(frozen=True)
class Crowd:
    heard: list[Heard]
    grown: int  # bytes that all servers together have more since the sockets came
    subscribed_s: float


def measure(report: Report, contender: Contender, *, conns: int) -> None:
    each = conns // PROCESSES
    _allow_files(each + SPARE)
    with ExitStack() as stack:
        crowd = _serve(stack, contender, each)
    wanted = each * PROCESSES * EVENTS
    got, closed = sum(each.deliveries for each in crowd.heard), sum(each.closed for each in crowd.heard)
    last, kb = max(each.max_us for each in crowd.heard) / 1e6, crowd.grown / each / PROCESSES / 1024
    said = f"{got:,} of {wanted:,}, {closed} closed, the last after {last:.1f} s; {kb:.1f} KB resident each"
    report.rows.append(
        Row(
            what=f"{each * PROCESSES:,} connections in {PROCESSES} processes, {EVENTS} events: deliveries",
            ours=f"{said}; subscribed within {crowd.subscribed_s:.0f} s",
            bar="all served",
            met=got == wanted and not closed,
        )
    )


def _serve(stack: ExitStack, contender: Contender, each: int) -> Crowd:
    ports = [free_port() for _ in range(PROCESSES)]
    servers = [_server(stack, contender, place, port) for place, port in enumerate(ports)]
    before = sum(resident_bytes(server.pid) for server in servers)
    whole = {"path": contender.path, "steps": contender.steps, "conns": each, "core": cores()[1], "options": OPTIONS}
    ears = [stack.enter_context(client(port=port, **whole)) for port in ports]  # type: ignore[arg-type]
    seconds = max(ear.wait_ready() for ear in ears)
    grown = sum(resident_bytes(server.pid) for server in servers) - before
    argv, body = list(contender.publisher), payload.body(contender.envelope_bytes)
    publisher = stack.enter_context(running(argv, core=cores()[1], name="ours-publisher", env=contender.env))
    ask(publisher, Command(body=body, count=EVENTS, rate=2))
    return Crowd([ear.heard() for ear in ears], grown, seconds)


def _server(stack: ExitStack, contender: Contender, place: int, port: int) -> Popen[str]:
    name = f"crowd-{place}"
    argv, core = contender.server(port), cores()[place % 2]
    server = stack.enter_context(running(argv, core=core, name=name, env=contender.env))
    wait_for_port(port, server, name=name)
    return server


def _allow_files(count: int) -> None:
    soft, hard = getrlimit(RLIMIT_NOFILE)
    if hard < count:
        raise MissingError(f"{count} open files a process (`ulimit -n`); {hard} are allowed")
    setrlimit(RLIMIT_NOFILE, (max(soft, count), hard))
