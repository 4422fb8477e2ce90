from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import ProcessServer
from tests.services import free_port


@pytest.fixture(scope="session")
def portal() -> str:
    return f"http://localhost:{free_port()}"


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fresh") / "var"


@pytest.fixture(scope="session")
def fresh(var: Path, portal: str) -> Iterator[ProcessServer]:
    """Start `make run` from nothing, once for all documents: each uses a queue of its own."""
    with ProcessServer.embedded(var, INTRADAY_ALLOWED_ORIGINS=portal, INTRADAY_WEBHOOK_PRIVATE="1") as server:
        yield server
