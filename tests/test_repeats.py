"""The check of repeated blocks: it finds each fault that it is for, and its bar is a third of where it began."""

import json

import pytest

from tests.repeats import ROOT, bar, faults

BASELINE = json.loads((ROOT / "tests" / "repeats.json").read_text())["baseline"]


def test_the_bar_is_a_third_of_the_baseline_and_no_block_is_longer_than_15_lines():
    assert 3 * bar()["blocks"] <= BASELINE["blocks"]
    assert bar()["lines"] <= 15


@pytest.mark.parametrize(("lengths", "count"), [([], 0), ([15, 5], 0), ([5, 5, 5], 1), ([16], 1), ([16, 5, 5], 2)])
def test_too_many_blocks_and_too_long_ones_are_faults(lengths: list[int], count: int):
    assert len(list(faults([{"lines": lines} for lines in lengths], blocks=2, lines=15))) == count
