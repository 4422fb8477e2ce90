"""Every pattern of ours on texts that pump it: its steps grow with the text, or with its square where that is short."""

import ast
import builtins
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packages import PACKAGES
from tests.patterns import EndlessError, Engine, pumps

ROOT = Path(__file__).parents[2]
SHORT, LONG = 24, 48  # times that a repeat is gone through
LINEAR, SQUARE = 2.4, 4.6  # the most that steps may grow by where the text is twice as long
WHOLE = {"fullmatch"}  # a place to begin at; all else searches
CALLS = {"compile", "match", "search", "fullmatch", "sub", "split", "findall", "finditer"}
FIELDS = {"RegexValidator", "RegexField", "ClockField"}

QUADRATIC = {
    "alerts/admin/fields.py": "spans of at most LONGEST_TEXT characters",
    "intraday/sign_in/identity_providers.py": "claims of at most LONGEST_CLAIM characters",
    "kpi/hours.py": "hours of at most LONGEST characters (kpi.models.valid_hours)",
    "intraday/replay/cells.py": "cells of an operator's own file",
}
"""Patterns for which the square of a text's length is short enough, with the reason."""
OF_THE_OPERATOR = {
    "intraday/retention/personal_data/subject.py": "built of a name that the operator types into `manage.py person`",
    "intraday/replay/cells.py": "built of the spelling of an operator's own file",
}
"""Patterns that are made while the program runs."""


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def asked(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Return the way each pattern of a module is used, and the expression that it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "attr", getattr(function, "id", ""))
            of_re = isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "re"
            if (of_re and name in CALLS) or (name in FIELDS and node.args):
                yield name, node.args[0]
            yield from (("pattern", each.value) for each in node.keywords if each.arg == "pattern")


def patterns() -> list[tuple[str, str, str]]:
    """Return the file, the use and the text of every pattern; texts that are not known before run time are ''."""
    found = []
    for path in sources():
        place = str(path.relative_to(ROOT))
        for use, node in asked(ast.parse(path.read_text())):
            found.append((place, use, evaluated(path, node)))
    return found


def evaluated(path: Path, node: ast.expr) -> str:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    try:
        value = eval(compile(ast.Expression(node), str(path), "eval"), {**vars(builtins), **vars(module)})
    except NameError:
        return ""
    return str(getattr(value, "pattern", value))


def steps(engine: Engine, times: int, *, whole: bool) -> int:
    count = engine.full_match_steps if whole else engine.search_steps
    return max((count(text) for text in pumps(engine.tree, times)), default=0)


@pytest.mark.parametrize(("place", "use", "pattern"), patterns())
def test_a_pattern_takes_no_more_steps_than_its_texts_allow(place: str, use: str, pattern: str):
    if not pattern:
        assert place in OF_THE_OPERATOR
        return
    # A compiled pattern may be searched with; what is anchored at both ends begins at one place alone.
    anchored = pattern.startswith((r"\A", "^"))
    engine = Engine(pattern, re.IGNORECASE if "IGNORECASE" in (ROOT / place).read_text() else 0)
    whole = use in WHOLE | {"compile", "match"} or anchored
    try:
        short, long = (steps(engine, times, whole=whole) for times in (SHORT, LONG))
    except EndlessError:
        pytest.fail(f"{pattern} in {place} takes endless steps")
    most = SQUARE if place in QUADRATIC else LINEAR
    assert long <= most * max(short, 100), (pattern, short, long)


def test_compiled_patterns_are_matched_whole_or_at_the_beginning():
    """Searching with one from every place of a text would take the square of the steps that are counted here."""
    names = {"search", "findall", "finditer", "split", "sub"}
    ours = "intraday/pages/documentation/markdown.py"  # reads the pages under docs/
    allowed = {"intraday/replay/cells.py", "intraday/retention/personal_data/subject.py", ours}
    for path in sources():
        if str(path.relative_to(ROOT)) in allowed:
            continue
        tree = ast.parse(path.read_text())
        compiled = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and "re.compile(" in ast.unparse(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not {f"{name}.{each}" for name in compiled for each in names} & used, path


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+", r"([0-9]+\s*(s|sec|min|m|h|d)?\s*)+", r"(a|aa)+", r"(\w+\s?)*", r"(a*)*b", r"(.*,)*x"],
)
def test_the_count_finds_patterns_that_explode(pattern: str):
    engine: Any = Engine(pattern)
    with pytest.raises(EndlessError):
        steps(engine, LONG, whole=True)


def test_the_count_tells_a_square_from_a_line():
    line, square = Engine(r"a*b"), Engine(r"a*a*b")
    assert steps(line, LONG, whole=True) < LINEAR * steps(line, SHORT, whole=True)
    assert LINEAR * steps(square, SHORT, whole=True) < steps(square, LONG, whole=True)
