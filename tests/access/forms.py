"""The values that a browser would post of a page's form."""

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._select = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._text = name
            self.found[name] = [""]
        elif tag == "option" and "selected" in given and self._select:
            self._add(self._select, given)
        elif tag == "input" and name and _counts(given):
            self._add(name, given, usual="on" if given.get("type") == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._text = "" if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        if self._text:
            self.found[self._text][0] += data.removeprefix("\r\n").removeprefix("\n")

    def _add(self, name: str, given: dict[str, str | None], usual: str = "") -> None:
        value = given.get("value")
        self.found.setdefault(name, []).append(usual if value is None else value)


def _counts(given: dict[str, str | None]) -> bool:
    kind = given.get("type")
    return kind not in ("submit", "button", "file") and (kind not in ("checkbox", "radio") or "checked" in given)


def fields_of(html: str) -> dict[str, Any]:
    """Return the fields of all forms of the page as they are filled in; those of empty forms to be copied left out."""
    fields = _Fields()
    fields.feed(html)
    return {name: values for name, values in fields.found.items() if "__prefix__" not in name}
