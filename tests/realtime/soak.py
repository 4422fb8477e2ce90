"""Clients of all kinds under random faults, for as long as one likes: nothing is lost, doubled or stuck.

python -m tests.realtime.soak --minutes 30 --seed 7

It starts a PostgreSQL, a Valkey and two server processes of its own. For every event it counts whether each client got
it once; at the end each must stand at the head with the figures that the API tells. It prints the verdict, which is its
exit code, too.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

import django
import httpx2 as httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.realtime.cuts import Cutter, Keeper, SocketKeeper, StreamKeeper, scope_of

if TYPE_CHECKING:
    from tests.live import ProcessServer
    from tests.services import Valkey

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
PAUSES = (0.05, 1.0)  # seconds before a client comes back
FAULT_PAUSES = (0.3, 3.0)
CUT_BYTES = 120_000  # a connection is cut somewhere before
PATIENCE = 90.0  # seconds at the end until everybody stands at the head
LEVELS_SECONDS = 2.0  # after which the levels above queues have followed their posts, on a busy machine too
QUEUES = 400  # their snapshot comes in parts
Fault = Callable[[], Awaitable[None]]


class Server(Protocol):
    port: int
    http: str
    ws: str


@dataclass
class Verdict:
    published: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    connections: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.stuck)

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        lines = [
            f"events published {self.published}, delivered {self.delivered}, lost {self.lost}, doubled {self.doubled}",
            f"stuck clients {self.stuck}; {self.connections} connections; faults: {faults}",
        ]
        return "\n".join([*lines, *self.notes])


class Soak:
    def __init__(self, servers: Sequence[Server], key: str, *, seed: int, clients: int, queues: int = QUEUES) -> None:
        self.servers, self.key, self.queues = servers, key, queues
        self.dice = random.Random(seed)
        self.clients: list[Keeper] = [(SocketKeeper, StreamKeeper)[n % 2]("org_123", key) for n in range(clients)]
        self.verdict = Verdict()
        self.faults: dict[str, Fault] = {
            "claim above the head": self.claim,
            "fifty refused rooms": self.ask_too_much,
            "burst of pings": self.burst,
        }
        self._posted = 0
        self._calm = asyncio.Event()  # the end: no fault any more

    async def run(self, seconds: float) -> Verdict:
        await self._post_until_taken()
        listening = [asyncio.create_task(self._keep_listening(client)) for client in self.clients]
        working = [asyncio.create_task(work()) for work in (self._publish, self._break)]
        await asyncio.sleep(seconds)
        self._calm.set()
        await asyncio.wait(working)
        try:
            await self._judge()
        finally:
            for task in [*listening, *working]:
                task.cancel()
            await asyncio.wait(listening)
        return self.verdict

    # --- clients -----------------------------------------------------------------------------------------------------
    async def _keep_listening(self, client: Keeper) -> None:
        while True:
            self.verdict.connections += 1
            server = self.dice.choice(self.servers)
            cut = not self._calm.is_set() and self.dice.random() < 0.6
            async with Cutter(server.port, self.dice.randint(1, CUT_BYTES) if cut else None).listening() as proxy:
                await client.listen(proxy.port)
            await asyncio.sleep(self.dice.uniform(*PAUSES))

    # --- work --------------------------------------------------------------------------------------------------------
    async def _publish(self) -> None:
        while not self._calm.is_set():
            with suppress(httpx.TransportError):
                await self._post()
            await asyncio.sleep(self.dice.uniform(0, 0.2))

    async def _post_until_taken(self) -> None:
        """Post figures of all queues, and one event, until both are taken."""
        for _ in range(100):
            with suppress(httpx.TransportError):
                if await self._post(everything=True):
                    return
            await asyncio.sleep(0.3)
        raise AssertionError("no server takes a post")

    async def _post(self, *, everything: bool = False) -> bool:
        self._posted += 1
        headers = {"Authorization": f"Api-Key {self.key}"}
        server = self.dice.choice(self.servers)
        some = range(self.queues) if everything else self.dice.sample(range(self.queues), 3)
        event = {"event": f"acme:n{self._posted}", "payload": {"number": self._posted}}
        async with httpx.AsyncClient(base_url=server.http, headers=headers, timeout=30, verify=False) as api:
            rows = {"items": [self._row(queue) for queue in some]}
            answers = [
                await api.post("/api/schedulesbacklog/batch-ingest", json=rows),
                await api.post("/api/ws/events", json=event),
            ]
        return all(answer.status_code == 201 for answer in answers)

    def _row(self, queue: int) -> dict[str, object]:
        return {
            "department_id": f"dept_{queue % 3}",
            "queue_name": f"queue {queue}",
            "snapshot_time": (BEGIN + timedelta(seconds=self._posted)).isoformat(),
            "total_items": self.dice.randint(0, 50),
            "average_wait_time_minutes": 1,
        }

    # --- faults ------------------------------------------------------------------------------------------------------
    async def _break(self) -> None:
        while not self._calm.is_set():
            name = self.dice.choice(sorted(self.faults))
            self.verdict.faults[name] += 1
            with suppress(OSError, WebSocketException, TimeoutError):
                await self.faults[name]()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.dice.uniform(*FAULT_PAUSES)):
                    await self._calm.wait()

    async def claim(self) -> None:
        """Claim a position above the head."""
        async with connect(self.dice.choice(self.servers).ws, max_size=None, open_timeout=10) as socket:
            await self._say(socket, "authenticate", token=self.key)
            for channel in ("backlog", "custom"):
                room = f"{channel}:org:org_123"
                epoch = next((each.positions[room]["epoch"] for each in self.clients if room in each.positions), "x")
                await self._say(socket, "subscribe", rooms=[room], since={room: {"epoch": epoch, "seq": 10**12}})
            await self._answered(socket)

    async def ask_too_much(self) -> None:
        rooms = [f"custom:org:org_{123 if n % 2 else 999}:queue:q{n}" for n in range(100)]
        async with connect(self.dice.choice(self.servers).ws, open_timeout=10) as socket:
            await self._say(socket, "authenticate", token=self.key)
            await self._say(socket, "subscribe", rooms=rooms)
            await self._answered(socket)

    async def burst(self) -> None:
        async with connect(self.dice.choice(self.servers).ws, open_timeout=10) as socket:
            for _ in range(3):
                for _ in range(103):
                    await self._say(socket, "ping")
                await asyncio.sleep(1)

    @staticmethod
    async def _say(socket: ClientConnection, event: str, **data: object) -> None:
        await socket.send(json.dumps({"event": event, "data": data}))

    async def _answered(self, socket: ClientConnection) -> None:
        await self._say(socket, "ping")
        async with asyncio.timeout(10):
            while json.loads(await socket.recv())["event"] != "pong":
                pass

    # --- the end -----------------------------------------------------------------------------------------------------
    async def _judge(self) -> None:
        await self._post_until_taken()
        await asyncio.sleep(LEVELS_SECONDS)
        heads, current = await self._truth()
        deadline = time.monotonic() + PATIENCE
        for client in self.clients:
            while time.monotonic() < deadline and any(client.at(stream) < head for stream, head in heads.items()):
                await asyncio.sleep(0.05)
            self._judge_client(client, heads, current)
        self.verdict.published = heads["custom:org:org_123"]

    async def _truth(self) -> tuple[dict[str, int], dict[tuple[str, str], str]]:
        """Return the heads as a new client is told them, and the current snapshot of each scope by the API."""
        fresh = SocketKeeper("org_123", self.key)
        task = asyncio.create_task(fresh.listen(self.servers[0].port))
        while len(fresh.positions) < 2:
            assert not task.done(), "no server answers"
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        headers = {"Authorization": f"Api-Key {self.key}"}
        async with httpx.AsyncClient(base_url=self.servers[0].http, headers=headers, timeout=30, verify=False) as api:
            figures = (await api.get("/api/intraday/backlog/current")).json()
        current = {scope_of(figure): figure["snapshot_id"] for figure in [figures["current"], *figures["within"]]}
        return {stream: fresh.at(stream) for stream in fresh.positions}, current

    def _judge_client(self, client: Keeper, heads: dict[str, int], current: dict[tuple[str, str], str]) -> None:
        """Check that each custom event from the first on has come (they have no snapshot), and all current figures."""
        seqs = [seq for stream, seq in client.events if stream.startswith("custom:")]
        begun = client.begun.get("custom:org:org_123", heads["custom:org:org_123"])
        lost = set(range(begun + 1, heads["custom:org:org_123"] + 1)) - set(seqs)
        doubled = sum(count - 1 for count in Counter(client.events).values())
        behind = {stream: client.at(stream) for stream, head in heads.items() if client.at(stream) < head}
        wrong = [scope for scope, id_ in current.items() if client.known.get(scope, {}).get("snapshot_id") != id_]
        self.verdict.delivered += len(seqs)
        self.verdict.lost += len(lost)
        self.verdict.doubled += doubled
        self.verdict.stuck += bool(behind or wrong)
        if lost or doubled or behind or wrong:
            found = f"lost {sorted(lost)[:5]}, doubled {doubled}, behind {behind}, wrong {wrong[:5]}"
            self.verdict.notes.append(f"{type(client).__name__}: {found}")


# --- the long form -----------------------------------------------------------------------------------------------
PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from intraday.org.services import create_api_key, create_organization
organization = create_organization(id="org_123", name="Soak")
print(create_api_key(organization=organization, name="soak", scopes=("ingest", "read", "publish"))[1])
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--clients", type=int, default=12)
    options = parser.parse_args()
    from tests.services import Postgres, Valkey

    with ExitStack() as stack:
        var = stack.enter_context(tempfile.TemporaryDirectory())
        postgres, valkey = stack.enter_context(Postgres()), stack.enter_context(Valkey())
        environment = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "SECRET_KEY": "only-for-tests-" + "x" * 40,
            "INTRADAY_LAYER_PREFIX": "soak",
            "INTRADAY_LOG_LEVEL": "CRITICAL",
            "INTRADAY_VAR": var,
            "INTRADAY_CALLS_PER_MINUTE_KEY": "1000000",
            "DJANGO_SETTINGS_MODULE": "intraday.settings",
        }
        os.environ.update(environment)
        django.setup()
        from tests.live import ProcessServer

        servers = [ProcessServer("manage.py", "serve", "--port", "{port}", environment=environment) for _ in "ab"]
        key = servers[0].shell(PREPARE).strip()
        for server in servers:
            server.launch()
            stack.callback(server.kill)
        for server in servers:
            server.wait()
        verdict = asyncio.run(_long(servers, valkey, key, options))
    print(f"seed {options.seed}, {options.minutes} min, {options.clients} clients\n{verdict}")  # noqa: T201
    return 0 if verdict.sound else 1


async def _long(servers: "list[ProcessServer]", valkey: "Valkey", key: str, options: argparse.Namespace) -> Verdict:
    soak = Soak(servers, key, seed=options.seed, clients=options.clients)

    async def restart(how: signal.Signals) -> None:
        server = soak.dice.choice(servers)
        await asyncio.to_thread(server.stop, how)
        await asyncio.to_thread(server.start)

    async def freeze() -> None:
        server = soak.dice.choice(servers)
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(soak.dice.uniform(0.5, 3))
        server.process.send_signal(signal.SIGCONT)

    async def lose_layer() -> None:
        await asyncio.to_thread(valkey.pause)
        await asyncio.sleep(soak.dice.uniform(0.5, 4))
        await asyncio.to_thread(valkey.resume)

    soak.faults |= {
        "server killed": partial(restart, signal.SIGKILL),
        "server restarted": partial(restart, signal.SIGTERM),
        "server frozen": freeze,
        "layer frozen": lose_layer,
    }
    return await soak.run(options.minutes * 60)


if __name__ == "__main__":
    sys.exit(main())
