import pytest

from intraday.org.models import Organization
from intraday.org.services import add_queues


@pytest.fixture
def house(organization: Organization) -> Organization:
    """org_123 with two departments, each of which has a queue `support`."""
    add_queues(organization, [("dept_789", "support"), ("dept_789", "claims")])
    return organization
