"""docs/runbook.md as a page, with an anchor per heading for the links of alerts."""

from functools import cache
from itertools import pairwise

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt

_SOURCE = settings.BASE_DIR / "docs/runbook.md"


@cache
def html() -> SafeString:
    """Return the page. It is safe whatever stands in the file: HTML in Markdown comes out as text."""
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(_SOURCE.read_text())
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slugify(content.content))
    return mark_safe(str(markdown.renderer.render(tokens, markdown.options, {})))  # noqa: S308
