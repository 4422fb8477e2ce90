from tests.backlog.posting import post
from tests.golden import assert_golden


def test_a_backlog_update_looks_like_its_example(api, heard):
    row = {
        "queue_name": "support",
        "snapshot_time": "2026-01-31T10:00:00Z",
        "total_items": 42,
        "average_wait_time_minutes": 3.5,
        "items_over_sla": 4,
        "items_added": 12,
        "items_completed": 9,
    }
    with heard() as events:
        post(api, row)
    assert_golden(events[0])
