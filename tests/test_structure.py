"""The check of the structure: it holds for the product, and it finds each fault that it is for."""

import re
from pathlib import Path

import pytest

from tests.structure import MAX_MODULES, ROOT, circles, crowded_folders, faults

CHAIN = {"a": {"b"}, "b": {"c"}, "c": set()}


def test_the_product_has_no_circle_of_imports_and_no_crowded_folder_beside_the_known_ones():
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("imports", "found"),
    [
        (CHAIN, set()),
        (CHAIN | {"c": {"a"}}, {frozenset("abc")}),
        (CHAIN | {"b": {"a", "c"}}, {frozenset("ab")}),
        # Two circles, one of which imports the other, are two.
        ({"a": {"b"}, "b": {"a", "x"}, "x": {"y"}, "y": {"x"}}, {frozenset("ab"), frozenset("xy")}),
        # A module between two circles belongs to neither.
        (
            {"a": {"b"}, "b": {"a", "m"}, "m": {"x"}, "x": {"y"}, "y": {"x"}},
            {frozenset("ab"), frozenset("xy")},
        ),
    ],
    ids=["none", "through a third", "of two", "two", "one between"],
)
def test_circles_are_found_and_named(imports: dict[str, set[str]], found: set[frozenset[str]]):
    assert circles(imports) == found


@pytest.mark.parametrize(("modules", "crowded"), [(MAX_MODULES, {}), (MAX_MODULES + 1, {"kpi/room": MAX_MODULES + 1})])
def test_a_folder_is_crowded_with_one_module_more_than_allowed(tmp_path: Path, modules: int, crowded: dict[str, int]):
    room = tmp_path / "kpi" / "room"
    (room / "migrations").mkdir(parents=True)
    for number in range(modules):
        (room / f"module_{number}.py").touch()
        (room / "migrations" / f"000{number}.py").touch()
    (room / "__init__.py").touch()
    assert crowded_folders(tmp_path) == crowded


def test_tests_share_helpers_in_modules_of_their_own():
    """A helper inside a test module goes unnoticed, and importing it runs that module's fixtures and settings."""
    pattern = re.compile(r"^\s*(from|import) tests\.(\w+\.)*test_\w+", re.MULTILINE)
    found = [path for path in (ROOT / "tests").rglob("*.py") if pattern.search(path.read_text())]
    assert found == []
