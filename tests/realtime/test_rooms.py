import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intraday.org.models import valid_id, valid_queue_name
from intraday.values.names import is_printable, normalized
from realtime.protocol.rooms import CHANNELS, BadRoomError, Room, RoomFilter, group_name

ids = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=64)
queues = (
    st.text(min_size=1, max_size=128)
    .map(lambda name: normalized(name.strip()))
    .filter(lambda name: 1 <= len(name) <= 128 and is_printable(name) and name == name.strip())
)
rooms = st.builds(Room, st.sampled_from(CHANNELS), ids, st.just("") | ids, st.just("") | queues)


@given(rooms)
@example(Room("backlog", "o", "d", "100 % / a:queue:b?c#d&e"))
@example(Room("backlog", "o", "", "%2525"))
@example(Room("custom", "x" * 64, "y" * 64, "待" * 128))
@example(Room("attendance", "x" * 64, "y" * 64, "🚑" * 128))
@example(Room("system", ".", "-", ":dept:"))
def test_a_room_is_parsed_from_its_own_name(room: Room):
    valid_id(room.organization)
    if room.queue:
        valid_queue_name(room.queue)
    assert Room.parse(room.name) == room
    assert room.name.isascii()
    assert Room.parse(room.stream) == Room(room.channel, room.organization)


def test_two_spellings_of_a_queue_are_one_room():
    assert Room.parse("kpi:org:o:queue:Mu%CC%88nchen") == Room.parse("kpi:org:o:queue:M%C3%BCnchen")
    assert Room.parse("kpi:org:o:queue:%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB").queue == "👩\u200d💻"


@given(st.lists(rooms, min_size=2, max_size=2, unique=True))
def test_different_rooms_have_different_names(pair: list[Room]):
    assert pair[0].name != pair[1].name


@given(st.sampled_from(CHANNELS), ids, st.sampled_from(CHANNELS), ids)
def test_the_group_of_a_stream_is_its_own_and_one_that_channels_accepts(a: str, one: str, b: str, other: str):
    from channels.layers import BaseChannelLayer

    first, second = Room(a, one).stream, Room(b, other).stream
    assert BaseChannelLayer().require_valid_group_name(group_name(first))
    assert (group_name(first) == group_name(second)) == (first == second)


few = st.sampled_from(["", "a", "b", "c"])
places = st.tuples(few, few)


def encloses(room: Room, department: str, queue: str) -> bool:
    """The definition: an event is heard in its own room and in every room that encloses it."""
    return room.department in ("", department) and room.queue in ("", queue)


@given(st.frozensets(places, min_size=1, max_size=6), places)
def test_rooms_hear_what_they_are_or_enclose(names: frozenset[tuple[str, str]], event: tuple[str, str]):
    held = frozenset(Room("backlog", "org_123", *name) for name in names)
    assert RoomFilter(held).hears(*event) == any(encloses(room, *event) for room in held)


@given(st.frozensets(places, min_size=1, max_size=6), places)
def test_a_query_narrowed_by_departments_and_queues_loses_nothing_that_is_heard(
    names: frozenset[tuple[str, str]], event: tuple[str, str]
):
    heard = RoomFilter(frozenset(Room("backlog", "org_123", *name) for name in names))
    if heard.hears(*event) and not heard.everything:
        assert event[0] in heard.departments or event[1] in heard.queues


@pytest.mark.parametrize(
    "name",
    [
        "",
        "backlog",
        "backlog:org:",
        "backlog:org:org_123:",
        "backlog:org:org_123\n",
        "Backlog:org:org_123",
        "weather:org:org_123",
        "backlog:org:" + "x" * 65,
        "backlog:org:münchen",
        "backlog:org:a b",
        "backlog:org:a%20b",
        "backlog:org:org_123:dept:",
        "backlog:org:org_123:dept:" + "x" * 65,
        "backlog:org:org_123:queue:",
        "backlog:org:org_123:queue:a b",
        "backlog:org:org_123:queue:a:b",
        "backlog:org:org_123:queue:a%00b",
        "backlog:org:org_123:queue:a%0Ab",
        "backlog:org:org_123:queue:%20a",
        "backlog:org:org_123:queue:%FF",
        "backlog:org:org_123:queue:" + "x" * 129,
        "backlog:org:org_123:queue:" + quote("待" * 129),
        "backlog:org:org_123:queue:support:dept:dept_456",
        "backlog:org:org_123:dept:d:dept:e",
        "backlog.org.org_123",
        " backlog:org:org_123",
        "\x00" * 1000,
    ],
)
def test_what_is_not_the_name_of_a_room_is_refused(name: str):
    with pytest.raises(BadRoomError, match="is not a room such as"):
        Room.parse(name)
