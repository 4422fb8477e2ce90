"""A proxy before the processes, on the settings in docker/, and a release that replaces one process after another."""

import shutil
from contextlib import ExitStack
from typing import ClassVar

from faults.layout import Layout
from faults.scenario import Run, Scenario
from tests.docker.edge import HAProxy, Nginx, Proxy

PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


class EdgeLayout(Layout):
    proxy: Proxy
    kind: ClassVar[type[Proxy]]

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which(cls.kind.name.lower(), path=PATH) else f"{cls.kind.name} is not installed"

    def start(self, stack: ExitStack) -> None:
        super().start(stack)
        self.proxy = stack.enter_context(self.kind(*self.serves))

    def addresses(self) -> list[str]:
        return [self.proxy.url]


class NginxLayout(EdgeLayout):
    kind = Nginx


class HAProxyLayout(EdgeLayout):
    kind = HAProxy


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
        for kind in (NginxLayout, HAProxyLayout)
        for name, inflict in (("rolling restart behind", rolling_restart), ("restart of", edge_restart))
    ),
]
