"""python -m bench [--quick] [--only NAME …] [--rounds N] [--write]: see bench/README.md."""

import argparse
import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from bench import alerts, contenders, fanout, ingest, kpi, load, logwrite, services
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
WRITING = ("ingest", "logwrite", "kpi", "alerts")


@dataclass
class Ground:
    """What the benches stand on. What this machine lacks is left out, and the report says so."""

    report: Report
    env: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    node: str | None = None
    client: bool = False

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
    if set(wanted) & set(BESIDE):
        ground.client = ground.attempt(", ".join(BESIDE), load.build) is not None
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
    if name == "ingest" and ground.key:
        sizes = (1000,) if quick else (1000, 5000)
        ingest.batches(ground.report, ground.env, ground.key, rounds=rounds, sizes=sizes)
    if name == "logwrite" and ground.key:
        logwrite.measure(ground.report, ground.env, rounds=rounds)
    if name == "kpi" and ground.key:
        kpi.measure(ground.report, ground.env, sizes=(1_000,) if quick else (1_000, 10_000))
    if name == "alerts" and ground.key:
        alerts.measure(ground.report, ground.env, sizes=(1_000,) if quick else (1_000, 10_000))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures against real servers and peers.")
    every = [*MEASURES, *WRITING]
    parser.add_argument("--only", nargs="+", choices=every, default=every, help="these rows only")
    parser.add_argument("--rounds", type=int, default=0, help="interleaved rounds (5; with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="one short round: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    report = Report()
    with ExitStack() as stack:
        os.sched_setaffinity(0, {cores()[1]})  # inherited by everything that is not the measured server
        ground = prepare(stack, report, options.only)
        for name in options.only:
            measure(ground, name, rounds=options.rounds or (1 if options.quick else 5), quick=options.quick)
    print(report.text())
    if options.write:
        report.write()


if __name__ == "__main__":
    main()
