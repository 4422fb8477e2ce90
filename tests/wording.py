"""The wording of the project, checked: `python -m tests.wording`.

Docstrings begin with a verb or a noun phrase, nobody is called by a word without a subject, and citations resolve.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.structure import PACKAGES, ROOT

# A docstring that begins with one of these is half a sentence: its subject is left to the reader.
RIDDLES = frozenset(["What", "Who", "Whom", "Whoever", "Whose", "That", "Those", "Where", "How"])
# So is one that begins with one of these; in product code, since a test's docstring goes on from its long name.
FRAGMENTS = frozenset(
    [
        *(
            "And",
            "As",
            "At",
            "Because",
            "Before",
            "By",
            "For",
            "From",
            "Here",
            "If",
            "In",
            "Is",
            "It",
            "Its",
            "None",
            "Of",
        ),
        *("On", "Only", "So", "There", "These", "They", "This", "To", "Under", "Until", "Whatever", "When", "Whether"),
        *("Which", "With", "Without"),
    ]
)
SCRIPT_COMMENT = re.compile(r"^\s*(?:/\*\*|//) (\w+) ", re.MULTILINE)
NO_SUBJECT = re.compile(r"\b(?:whoever|whomever|whosoever)\b", re.IGNORECASE)

TEXT = re.compile(r"\.(pyi?|tsx?|m?js|md|html|css|txt|toml|ya?ml|json|conf|cfg|sh|sql)$|Makefile$|Dockerfile$")
# Built files repeat their sources, migrations are history; the two checks hold the words themselves.
LEFT_OUT = ("intraday/static/", "package-lock.json", "tests/wording.py", "tests/test_wording.py", "tests/vocabulary.py")

CITATION = re.compile(r"\bDOMAIN (\d+(?:\.\d+)?(?:(?:, (?:and )?| and |-)\d+\.\d+)*)")
ROW = re.compile(r"\b([ER]\d{1,2})\b")
DECISION = re.compile(r"\bADR (\d+)\b")
ROOMS_OF_RULES = ("alerts/", "tests/alerts/", "docs/alerting.md", "docs/domain.md")
OUTSIDE = re.compile(r"\b(?:DESIGN \d|(?:DESIGN|HOUSE|STYLE|PERFORMANCE|DOMAIN)\.md)\b")


def texts(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yield path and content of all text files that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    for path in filter(None, listed.split("\0")):
        file = root / path
        if path.startswith(LEFT_OUT) or "/migrations/" in path or not file.is_file():
            continue
        if TEXT.search(path):
            yield path, file.read_text()


def odd_docstrings(path: str, source: str) -> Iterator[str]:
    riddles = RIDDLES | FRAGMENTS if path.partition("/")[0] in PACKAGES else RIDDLES
    for line, text in docstrings(ast.parse(source)):
        first = re.match(r"\w*", text)
        if first and first[0] in riddles:
            yield f"{path}:{line}: the docstring begins with {first[0]}. Begin with a verb or a noun phrase."


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of every docstring, those below the attributes of a module or a class among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            statements = node.body
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            statements = node.body[:1]
        else:
            continue
        for each in statements:
            if (
                isinstance(each, ast.Expr)
                and isinstance(each.value, ast.Constant)
                and isinstance(each.value.value, str)
            ):
                yield each.lineno, each.value.value.strip()


def odd_comments(path: str, source: str) -> Iterator[str]:
    for found in SCRIPT_COMMENT.finditer(source):
        if found[1] in RIDDLES:
            line = source.count("\n", 0, found.start(1)) + 1
            yield f"{path}:{line}: the comment begins with {found[1]}. Begin with a verb or a noun phrase."


def missing_subjects(path: str, source: str) -> Iterator[str]:
    for found in NO_SUBJECT.finditer(source):
        line = source.count("\n", 0, found.start()) + 1
        yield f"{path}:{line}: {found[0]}. Name the actor: the client, the person, the feed, another worker."


def broken_citations(path: str, source: str, domain: str, decisions: frozenset[int]) -> Iterator[str]:
    """Yield citations of sections, rows and decisions that a reader cannot find in docs/."""
    sections = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\b", domain, re.MULTILINE))
    rows = set(re.findall(r"^\| ([ER]\d+) \|", domain, re.MULTILINE))
    cited = {number for group in CITATION.findall(source) for number in re.findall(r"\d+(?:\.\d+)?", group)}
    yield from (f"{path}: DOMAIN {number} is no section of docs/domain.md" for number in sorted(cited - sections))
    if path.startswith(ROOMS_OF_RULES):
        yield from (f"{path}: {row} is no row of docs/domain.md" for row in sorted(set(ROW.findall(source)) - rows))
    unknown = {int(number) for number in DECISION.findall(source)} - decisions
    yield from (f"{path}: ADR {number} is not in docs/adr" for number in sorted(unknown))
    yield from (f"{path}: {found} is not part of the project; cite docs/" for found in OUTSIDE.findall(source))


def faults(root: Path = ROOT) -> Iterator[str]:
    domain = (root / "docs/domain.md").read_text()
    decisions = frozenset(int(file.name[:4]) for file in (root / "docs/adr").glob("[0-9]*.md"))
    for path, source in texts(root):
        if path.endswith(".py"):
            yield from odd_docstrings(path, source)
        elif path.endswith((".ts", ".tsx", ".mjs")):
            yield from odd_comments(path, source)
        yield from missing_subjects(path, source)
        yield from broken_citations(path, source, domain, decisions)


if __name__ == "__main__":
    sys.exit("\n".join(faults()) or 0)
