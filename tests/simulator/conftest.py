from collections.abc import Iterator

import pytest

from tests.api_client.fake_api import FakeApi, serve


@pytest.fixture
def api() -> Iterator[FakeApi]:
    api = FakeApi()
    server = serve(api)
    yield api
    server.shutdown()
    server.server_close()
