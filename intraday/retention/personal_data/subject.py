"""The person whose data is asked for, and how her names are recognized in text."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

Rewrite = Callable[[str], str]
SHORT_NUMBER = 5
"""Digits of a number that is too common in text to be taken for an employee's id there."""


class Kind(StrEnum):
    EMPLOYEE = "employee"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Subject:
    """A person as an employee of whom feeds report, or as an account that signs in. `names`: ids, names, addresses."""

    organization_id: str
    kind: Kind
    names: frozenset[str]
    pseudonym: str

    def whole(self, text: str) -> str:
        """Replace a text that is one of her names."""
        return self.pseudonym if text in self.names else text

    def is_of_another(self, value: Any) -> bool:
        """Tell whether a value of JSON is about another employee, who may have the same name."""
        employee = value.get("employee_id") if isinstance(value, dict) else None
        return employee is not None and employee not in self.names

    def leading(self, text: str) -> str:
        """Replace a name that begins a text, as in `dana (supervisor)` or `dana by key acd`."""
        for name in self.names:
            if text == name or text.startswith((f"{name} (", f"{name} by key ")):
                return self.pseudonym + text[len(name) :]
        return text

    def mentioned(self, text: str) -> str:
        """Replace her names wherever they stand as words of a text. Short numbers are left alone."""
        return text if self._words is None else self._words.sub(self.pseudonym, text)

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        names = [name for name in self.names if not (name.isdigit() and len(name) < SHORT_NUMBER)]
        if not names:
            return None
        either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        return re.compile(rf"(?<![\w@-])(?<!\w\.)(?:{either})(?![\w@-]|\.\w)", re.IGNORECASE)

    def rewritten(self, value: Any, rewrite: Rewrite) -> Any:
        """Return a value of JSON with every text in it rewritten; keys stay, and what is about other employees."""
        if isinstance(value, str):
            return rewrite(value)
        if isinstance(value, list):
            return [self.rewritten(each, rewrite) for each in value]
        if isinstance(value, dict) and not self.is_of_another(value):
            return {name: self.rewritten(each, rewrite) for name, each in value.items()}
        return value
