"""More tenants than a worker judges at a time."""

from faults.clocks import wait
from faults.layout import Layout
from faults.scenario import Scenario


class CrowdLayout(Layout):
    tenants = 200
    queues = 1
    listeners = 1
    period = 10.0


SCENARIOS = [Scenario("200 tenants", wait, CrowdLayout, short=10.0, long=180.0)]
