"""A proxy before the processes, on the settings in docker/, and a release that replaces one process after another."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from faults.layout import Layout
from faults.scenario import Run, Scenario
from tests.docker.edge import DOCKER, Nginx, Proxy, replaced

PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


class Haproxy(Proxy):
    name = "haproxy"

    def _prepare(self, directory: Path) -> None:
        servers = [f"    server s{number} 127.0.0.1:{server.port}\n" for number, server in enumerate(self.servers)]
        (directory / "haproxy.cfg").write_text(
            replaced(
                (DOCKER / "haproxy.cfg").read_text(),
                (r"bind :80$", f"bind 127.0.0.1:{self.port}"),
                (r"(?:^ +server \w+ .*\n?)+", "".join(servers)),
                (r"hard-stop-after \w+", f"hard-stop-after {self.cut}s"),
            )
        )

    def _command(self, directory: Path) -> list[str]:
        program = shutil.which(self.name, path=PATH) or self.name
        return [program, "-W", "-db", "-f", str(directory / "haproxy.cfg")]


class EdgeLayout(Layout):
    proxy: Proxy
    kind: ClassVar[type[Proxy]]

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which(cls.kind.name, path=PATH) else f"{cls.kind.name} is not installed"

    def start(self, stack: ExitStack) -> None:
        super().start(stack)
        self.proxy = stack.enter_context(self.kind(*self.serves))

    def addresses(self) -> list[str]:
        return [self.proxy.url]


class NginxLayout(EdgeLayout):
    kind = Nginx


class HaproxyLayout(EdgeLayout):
    kind = Haproxy


async def rolling_restart(run: Run) -> None:
    """SIGTERM to one process after another; each is back before the next one goes."""
    part = Run(run.layout, run.traffic, run.seconds / len(run.layout.serves), run.random)
    for serve in run.layout.serves:
        await run.apart(serve.restart)
        await part.last()


async def edge_restart(run: Run) -> None:
    """The proxy itself is gone for a while."""
    assert isinstance(run.layout, EdgeLayout)
    await run.apart(run.layout.proxy.kill)
    try:
        await run.last()
    finally:
        await run.apart(run.layout.proxy.restart)


SCENARIOS = [
    Scenario("rolling restart", rolling_restart),
    *(
        Scenario(f"{name} {kind.kind.name}", inflict, kind)
        for kind in (NginxLayout, HaproxyLayout)
        for name, inflict in (("rolling restart behind", rolling_restart), ("restart of", edge_restart))
    ),
]
