"""python -m bench [--quick] [--only NAME …] [--wide] [--rounds N] [--write]: see bench/README.md."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from bench import (
    alerts,
    beside,
    burst,
    contenders,
    crowd,
    fanout,
    idle,
    ingest,
    kpi,
    load,
    logwrite,
    posts,
    query_plans,
    reads,
    services,
    shrink,
    starving,
    storm,
    tenants,
    wide,
)
from bench.contenders import Contender
from bench.machine import PEERS, MissingError, cores, need
from bench.report import Report

T = TypeVar("T")
BESIDE = {
    "fanout": ("ours", "socketio", "bare", "stock", "stock-uvicorn"),
    "busy": ("ours", "socketio"),
    "saturation": ("ours", "socketio", "bare"),
    "single": ("ours", "bare"),
}
MEASURES = {
    "fanout": (fanout.steady, fanout.STEADY),
    "busy": (fanout.busy, fanout.BUSY),
    "saturation": (fanout.saturation, fanout.FLOOD),
    "single": (fanout.single, fanout.SINGLE),
}
LISTENING = ("burst", "idle", "storm", "beside", "tenants", "reads", "crowd", "starving")
WRITING = ("posts", "ingest", "logwrite", "kpi", "alerts", "wide-judging", "snapshot", "plans")
HEAVY = ("crowd", "starving")  # minutes each: with --wide, or when they are named


@dataclass
class Ground:
    """The services that the benches run on. Benches whose services this machine lacks are left out, and reported."""

    report: Report
    env: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    node: str | None = None
    client: bool = False
    wide: bool = False

    def attempt(self, rows: str, prepare: Callable[[], T]) -> T | None:
        try:
            return prepare()
        except MissingError as missing:
            self.report.left_out.append(f"{rows}; missing: {missing}")
            return None

    def contenders(self, names: tuple[str, ...]) -> list[Contender]:
        made = {
            "ours": contenders.ours(self.env, self.key) if self.key else None,
            "socketio": contenders.socketio(self.env, self.node) if self.node else None,
            "bare": contenders.bare(),
            "stock": contenders.stock(self.env),
            "stock-uvicorn": contenders.stock_uvicorn(self.env),
        }
        return [contender for name in names if (contender := made[name])]


def prepare(stack: ExitStack, report: Report, wanted: list[str]) -> Ground:
    ground = Ground(report=report)
    ground.env |= stack.enter_context(services.valkey())
    ground.env |= stack.enter_context(services.postgres())
    ground.key = ground.attempt("every figure of ours", lambda: services.seed(ground.env))
    if set(wanted) & {*BESIDE, *LISTENING}:
        ground.client = ground.attempt(", ".join([*BESIDE, *LISTENING]), load.build) is not None
    if any("socketio" in BESIDE.get(name, ()) for name in wanted):
        ground.node = ground.attempt("every figure of Socket.IO", install_peers)
    return ground


def install_peers() -> str:
    """Path of Node, with the peers' packages beside socketio.mjs."""
    node, npm = need("node", "Node 20 or newer"), need("npm", "comes with Node")
    if not (PEERS / "node_modules" / "socket.io").exists():
        command = [npm, "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingError(f"packages of bench/peers, npm ci failed: {done.stderr[-500:]}")
    return node


def measure(ground: Ground, name: str, *, rounds: int, quick: bool) -> None:
    if name in MEASURES and ground.client:
        bench, whole = MEASURES[name]
        chosen = fanout.short(whole) if quick else whole
        bench(ground.report, ground.contenders(BESIDE[name]), rounds=rounds, load=chosen)
    elif name in LISTENING and ground.client and ground.key:
        listen(ground, ground.key, name, rounds=rounds, quick=quick)
    elif name in WRITING and ground.key:
        write(ground, ground.key, name, rounds=rounds, quick=quick)


def listen(ground: Ground, key: str, name: str, *, rounds: int, quick: bool) -> None:
    ours = contenders.ours(ground.env, key)
    if name == "burst":
        burst.measure(ground.report, ours)
    elif name == "idle":
        idle.measure(ground.report, ours, conns=2_000)
    elif name == "storm":
        storm.measure(ground.report, ours)
    elif name == "beside":
        beside.measure(ground.report, ours, key, rounds=rounds, posts=20 if quick else 40)
    elif name == "tenants":
        tenants.measure(ground.report, ours, tenants=20 if quick else tenants.TENANTS, rounds=rounds)
    elif name == "reads":
        reads.measure(ground.report, ours, history=20 if quick else 1_000)
    elif name == "crowd":
        ground.attempt("crowd", lambda: crowd.measure(ground.report, ours, conns=400 if quick else 10_000))
    elif name == "starving":
        starving.measure(ground.report, rounds=rounds if quick else 2 * rounds, seconds=8.0)


def write(ground: Ground, key: str, name: str, *, rounds: int, quick: bool) -> None:
    sizes = (1_000,) if quick else (1_000, 10_000)
    if name == "posts":
        few = {"posts": 40, "many": 500} if quick else {"posts": 200}
        posts.measure(ground.report, ground.env, rounds=rounds if quick else rounds + 1, **few)
    elif name == "ingest":
        ingest.batches(ground.report, ground.env, key, rounds=rounds, sizes=(1_000,) if quick else (1_000, 5_000))
    elif name == "logwrite":
        logwrite.measure(ground.report, ground.env, rounds=rounds)
    elif name == "kpi":
        kpi.measure(ground.report, ground.env, sizes=sizes)
    elif name == "alerts":
        alerts.measure(ground.report, ground.env, sizes=sizes)
    elif name == "wide-judging":
        wide.judging(ground.report, ground.env, organizations=20 if quick else wide.ORGANIZATIONS)
    elif name == "snapshot":
        shrink.measure(ground.report, ground.env, key)
    elif name == "plans":
        rows = query_plans.WIDE_ROWS if ground.wide else query_plans.ROWS
        query_plans.measure(ground.report, ground.env, rows=rows, write=ground.wide)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures against real servers and peers.")
    every = [*MEASURES, *LISTENING, *WRITING]
    parser.add_argument("--only", nargs="+", choices=every, default=[], help="these rows only")
    parser.add_argument("--wide", action="store_true", help="also the rows that take minutes each, and more of them")
    parser.add_argument("--rounds", type=int, default=0, help="interleaved rounds (2; with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="one short round: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # so that processes are ended, also those that are stopped
    wanted = options.only or [name for name in every if options.wide or name not in HEAVY]
    report = Report()
    try:
        run(report, options, wanted)
    finally:  # what was measured is worth something where a later bench fails
        print(report.text())
    if options.write:
        report.write()


def run(report: Report, options: argparse.Namespace, wanted: list[str]) -> None:
    with ExitStack() as stack:
        os.sched_setaffinity(0, {cores()[1]})  # inherited by everything that is not the measured server
        ground = prepare(stack, report, wanted)
        ground.wide = options.wide
        for name in wanted:
            began = time.monotonic()
            measure(ground, name, rounds=options.rounds or (1 if options.quick else 2), quick=options.quick)
            print(f"{name}: measured in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
