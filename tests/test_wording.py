"""The check of the wording: it holds for the project, and it finds each fault that it is for."""

import pytest

from tests.wording import broken_citations, faults, missing_subjects, odd_comments, odd_docstrings

DOMAIN = """
## 1. Formulas
### 1.9 Gap
### 3.14 State

| | from |
|---|---|
| E12 | any |
| R1 | none |
"""


def test_the_project_is_worded_plainly():
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("path", "docstring", "is_odd"),
    [
        ("kpi/day.py", "Return the newest figure of each scope.", False),
        ("kpi/day.py", "What feeds say.", True),
        ("kpi/day.py", "Whose turn it is.", True),
        ("kpi/day.py", "By scope.", True),
        ("tests/kpi/test_day.py", "By scope, because the test's name says the rest.", False),
        ("tests/kpi/test_day.py", "How often.", True),
        ("kpi/day.py", "Whatsoever is a word of its own.", False),
        ("kpi/day.py", "`alerts` of an organization.", False),
        ("kpi/day.py", "", False),
    ],
)
def test_docstrings_begin_with_a_verb_or_a_noun_phrase(path: str, docstring: str, is_odd: bool):
    for source in (
        f'"""{docstring}"""',
        f'A = 1\n"""{docstring}"""',
        f'class A:\n    """{docstring}"""',
        f'async def f():\n    """{docstring}"""',
    ):
        assert bool(list(odd_docstrings(path, source))) is is_odd


def test_comments_of_scripts_begin_so_too():
    source = "/** The position. */\n  // Where we stand.\nconst url = 'https://What is not a comment';\n"
    assert list(odd_comments("a.ts", source)) == [
        "a.ts:2: the comment begins with Where. Begin with a verb or a noun phrase."
    ]


def test_a_sentence_has_a_subject_in_code_messages_and_documents():
    found = list(missing_subjects("docs/a.md", "Everybody hears it.\nTell Whoever waits, and whomever you like.\n"))
    assert [fault.partition(". ")[0] for fault in found] == ["docs/a.md:2: Whoever", "docs/a.md:2: whomever"]


@pytest.mark.parametrize(
    ("path", "text", "broken"),
    [
        ("kpi/a.py", "as DOMAIN 1.9 and 3.14 say", []),
        ("kpi/a.py", "(DOMAIN 1.9, 3.14)", []),
        ("kpi/a.py", "(DOMAIN 1.9, 3.15)", ["DOMAIN 3.15"]),
        ("alerts/a.py", "E12 and R1", []),
        ("alerts/a.py", "E13, R99", ["E13", "R99"]),
        ("intraday/checks.py", "E13 is the id of a check here", []),
        ("kpi/a.py", "ADR 7 and ADR 8", ["ADR 8"]),
        ("kpi/a.py", "DESIGN 7 says so", ["DESIGN 7"]),
    ],
)
def test_citations_resolve_inside_the_repository(path: str, text: str, broken: list[str]):
    found = list(broken_citations(path, text, DOMAIN, frozenset({7})))
    assert [fault.removeprefix(f"{path}: ").partition(" is ")[0] for fault in found] == broken
