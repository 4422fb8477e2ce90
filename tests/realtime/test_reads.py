"""Reads that many share."""

import asyncio
from collections.abc import Collection

from realtime.hub.shared_reads import DataLoader


async def test_questions_that_come_while_an_answer_is_under_way_are_asked_together():
    rounds: list[list[int]] = []

    def double(numbers: Collection[int]) -> dict[int, int]:
        rounds.append(sorted(numbers))
        return {number: 2 * number for number in numbers}

    loader = DataLoader(double)
    first = asyncio.create_task(loader.load(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the first is on its way
    others = await asyncio.gather(*(loader.load(number % 5) for number in range(50)))
    assert await first == 0
    assert others == [2 * (number % 5) for number in range(50)]
    assert rounds == [[0], [0, 1, 2, 3, 4]], "what was asked before is no answer to what is asked now"


async def test_who_leaves_does_not_take_the_answer_along_and_an_error_is_everybody_s():
    def answer(numbers: Collection[int]) -> dict[int, int]:
        if 13 in numbers:
            raise OSError
        return dict.fromkeys(numbers, 1)

    loader = DataLoader(answer)
    leaving, staying = asyncio.create_task(loader.load(7)), asyncio.create_task(loader.load(7))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 1
    failed = await asyncio.gather(loader.load(13), loader.load(14), return_exceptions=True)
    assert [type(each) for each in failed] == [OSError, OSError]
    assert await loader.load(15) == 1
