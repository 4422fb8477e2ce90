import pytest

from intraday.org.models import Organization
from tests.alerts.world import World
from tests.rest.contract import ContractClient, contract_client


@pytest.fixture
def world(organization: Organization) -> World:
    return World(organization)


@pytest.fixture
def api(organization: Organization) -> ContractClient:
    return contract_client(organization)
