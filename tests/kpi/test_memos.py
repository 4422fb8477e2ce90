"""Remembered answers of formulas stay small in each worker process."""

import pkgutil
import tracemalloc
from collections.abc import Callable, Iterator
from functools import _lru_cache_wrapper
from importlib import import_module
from inspect import signature
from random import Random
from typing import Any

import pytest

import kpi
from kpi.formulas.erlang import erlang_c, required_agents
from kpi.formulas.erlang_a import required_agents_with_abandonment
from kpi.formulas.recovery import interval_level

MEGABYTES = 30
ENTRIES = 60


def memos() -> Iterator[tuple[str, "_lru_cache_wrapper[Any]"]]:
    for module in pkgutil.walk_packages(kpi.__path__, "kpi."):
        if ".migrations" not in module.name:
            found = vars(import_module(module.name)).items()
            yield from ((f"{module.name}.{name}", each) for name, each in found if isinstance(each, _lru_cache_wrapper))


def test_whatever_is_remembered_by_what_was_asked_is_bounded():
    endless = {name for name, memo in memos() if memo.cache_info().maxsize is None and signature(memo).parameters}
    assert endless == {"kpi.schema.serializer_of"}  # by class


@pytest.fixture
def questions() -> dict[str, Callable[[], object]]:
    """New ones at each call, as live figures are."""
    of = Random(1).uniform
    load = lambda: {"calls": of(1, 100), "interval_seconds": 1800.0, "aht_seconds": of(100, 300)}  # noqa: E731
    goal = {"target_service_level": 0.8, "target_seconds": 20.0}
    return {
        "kpi.formulas.erlang.erlang_c": lambda: erlang_c(**load(), agents=of(20, 30), target_seconds=20.0),
        "kpi.formulas.erlang.required_agents": lambda: required_agents(**load(), **goal),
        "kpi.formulas.erlang_a.required_agents_with_abandonment": lambda: required_agents_with_abandonment(
            **load(), **goal, patience_seconds=of(60, 120)
        ),
        "kpi.formulas.recovery._level": lambda: interval_level(**load(), agents=40, target_seconds=of(10, 30)),
    }


def test_all_memos_of_the_formulas_together_fit_into_their_room(questions: dict[str, Callable[[], object]]):
    """By the bytes of an entry times the number of entries: to fill them takes a worker hours."""
    by_name = dict(memos())
    full = {}
    for name, ask in questions.items():
        memo = by_name[name]
        memo.cache_clear()
        tracemalloc.start()
        for _ in range(ENTRIES):
            ask()
        info, (used, _) = memo.cache_info(), tracemalloc.get_traced_memory()
        memo.cache_clear()
        freed = used - tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert info.currsize == ENTRIES
        assert info.maxsize is not None
        full[name] = freed / ENTRIES * info.maxsize
    assert sum(full.values()) < MEGABYTES * 2**20, full
