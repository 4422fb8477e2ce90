from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from intraday.replay.timeline import Target
from tests.api_client.fake_api import FakeApi, serve

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    api = FakeApi()
    server = serve(api)
    yield api
    server.shutdown()
    server.server_close()


@pytest.fixture
def target() -> Target:
    return Target("org_123", "dept_456")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small log: write("a.csv", "heading", "line", …)."""

    def write(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def real() -> Callable[[str], Path]:
    """The path of a real log, or a skip: the logs are not part of the project."""

    def real(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs the real log {name} in ../shared/data")
        return path

    return real
