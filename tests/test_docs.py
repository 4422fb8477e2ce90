"""The paths that the documents name: each exists, and each question of a newcomer has its file."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.documents import ROOT, section

DOCS = ROOT / "docs"
TOP_FOLDERS = "intraday|alerts|kpi|backlog|attendance|realtime|clients|console|scripts|tests|docs|bench|faults|docker"
PATH = re.compile(rf"`((?:{TOP_FOLDERS})/[\w./-]*)`")


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of all rows of Markdown tables, headings left out."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    is_ruler = [set(row[0]) <= set("-:") for row in rows]
    headings = {index - 1 for index, ruler in enumerate(is_ruler) if ruler}
    return [row for index, row in enumerate(rows) if not is_ruler[index] and index not in headings]


def paths_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


QUESTIONS = table_rows(section((DOCS / "architecture.md").read_text(), "Where is what"))
MOVED = (DOCS / "moved.md").read_text()


def test_a_newcomer_finds_the_answers_to_at_least_25_questions():
    assert len(QUESTIONS) >= 25
    assert len({question for question, _ in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_each_question_is_answered_by_one_file_that_exists(question: str, answer: str):
    assert question.endswith("?")
    [path] = paths_in(answer)
    assert (ROOT / path).is_file()


def test_every_path_that_moved_has_a_place_today():
    places = [path for _, now, _ in table_rows(MOVED) for path in paths_in(now)]
    assert len(places) > 100
    assert [path for path in places if not (ROOT / path).exists()] == []


def test_a_path_moved_once_and_is_not_listed_where_it_stayed():
    rows = table_rows(MOVED)
    assert [path for path, count in Counter(paths_in(old)[0] for old, _, _ in rows).items() if count > 1] == []
    assert [old for old, now, _ in rows if old not in now.split(", ") and (ROOT / paths_in(old)[0]).exists()] == []


def test_the_page_of_moves_has_one_heading_and_one_block_for_each_app():
    headings = [line for line in MOVED.splitlines() if line.startswith("#")]
    assert headings[0] == "# Moved"
    apps = ["intraday", "realtime", "backlog", "attendance", "kpi", "alerts"]
    assert headings[1:] == [f"## {name}" for name in [*apps, "Front end"]]


@pytest.mark.parametrize(
    "page",
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(page for page in sorted(DOCS.rglob("*.md")) if page.name != "moved.md"),
    ],
    ids=lambda page: page.name,
)
def test_paths_of_the_project_in_a_page_exist(page: Path):
    assert [path for path in PATH.findall(page.read_text()) if not (ROOT / path).exists()] == []


def test_every_room_has_one_owner():
    rows = table_rows(section((DOCS / "architecture.md").read_text(), "Who owns which room"))
    owned = [path for _, rooms, _ in rows for path in paths_in(rooms)]
    folders = subprocess.run(
        ["git", "ls-tree", "-d", "--name-only", "HEAD", ".", "intraday/"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert sorted(owned) == sorted({*folders, ".github"} - {"intraday", "intraday/migrations"})


def test_every_command_of_contributing_is_one_of_the_makefile_or_of_npm():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    commands = [line for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {line.split()[1] for line in commands if line.startswith("make ")} <= targets
    named = [word for line in commands for word in re.findall(r"\btests/[\w/]+", line)]
    assert all((ROOT / path).exists() for path in named)
    assert [line for line in commands if not line.startswith(("make ", "npm test --workspace console"))] == []
