"""Things that are kept between runs."""

from intraday.values.remembered import Remembered


def test_what_is_taken_is_gone_until_it_is_put_back():
    memory: Remembered[list[int]] = Remembered(10)
    memory.put("a", [1], size=1)
    assert (memory.take("a"), memory.take("a")) == ([1], None)
    memory.put("a", [2], size=1)
    assert memory.take("a") == [2]


def test_the_organization_that_was_put_in_longest_ago_is_forgotten_first():
    memory: Remembered[str] = Remembered(10)
    for name, size in (("a", 4), ("b", 4), ("a", 5), ("c", 4)):
        memory.put(name, name, size=size)
    assert [memory.take(name) for name in "abc"] == ["a", None, "c"]


def test_what_is_larger_than_all_room_is_not_kept():
    memory: Remembered[str] = Remembered(10)
    memory.put("a", "a", size=3)
    memory.put("b", "b", size=11)
    assert (memory.take("a"), memory.take("b")) == ("a", None)
