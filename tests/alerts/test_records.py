"""R1 to R11 in the database: each transition once, with its event, its line of audit, and nothing else."""

from tests.alerts.world import World, names
from tests.heard import Hear

STREAM = "alerts:org:org_123"


def test_r1_a_breach_makes_a_record_and_one_event(world: World, heard: Hear):
    world.rule()
    with heard(STREAM) as events:
        done = world.judge(95)
    assert (done.triggered, world.statuses()) == (1, ["pending"])
    assert names(events) == ["alert:triggered"]
    assert events[0]["data"]["message"] == "support: occupancy is 95 % (over 90 %)"
    assert world.trail() == ["fired"]
