"""A Markdown file as HTML: an anchor for each heading, links to served addresses, and its text."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

INDEX = "README.md"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TEXTS = {"text", "code_inline"}


@dataclass(frozen=True)
class Section:
    """A heading with the text up to the next one."""

    anchor: str
    heading: str
    text: str


@dataclass(frozen=True)
class Document:
    content: SafeString
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        return self.sections[0].heading


def document(source: str, path: str) -> Document:
    """Render the file `path` of docs/. The result is safe whatever the file holds: HTML comes out as text."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>")
    tokens = markdown.parse(_COMMENT.sub("", source))
    _set_anchors(tokens)
    _name_no_empty_headers(tokens)
    for token in tokens:
        _rewrite_links(token.children or (), path)
    content = str(markdown.renderer.render(tokens, markdown.options, {}))
    return Document(mark_safe(content), tuple(_sections(tokens)))  # noqa: S308


def slug(heading: str) -> str:
    """Return the anchor that code hosts give a heading, so that one link is right in both places."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def address(path: str) -> str:
    """Return the served address of a file of docs/."""
    return posixpath.join("/docs", path.removesuffix(INDEX).removesuffix(".md")).rstrip("/")


def target(link: str, path: str) -> str | None:
    """Return the served address of a link in the file `path`; None for files outside docs/, which are not served."""
    if link.startswith(("#", "/")) or urlsplit(link).scheme:
        return link
    file, _, anchor = link.partition("#")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
    return None if file.startswith("..") else address(file) + (f"#{anchor}" if anchor else "")


def _set_anchors(tokens: Sequence[Token]) -> None:
    used: Counter[str] = Counter()
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = slug(_text(content))
            opening.attrSet("id", f"{anchor}-{used[anchor]}" if used[anchor] else anchor)
            used[anchor] += 1


def _name_no_empty_headers(tokens: Sequence[Token]) -> None:
    """Make a heading without text a mere cell: screen readers would announce a nameless column."""
    for opening, content, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not content.content:
            opening.tag = closing.tag = "td"


def _rewrite_links(children: Sequence[Token], path: str) -> None:
    tag = "a"
    for token in children:
        if token.type == "image":
            token.attrSet("src", target(str(token.attrGet("src")), path) or "")
        elif token.type == "link_open":
            tag = _rewrite(token, path)
        elif token.type == "link_close":
            token.tag = tag


def _rewrite(opening: Token, path: str) -> str:
    """Give the link its served address, or make it a mere name of a file in the repository; return its tag."""
    link = str(opening.attrGet("href"))
    served = target(link, path)
    if served is None:
        opening.tag, opening.attrs = "span", {"title": f"{link.lstrip('./')} in the repository"}
    else:
        opening.attrSet("href", served)
    return opening.tag


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    anchor, heading, texts = "", "", list[str]()
    for token, content in pairwise([*tokens, Token("end", "", 0)]):
        if token.type == "heading_open":
            if heading:
                yield Section(anchor, heading, " ".join(texts))
            anchor, heading, texts = str(token.attrGet("id")), _text(content), []
        else:
            texts += filter(None, [_text(token)])
    yield Section(anchor, heading, " ".join(texts))


def _text(token: Token) -> str:
    """Return the text of a block, without marks."""
    if token.type in ("fence", "code_block"):
        return token.content
    return "".join(
        each.content if each.type in _TEXTS else " " * ("break" in each.type) for each in token.children or ()
    )
