"""The clock follows the database's: measured now and then, steady between, and off only as long as nobody measures."""

from datetime import UTC, datetime, timedelta

import pytest

from intraday.clock import database
from intraday.clock.database import Clock

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)


class World:
    """The database's clock, this process's, and its count of seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, ahead: float = 0.0) -> None:
        self.true = 0.0
        self.ahead = ahead
        self.answer_takes = 0.0
        self.clock = Clock(self.read, lambda: TEN + timedelta(seconds=self.true + self.ahead))
        monkeypatch.setattr(database, "monotonic", lambda: self.true)

    def read(self) -> datetime:
        self.true += self.answer_takes / 2
        told = TEN + timedelta(seconds=self.true)
        self.true += self.answer_takes / 2
        return told

    def error(self) -> float:
        return (self.clock.now() - TEN).total_seconds() - self.true


@pytest.mark.parametrize("ahead", [3600.0, -3600.0, 0.0])
def test_a_clock_that_is_off_is_right_once_measured(monkeypatch: pytest.MonkeyPatch, ahead: float):
    world = World(monkeypatch, ahead=ahead)
    assert (world.error(), world.clock.skew()) == (ahead, None)
    world.clock.measure()
    world.true += 100
    assert abs(world.error()) < 1e-6
    assert world.clock.skew() == ahead


def test_a_clock_that_is_set_during_the_day_moves_nothing(monkeypatch: pytest.MonkeyPatch):
    world = World(monkeypatch)
    world.clock.measure()
    world.ahead = -7200
    assert abs(world.error()) < 1e-6
    assert world.clock.skew() == -7200


def test_an_answer_that_agrees_moves_nothing_and_one_that_took_long_is_dropped(monkeypatch: pytest.MonkeyPatch):
    world = World(monkeypatch)
    world.answer_takes = 0.010
    world.clock.measure()
    anchor = world.clock._anchor
    world.true += 5
    world.clock.measure()
    assert world.clock._anchor is anchor
    world.answer_takes = 20.0  # the process was stopped meanwhile
    world.clock.measure()
    assert world.clock._anchor is anchor


def test_the_database_that_is_set_right_is_followed(monkeypatch: pytest.MonkeyPatch):
    world = World(monkeypatch)
    world.clock.measure()
    world.clock._read = lambda: TEN + timedelta(seconds=world.true + 90)
    world.clock.measure()
    assert round(world.error(), 3) == 90


def test_it_is_measured_every_few_seconds_at_most(monkeypatch: pytest.MonkeyPatch):
    world, asked = World(monkeypatch), list[float]()
    world.clock._read = lambda: asked.append(world.true) or TEN
    for _ in range(12):
        world.clock.measure_if_due()
        world.true += 1
    assert asked == [0, 5, 10]


def test_a_skew_is_logged_when_it_begins_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    world = World(monkeypatch)
    for ahead in (0.0, 3.0, 3600.0, 1.0, 0.0):
        world.ahead = ahead
        world.clock.measure()
    assert [("skewed" in each, "recovered" in each) for each in caplog.messages] == [(True, False), (False, True)]


@pytest.mark.django_db
def test_the_process_of_a_test_goes_by_its_own_clock_and_can_ask_the_database():
    assert database.clock.skew() is None
    assert abs((database.clock.read() - datetime.now(UTC)).total_seconds()) < 60
