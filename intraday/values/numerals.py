"""Numbers as people type them, where 1.000 is a thousand in one country and one in another. Pure."""

import re

_GROUPED = re.compile(r"\s*[+-]?[1-9][0-9]{0,2}([.,'\u2019 \u00a0\u2009\u202f][0-9]{3})+([.,][0-9]*)?\s*")


def is_ambiguous(text: str) -> bool:
    """Tell whether separators may part thousands: `1.000`, `1,000`, `1 000,5`, but not `0.125`, `1.5` or `1234.567`."""
    return _GROUPED.fullmatch(text) is not None


def advice(text: str) -> str:
    """Say how to write a number that is_ambiguous."""
    text = text.strip()
    digits = re.sub("[^0-9]", "", text)
    fraction = f", or {text.replace(',', '.')}0 if you mean a fraction" if re.fullmatch(r"\d+[.,]\d{3}", text) else ""
    return f"'{text[:64]}' may be read in two ways: write {digits[:64]} without separators{fraction}."
