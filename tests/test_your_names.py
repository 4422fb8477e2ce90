"""docs/your-names.md: every method, event, snippet and log line of the customer's document stands in it."""

import re

import pytest

from tests.services import SHARED
from tests.structure import ROOT

pytestmark = pytest.mark.shared

PATTERNS = {
    "methods": r"\b(?:webSocketService|this|logger)\.\w+",
    "payload types": r"\b\w+(?:Payload|Metrics|Stats)\b",
    "hooks": r"\buse[A-Z]\w+",
    "events": r"\b(?:kpi|backlog|attendance|alert):(?!org)[a-z]+",
    "log lines": r"(?:logger|console)\.(?:debug|error|warn|log)\(('[^']+')",
    "paths of the API": r"(?:POST|GET) `(/api/[^`]+)`",
    "files": r"`((?:api|src)/[\w./-]+)`",
}


def document() -> str:
    return (SHARED / "mission.md").read_text()


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("what", PATTERNS)
def test_each_name_of_the_document_stands_beside_ours(what: str):
    names = set(re.findall(PATTERNS[what], document()))
    page = (ROOT / "docs" / "your-names.md").read_text()
    assert len(names) >= 3
    assert [name for name in sorted(names) if name not in page] == []


def test_each_snippet_of_the_document_stands_beside_ours():
    page = squeezed((ROOT / "docs" / "your-names.md").read_text())
    snippets = re.findall(r"^```\w*\n(.*?)^```$", document(), re.DOTALL | re.MULTILINE)
    snippets = [snippet for snippet in snippets if "┌" not in snippet]  # a drawing
    assert len(snippets) > 30
    assert [snippet for snippet in snippets if squeezed(snippet).strip() not in page] == []
