"""One example of each event."""

from tests.alerts.world import World
from tests.golden import assert_golden
from tests.heard import Hear

STREAM = "alerts:org:org_123"
FIXED = {
    "alert_id": "7f8d2c1e-0000-4000-8000-00000000000a",
    "rule_id": "7f8d2c1e-0000-4000-8000-00000000000b",
}


def test_events_of_alerts_look_like_their_examples(world: World, heard: Hear):
    world.rule(
        name="Occupancy too high",
        for_seconds=600,
        recover_for_seconds=0,
        escalation=[{"after_seconds": 300, "to": "supervisor"}],
        runbook="/runbook#occupancy-high",
    )
    with heard(STREAM) as events:
        world.judge(94.5, 0)
        world.judge(95.25, 600)
        world.run_timers(900)
        world.acknowledge(world.alert, note="calling in two agents")
        world.snooze(world.alert, 900)
        world.judge(75, 1200)
    assert [event["event"] for event in events] == [
        "alert:triggered",
        "alert:escalated",
        "alert:acknowledged",
        "alert:updated",
        "alert:resolved",
    ]
    for event in events:
        assert_golden(event, **FIXED)
