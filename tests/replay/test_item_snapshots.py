from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from intraday.api_client.rows import Row
from intraday.replay.adapters.item_snapshots import Event, EventKind, Item, older_than, snapshots
from intraday.replay.timeline import Target

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TIMES = [START + timedelta(minutes=15 * step) for step in range(9)]
TARGET = Target("org_123", "desk")


def rows(events: list[Event], *, limit: float = 600, queues: tuple[str, ...] = ()) -> list[list[Row]]:
    over = older_than(limit)
    return [i.rows for i in snapshots(events, TIMES, 900, target=TARGET, over_sla=over, queues=queues)]


def minute(number: float) -> float:
    return START.timestamp() + number * 60


def life(queue: str, came: float, *, completed: float | None = None, left: float | None = None) -> list[Event]:
    item = Item(minute(came), queue)
    events = [Event(minute(came), item, EventKind.ARRIVED)]
    events += [] if completed is None else [Event(minute(completed), item, EventKind.COMPLETED)]
    return events + ([] if left is None else [Event(minute(left), item, EventKind.LEFT)])


def test_a_snapshot_counts_what_is_open_with_its_ages_in_minutes() -> None:
    first, second, *_ = rows(life("a", -30) + life("a", 5))
    assert first[0] | {"snapshot_time": None} == {
        "organization_id": "org_123",
        "department_id": "desk",
        "queue_name": "a",
        "snapshot_time": None,
        "total_items": 1,
        "average_wait_time_minutes": 30.0,
        "items_over_sla": 1,
        "oldest_item_age_minutes": 30.0,
        "items_added": 0,
        "items_completed": 0,
    }
    assert (second[0]["total_items"], second[0]["items_added"]) == (2, 1)
    assert (second[0]["average_wait_time_minutes"], second[0]["oldest_item_age_minutes"]) == (27.5, 45.0)


def test_what_happens_at_the_very_instant_is_in_it() -> None:
    looks = rows(life("a", 15, completed=30, left=30))
    assert [(look[0]["total_items"], look[0]["items_added"], look[0]["items_completed"]) for look in looks[:3]] == [
        (1, 1, 0),
        (0, 0, 1),
        (0, 0, 0),
    ]


def test_an_emptied_queue_goes_on_saying_zero() -> None:
    looks = rows(life("a", -5, completed=5, left=5) + life("b", -5))
    assert [[row["queue_name"] for row in look] for look in looks] == [["a", "b"]] * 9
    assert looks[-1][0]["total_items"] == 0
    assert looks[-1][0]["average_wait_time_minutes"] == looks[-1][0]["oldest_item_age_minutes"] == 0.0


def test_an_instant_without_any_queue_is_left_out() -> None:
    assert len(rows(life("a", 40))) == 6


def test_a_queue_named_beforehand_is_there_from_the_start() -> None:
    assert rows([], queues=("a",))[0][0]["total_items"] == 0


def test_leaving_is_not_completing() -> None:
    assert rows(life("a", 1, left=2))[1][0]["items_completed"] == 0


def test_the_first_flows_are_those_of_one_interval_before() -> None:
    assert rows(life("a", -16) + life("a", -14))[0][0]["items_added"] == 1


def test_a_move_changes_totals_but_no_flow() -> None:
    item = Item(minute(-60), "a")
    events = [Event(minute(-60), item, EventKind.ARRIVED), Event(minute(5), item, EventKind.CHANGED, "b")]
    before, after, *_ = rows(events)
    assert [(row["queue_name"], row["total_items"]) for row in before] == [("a", 1)]
    assert [(row["queue_name"], row["total_items"]) for row in after] == [("a", 0), ("b", 1)]
    assert sum(row["items_added"] + row["items_completed"] for row in after) == 0


lives = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-60, 130), st.integers(0, 90), st.sampled_from("abc")), max_size=30
)


@given(lives)
def test_the_organization_ends_with_what_it_began_plus_added_minus_completed(
    drawn: list[tuple[str, int, int, str]],
) -> None:
    events = []
    for queue, came, stayed, moved_to in drawn:
        item = Item(minute(came), queue)
        events += [Event(minute(came), item, EventKind.ARRIVED)]
        events += [Event(minute(came + stayed / 2), item, EventKind.CHANGED, moved_to)]
        end = minute(came + stayed)
        events += [Event(end, item, EventKind.COMPLETED), Event(end, item, EventKind.LEFT)]
    for before, after in pairwise(rows(events)):
        flow = sum(row["items_added"] - row["items_completed"] for row in after)
        assert sum(row["total_items"] for row in after) - sum(row["total_items"] for row in before) == flow
