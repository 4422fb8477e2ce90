"""The files of docs/: the pages by kind, as the side list shows them, and the pictures and samples beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType

from django.conf import settings

from intraday.pages.documentation.markdown import Document, address, document

DOCS: Path = settings.BASE_DIR / "docs"
KINDS = {
    "Tutorial": ["tutorial.md"],
    "Paths": ["paths/*.md"],
    "How to": [
        "connectors/*.md",
        "replay.md",
        "frontend.md",
        "alerting.md",
        "runbook.md",
        "handing-over.md",
        "sign-in.md",
        "operations.md",
        "orchestrators.md",
        "adding-a-channel.md",
    ],
    "Reference": [
        "ingest.md",
        "errors.md",
        "protocol.md",
        "streams.md",
        "python-client.md",
        "typescript-client.md",
        "glossary.md",
        "your-names.md",
        "benchmarks.md",
        "query-plans.md",
        "moved.md",
    ],
    "Explanation": ["compare.md", "domain.md", "backlog.md", "architecture.md", "risk.md", "alerts-on-a-real-week.md"],
    "Decisions": ["adr/*.md"],
}
"""Patterns of files, in the order of the side list."""
GENERATED = {"Reference": {"/api/docs": "REST API (OpenAPI)", "/asyncapi.json": "Events of /ws (AsyncAPI)"}}
MEDIA_TYPES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".csv": "text/plain; charset=utf-8",
    ".toml": "text/plain; charset=utf-8",
    ".py": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Kind:
    """One list at the side: addresses with their titles."""

    name: str
    entries: Mapping[str, str]


@cache
def files() -> Mapping[str, Path]:
    """Return the files that are served, by their path in docs/: nothing else can be asked for."""
    found = {str(path.relative_to(DOCS)): path for path in sorted(DOCS.rglob("*")) if _is_served(path)}
    return MappingProxyType(found)


def _is_served(path: Path) -> bool:
    return path.suffix == ".md" or path.suffix in MEDIA_TYPES


@cache
def pages() -> Mapping[str, str]:
    """Return the pages, by their address."""
    return MappingProxyType({address(path): path for path in files() if path.endswith(".md")})


@cache
def page(path: str) -> Document:
    return document(files()[path].read_text(), path)


@cache
def side_list() -> tuple[Kind, ...]:
    return tuple(Kind(name, GENERATED.get(name, {}) | _titles(patterns)) for name, patterns in KINDS.items())


def _titles(patterns: list[str]) -> dict[str, str]:
    found = [path for pattern in patterns for path in files() if fnmatchcase(path, pattern)]
    return {address(path): page(path).title for path in found}


@cache
def index() -> list[dict[str, str]]:
    """Return every section with its page, address and text, for the search in the browser."""
    return [
        {
            "page": page(path).title,
            "heading": section.heading,
            "address": f"{address(path)}#{section.anchor}",
            "text": section.text,
        }
        for path in pages().values()
        for section in page(path).sections
    ]
