"""The parts of uvicorn's protocols that the server builds on. They are not its public interface.

An upgrade of uvicorn beyond TESTED fails here first. Then: read its changes of the classes below, run the tests of
sockets and streams of events (tests/realtime, tests/faults), and move TESTED and the bounds in pyproject.toml.
"""

import ast
import asyncio
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

ROOT = Path(__file__).parents[2]
TESTED = ((0, 53), (0, 55))  # from the first version on, up to and not including the second one

# Names that FrameProtocol, StreamProtocol and Server use of their bases; methods with their parameters.
METHODS = {
    WebSocketsSansIOProtocol: {
        "data_received": ["data"],
        "handle_close": ["event"],
        "handle_connect": ["event"],
        "handle_ping": [],
        "handle_pong": ["event"],
        "handle_cont": ["event"],
        "send_receive_event_to_app": [],
        "start_keepalive": [],
        "connection_lost": ["exc"],
        "pause_writing": [],
        "resume_writing": [],
        "shutdown": [],
    },
    HttpToolsProtocol: {
        "connection_made": ["transport"],
        "connection_lost": ["exc"],
        "handle_websocket_upgrade": [],
        "on_message_begin": [],
        "on_url": ["url"],
        "on_header": ["name", "value"],
        "on_headers_complete": [],
        "on_body": ["body"],
        "on_message_complete": [],
        "shutdown": [],
        "_should_upgrade": [],
        "_unset_keepalive_if_required": [],
    },
    uvicorn.Server: {"startup": ["sockets"], "shutdown": ["sockets"], "run": ["sockets"]},
}
VALUES = {
    WebSocketsSansIOProtocol: {
        "client",
        "close_sent",
        "close_timer",
        "conn",
        "curr_msg_data_type",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "loop",
        "transport",
        "writable",
    },
    HttpToolsProtocol: {"client", "cycle", "flow", "loop", "parser", "pipeline", "scope", "transport"},
    uvicorn.Server: {"_captured_signals", "config", "started"},
}
LATER = {
    WebSocketsSansIOProtocol: {"request", "response", "scope"},
    HttpToolsProtocol: {"headers", "url"},
    uvicorn.Server: set(),
}
"""Values that exist only after the handshake, or once a request has begun."""
OURS = {
    "FrameProtocol": WebSocketsSansIOProtocol,
    "BoundedProtocol": HttpToolsProtocol,
    "StreamProtocol": HttpToolsProtocol,
    "Server": uvicorn.Server,
}


def made(base: type) -> object:
    config = uvicorn.Config(
        "intraday.asgi:application", ws=WebSocketsSansIOProtocol, http=HttpToolsProtocol, log_config=None
    )
    if base is uvicorn.Server:
        return uvicorn.Server(config)
    return base(config, ServerState(), {}, asyncio.new_event_loop())


def test_the_installed_version_is_one_of_those_tested() -> None:
    first, beyond = TESTED
    assert first <= tuple(int(part) for part in version("uvicorn").split(".")[:2]) < beyond, __doc__


def test_the_project_asks_for_exactly_the_tested_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (first, beyond) = (".".join(map(str, each)) for each in TESTED)
    [asked] = [each for each in project["dependencies"] if each.startswith("uvicorn")]
    assert asked == f"uvicorn>={first},<{beyond}"


@pytest.mark.parametrize(
    ("base", "name", "parameters"),
    [(base, name, parameters) for base, methods in METHODS.items() for name, parameters in methods.items()],
)
def test_a_method_is_there_with_its_parameters(base: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(base, name)).parameters)[1:] == parameters


@pytest.mark.parametrize("base", VALUES)
def test_the_values_are_there_from_the_beginning(base: type) -> None:
    protocol = made(base)
    assert {name for name in VALUES[base] if not hasattr(protocol, name)} == set()
    if isinstance(protocol, WebSocketsSansIOProtocol | HttpToolsProtocol):
        protocol.loop.close()


def test_the_values_of_a_request_are_there() -> None:
    of_an_answer = inspect.getsource(RequestResponseCycle.__init__)
    for value in ("response_started = False", "response_complete = False", "disconnected = False", "keep_alive = "):
        assert f"self.{value}" in of_an_answer
    assert "self.message_event = message_event" in of_an_answer
    assert '"extensions": {' in inspect.getsource(WebSocketsSansIOProtocol.handle_connect)


@pytest.mark.parametrize(("name", "base"), OURS.items())
def test_the_server_uses_nothing_else(name: str, base: type) -> None:
    """Read the class's source: each `self.x` and `super().x` is its own or listed above."""
    [ours] = [
        node
        for path in (ROOT / "realtime/transport").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    own = {node.name for node in ast.walk(ours) if isinstance(node, ast.FunctionDef)}
    own |= {node.id for node in ast.walk(ours) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {
        node.target.id
        for node in ast.walk(ours)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    of_self, of_super = set(), set()
    for node in ast.walk(ours):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            of_self.add(node.attr)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Name) and called.id == "super":
                of_super.add(node.attr)
    assert of_super <= METHODS[base].keys()
    assert of_self - own <= VALUES[base] | LATER[base] | METHODS[base].keys()
