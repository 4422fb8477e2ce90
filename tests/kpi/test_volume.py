"""Offered against forecast contacts, the reforecast, and drops that are no low demand (DOMAIN 1.9)."""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.formulas.volume import (
    TRAILING_MINUTES,
    Judgement,
    Span,
    Trailing,
    add_trailing,
    comparable,
    finest,
    judge_volume,
    nothing_offered,
    reforecast_ratio,
    trailing,
)

MINUTE, QUARTER, HALF, HOUR = 60, 900, 1800, 3600


def each(length: int, *contacts: float, since: int = 0) -> list[Span]:
    """Intervals of one length, one after the other."""
    return [Span(since + n * length, since + (n + 1) * length, count) for n, count in enumerate(contacts)]


# --- spans that cover the same time ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("spans", "kept"),
    [
        pytest.param(each(HOUR, 75) + each(QUARTER, 20, 25, 25, 30), each(QUARTER, 20, 25, 25, 30), id="quarters win"),
        pytest.param(
            each(HALF, 50, 50) + each(QUARTER, 20, since=HALF), [Span(0, HALF, 50), Span(1800, 2700, 20)], id="mix"
        ),
        pytest.param(each(HALF, 3, 4), each(HALF, 3, 4), id="one length"),
        pytest.param([Span(HALF, HALF, 3)], [], id="a span of no length"),
        pytest.param([Span(900, 1800, 2), Span(0, 900, 1)], each(QUARTER, 1, 2), id="in order"),
        pytest.param([Span(0, 900, 1), Span(0, 900, 9)], [Span(0, 900, 1)], id="the first of two alike"),
        # The running hour was measured to 00:05 only: it stays the coarser interval.
        pytest.param([Span(0, 300, 9, HOUR), Span(0, 900, 30)], [Span(0, 900, 30)], id="part of a coarser interval"),
    ],
)
def test_of_overlapping_lengths_the_finer_ones_win(spans: list[Span], kept: list[Span]) -> None:
    assert finest(spans) == kept


@pytest.mark.parametrize(
    ("measured", "forecast", "both"),
    [
        pytest.param(each(HALF, 50), each(QUARTER, 20, 30), (50, 50), id="quarters planned, halves measured"),
        pytest.param(each(QUARTER, 20, 30), each(HALF, 60), (50, 60), id="halves planned, quarters measured"),
        pytest.param(each(QUARTER, 20), each(HALF, 60), (20, 30), id="the forecast of the measured quarter"),
        pytest.param(each(HALF, 60), each(QUARTER, 20), (30, 20), id="the contacts of the planned quarter"),
        pytest.param([Span(0, 600, 40, HALF)], each(HALF, 60), (40, 20), id="ten minutes of a half hour"),
        pytest.param(each(HOUR, 100) + each(QUARTER, 25, 25, 25, 25), each(HOUR, 100), (100, 100), id="never added up"),
        pytest.param(each(QUARTER, 30), each(HOUR, 80) + each(HALF, 50, 50), (30, 25), id="overlapping forecasts"),
        pytest.param(each(1200, 10, 20, 30), each(QUARTER, 8, 8, 8, 8), (60, 32), id="thirds of an hour and quarters"),
        pytest.param(each(HALF, 5), each(HALF, 5, since=HALF), (0, 0), id="nothing in common"),
        pytest.param([], each(HALF, 5), (0, 0), id="nothing measured"),
    ],
)
def test_what_is_compared_covers_the_same_time(
    measured: list[Span], forecast: list[Span], both: tuple[float, float]
) -> None:
    assert comparable(measured, forecast) == pytest.approx(both)


lengths = st.sampled_from([QUARTER, HALF, HOUR, 1200])


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    starts = draw(st.lists(st.tuples(st.integers(0, 11), lengths, st.integers(0, 99)), max_size=12))
    return [Span(place * length, (place + 1) * length, contacts) for place, length, contacts in starts]


@given(spans())
def test_the_finest_spans_do_not_overlap_and_are_posted_ones(posted: list[Span]) -> None:
    kept = finest(posted)

    assert all(one.end <= other.start for one, other in pairwise(kept))
    assert set(kept) <= set(posted)
    for span in set(posted) - set(kept):  # every dropped one has its reason
        assert any(
            other.start < span.end and span.start < other.end and other.interval_seconds <= span.interval_seconds
            for other in kept
        )


@given(spans(), spans())
def test_neither_side_counts_more_than_it_has_and_the_sides_may_change_places(
    measured: list[Span], forecast: list[Span]
) -> None:
    actual, expected = comparable(measured, forecast)

    assert 0 <= actual <= sum(span.contacts for span in finest(measured)) + 1e-9
    assert comparable(forecast, measured) == pytest.approx((expected, actual))
    assert comparable(measured, measured) == pytest.approx((sum(span.contacts for span in finest(measured)),) * 2)


# --- reforecast ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("actual", "forecast", "prior", "ratio"),
    [
        pytest.param(4032, 3600, 400, 4432 / 4000, id="8,000 forecast, 12 % more by 11:00: a day of 8,864"),
        pytest.param(0, 0, 400, 1.0, id="nothing measured"),
        pytest.param(0, 100, 400, 0.8, id="a silent start"),
        pytest.param(130, 100, 0, 1.3, id="no prior: the raw ratio"),
        pytest.param(5, 0, 0, 1.0, id="neither prior nor forecast"),
    ],
)
def test_the_reforecast_is_shrunk_to_the_forecast(actual: float, forecast: float, prior: float, ratio: float) -> None:
    assert reforecast_ratio(actual=actual, forecast=forecast, prior_contacts=prior) == pytest.approx(ratio)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1, 1e4))
def test_the_reforecast_lies_between_one_and_the_raw_ratio(actual: float, forecast: float, prior: float) -> None:
    ratio = reforecast_ratio(actual=actual, forecast=forecast, prior_contacts=prior)

    assert (ratio - 1) * (actual - forecast) >= 0
    assert abs(ratio - 1) * forecast <= abs(actual - forecast) + 1e-6


# --- trailing spans --------------------------------------------------------------------------------------------------
def figures(columns: Sequence[Trailing]) -> dict[float, tuple[float, float]]:
    """Return offered and forecast contacts of measured spans, by length."""
    return {
        span.minutes: (span.offered, round(span.forecast, 6))
        for span in columns
        if span.offered is not None and span.forecast is not None
    }


def test_a_feed_of_quarters_is_judged_by_whole_posted_spans() -> None:
    columns = trailing(each(QUARTER, 3, 4, 1, 2), [], each(HALF, 8, 8), as_of=HOUR, open_since=None)

    assert figures(columns) == {15: (2, 4), 30: (3, 8), 45: (7, 12)}


def test_earlier_posts_of_the_running_interval_show_what_came_since() -> None:
    """At 00:40, 20 in the interval since 00:30; 11 at 00:35, 18 at 00:37. Forecast: one a minute, two from 00:30."""
    measured = [Span(0, HALF, 30), Span(HALF, 2400, 20, HALF)]
    samples = [(2100.0, 1800.0, 11.0), (2220.0, 1800.0, 18.0), (900.0, 0.0, 14.0)]

    columns = trailing(measured, samples, each(HALF, 30, 60), as_of=2400, open_since=None, least_forecast=99)

    assert figures(columns) == {
        5: (9, 10),  # since 00:35
        10: (20, 20),  # lengths of six to ten minutes begin at 00:30
        25: (36, 35),  # from 00:15 on, where 14 of the 30 had come
        40: (50, 50),
    }


@pytest.mark.parametrize(
    ("measured", "forecast", "open_since", "found"),
    [
        pytest.param(each(HALF, 9, 9), each(HALF, 9, 9), None, {30: (9, 9), 60: (18, 18)}, id="measured"),
        pytest.param(each(HALF, 9, 9), each(HALF, 9, 9), 0, {30: (9, 9)}, id="the first ten minutes after opening"),
        pytest.param(each(HALF, 9, 9), each(HALF, 9, 9), 1260, {}, id="opened 00:21"),
        pytest.param(each(HALF, 9, 9), each(HALF, 9, since=HALF), None, {30: (9, 9)}, id="no forecast before 00:30"),
        pytest.param(each(HALF, 9), each(HALF, 9, 9), None, {}, id="not measured to the end"),
        pytest.param([Span(0, 1200, 6, HALF), Span(HALF, HOUR, 9)], each(HALF, 9, 9), None, {30: (9, 9)}, id="a gap"),
        # A minute between the last post of an interval and its end is left out on both sides: 29 of 30 minutes.
        pytest.param(
            [Span(0, 1740, 8, HALF), Span(HALF, HOUR, 9)],
            each(HALF, 30, 9),
            None,
            {30: (9, 9), 60: (17, 38)},
            id="a minute",
        ),
        pytest.param(each(7200, 9, since=-HOUR), each(HALF, 9, 9), None, {}, id="longer than an hour"),
        pytest.param([], each(HALF, 9, 9), None, {}, id="nothing measured"),
    ],
)
def test_a_span_is_judged_only_if_wholly_measured_and_planned(
    measured: list[Span], forecast: list[Span], open_since: float | None, found: dict[float, tuple[float, float]]
) -> None:
    assert figures(trailing(measured, [], forecast, HOUR, open_since, least_forecast=99)) == found


def test_a_count_that_was_corrected_downwards_is_nothing_offered() -> None:
    columns = trailing([Span(0, HALF, 10)], [(900.0, 0.0, 14.0)], each(HALF, 9), HALF, None)

    assert figures(columns) == {15: (0, 4.5), 30: (10, 9)}


def test_no_span_longer_than_one_that_can_be_judged_is_worked_out() -> None:
    columns = trailing(each(QUARTER, 9, 9), [], each(QUARTER, 13, 13), HALF, None)

    assert columns == [Trailing(15, 9, 13)]
    assert len(trailing([], [], [], HALF, None)) == len(TRAILING_MINUTES)


# --- judgement -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("offered", "forecast", "before", "suspect"),
    [
        pytest.param(0, 70, False, True, id="0 of 70"),
        pytest.param(7, 70, False, True, id="a tenth"),
        pytest.param(8, 70, False, False, id="more than a tenth"),
        pytest.param(0, 11.9, False, False, id="too little was forecast"),
        pytest.param(0, 12, False, True, id="twelve contacts"),
        pytest.param(8, 70, True, True, id="not recovered yet"),
        pytest.param(41, 70, True, True, id="below 60 %"),
        pytest.param(42, 70, True, False, id="60 %"),
        pytest.param(0, 11.9, True, True, id="too little was forecast to end it"),
        pytest.param(None, None, True, True, id="nothing known keeps it"),
        pytest.param(None, None, False, False, id="nothing known begins nothing"),
    ],
)
def test_a_drop_is_suspect_until_it_has_recovered(
    offered: float | None, forecast: float | None, before: bool, suspect: bool
) -> None:
    assert judge_volume([Trailing(30, offered, forecast)], suspect_before=before).suspect is suspect


def test_the_shortest_span_that_is_long_enough_judges() -> None:
    columns = [Trailing(5, 0, 11), Trailing(6, 9, 13.2), Trailing(7, 0, 15.4)]

    assert judge_volume(columns, suspect_before=False) == Judgement(False, 9, 13.2, 6)


def test_a_level_adds_up_what_its_queues_were_offered() -> None:
    """Four queues of five an hour each: too few to be judged alone in less than an hour, together in 36 minutes."""
    silent = [trailing([Span(0, HOUR, 0)], _every_minute(0), [Span(0, HOUR, 5)], HOUR, None) for _ in range(4)]
    busy = [*silent[:3], trailing([Span(0, HOUR, 5)], _every_minute(5), [Span(0, HOUR, 5)], HOUR, None)]

    assert not any(judge_volume(queue, suspect_before=False).suspect for queue in silent)
    assert judge_volume(add_trailing(silent), suspect_before=False) == Judgement(True, 0, pytest.approx(12), 36)
    assert judge_volume(add_trailing(busy), suspect_before=False).suspect is False
    assert nothing_offered(silent[0], 36)
    assert not nothing_offered(busy[3], 36)


def test_a_queue_that_is_not_measured_does_not_speak_for_its_level() -> None:
    columns = add_trailing([[Trailing(5, None, None)], [Trailing(7.5, 3, 13)], [Trailing(5, 1, 8)]])

    assert columns == [Trailing(7.5, 4, 21)]
    assert add_trailing([[Trailing(5, None, None)]]) == [Trailing(5, None, None)]
    assert add_trailing([]) == []


def _every_minute(contacts_an_hour: float) -> list[tuple[float, float, float]]:
    return [(60.0 * minute, 0.0, contacts_an_hour * minute / 60) for minute in range(1, 60)]


# --- simulated days --------------------------------------------------------------------------------------------------
class Feed:
    """A day's contacts by the minute, posted every `posting` minutes in intervals of `interval` minutes."""

    def __init__(self, rates: Sequence[float], dice: random.Random, *, posting: int = 1, interval: int = 30) -> None:
        self.counts = [_poisson(dice, rate) for rate in rates]
        self.posting, self.interval = posting, interval
        self.forecast = [
            Span(60 * start, 60 * (start + interval), sum(rates[start : start + interval]))
            for start in range(0, len(rates), interval)
        ]

    def posts(self) -> Iterator[tuple[int, list[Trailing]]]:
        """Yield the minute of each post, and the trailing spans that are known with it."""
        closed: list[Span] = []
        samples: list[tuple[float, float, float]] = []
        for minute in range(self.posting, len(self.counts) + 1, self.posting):
            begin = (minute - 1) // self.interval * self.interval
            running = Span(60 * begin, 60 * minute, sum(self.counts[begin:minute]), 60 * self.interval)
            yield minute, trailing([*closed, running], samples, self.forecast, 60 * minute, 0)
            samples = [*samples, (running.end, running.start, running.contacts)][-70:]
            if minute % self.interval == 0:
                closed, samples = [*closed, running][-4:], samples

    def suspicions(self) -> list[int]:
        """Return the minutes at which the volume became suspect."""
        found, suspect = [], False
        for minute, columns in self.posts():
            before, suspect = suspect, judge_volume(columns, suspect_before=suspect).suspect
            found += [minute] if suspect and not before else []
        return found


def _poisson(dice: random.Random, mean: float) -> int:
    count, passed = 0, dice.expovariate(1)
    while passed < mean:
        count, passed = count + 1, passed + dice.expovariate(1)
    return count


@pytest.mark.parametrize("rate", [0.2, 0.5, 1.2, 2.3, 5])
def test_right_forecasts_bring_few_false_alarms(rate: float) -> None:
    """20 days of ten hours whose volume doubles and halves by the hour; .03 a day would be one in 33 days."""
    dice = random.Random(int(10 * rate))
    rates = [rate * (1.5 if minute // 60 % 2 else 0.75) for minute in range(600)]

    assert sum(len(Feed(rates, dice).suspicions()) for _ in range(20)) <= 1


@pytest.mark.parametrize(
    ("rate", "posting", "interval"),
    [
        *((0.25, 1, 30), (0.7, 1, 60), (1.1, 1, 15), (2.3, 1, 30), (4, 1, 30)),
        *((0.5, 5, 30), (2.3, 5, 15), (1, 15, 15), (3, 30, 30)),
    ],
)
def test_a_total_outage_is_found_within_twelve_contacts_and_a_posting(rate: float, posting: int, interval: int) -> None:
    """No span is shorter than five minutes, however busy the queue."""
    dice = random.Random(7)
    feed = Feed([rate] * 360, dice, posting=posting, interval=interval)
    begin = 180
    feed.counts[begin:] = [0] * len(feed.counts[begin:])

    found = [minute for minute in feed.suspicions() if minute > begin]

    assert found
    assert found[0] - begin <= max(5, 12 / rate) + posting


def test_an_outage_of_2_3_contacts_a_minute_is_found_in_six_minutes_and_ends_with_the_calls() -> None:
    feed = Feed([2.3] * 400, random.Random(1))
    feed.counts[200:290] = [0] * 90
    suspect, changes = False, []
    for minute, columns in feed.posts():
        before, suspect = suspect, judge_volume(columns, suspect_before=suspect).suspect
        changes += [minute] if suspect is not before else []

    begun, ended = changes
    assert begun == 206
    assert 293 <= ended <= 298  # 60 % of the 13.8 that six minutes bring
