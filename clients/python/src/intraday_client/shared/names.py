# Made by `make types` from intraday/values/names.py: do not edit.
"""Spelling of names that people type: one name has one spelling, and no character that nobody can see. Pure."""

import unicodedata

LONGEST_NAME = 512
"""Characters of a text that may be a name: three times the longest one, for letters with their marks apart."""
JOINERS = frozenset("\u200c\u200d")
"""Zero-width non-joiner and joiner: Persian, Indic scripts and emoji cannot be spelled without them."""


def normalized(name: str) -> str:
    """Return the name in Unicode form NFC, so that `ü` and `u` with a combining diaeresis are one name.

    A longer text than any name stays as it is, for the caller to refuse: marks are put in order in quadratic time.
    """
    return unicodedata.normalize("NFC", name) if len(name) <= LONGEST_NAME else name


def is_printable(name: str) -> bool:
    """Tell whether all characters can be seen; joiners count as visible between two characters that can be.

    Control, bidirectional and other invisible characters are not printable, nor is any blank but the space.
    """
    return all(char.isprintable() or _joins(name, place) for place, char in enumerate(name))


def _joins(name: str, place: int) -> bool:
    around = name[place - 1 : place] + name[place + 1 : place + 2]
    return name[place] in JOINERS and len(around) == 2 and all(_is_visible(char) for char in around)


def _is_visible(char: str) -> bool:
    return char.isprintable() and not char.isspace()
