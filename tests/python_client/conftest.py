import pytest

from intraday.org.models import Organization, Scope
from tests.conftest import key_of
from tests.realtime.notes import scope_of


@pytest.fixture
def key(transactional_db: None, organization: Organization) -> str:
    """A key of org_123 that may post and read."""
    return key_of(organization)


@pytest.fixture
def support(transactional_db: None, organization: Organization) -> Scope:
    return scope_of(organization, "dept_456", "support")
