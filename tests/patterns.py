"""Count the steps of a backtracking engine over a text, so that a test can tell linear from exponential."""

import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Python offers its parser of patterns in no other way
    import sre_parse

MOST_STEPS = 300_000
UNBOUNDED = 16  # repeats of so many and more grow with what a stranger sends


class EndlessError(Exception):
    """More steps than any pattern of ours may take."""


class Engine:
    """Matches as `re` does, without its shortcuts. It knows what our patterns use, and raises KeyError at all else."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.tree = list(sre_parse.parse(pattern, flags))
        self._text, self.steps = "", 0

    def full_match_steps(self, text: str) -> int:
        """Return the steps until the whole text is matched or refused. Raises EndlessError."""
        self._text, self.steps = text, 0
        any(end == len(text) for end in self._ends(self.tree, 0))
        return self.steps

    def search_steps(self, text: str) -> int:
        """Return the steps to look for it from every place of the text. Raises EndlessError."""
        self._text, self.steps = text, 0
        for begin in range(len(text) + 1):
            next(self._ends(self.tree, begin), None)
        return self.steps

    def _ends(self, items: list[Any], at: int) -> Iterator[int]:
        """Return each place where a match of these items that begins here may end."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise EndlessError
        if not items:
            yield at
            return
        (kind, told), rest = items[0], items[1:]
        yield from getattr(self, f"_{str(kind).lower()}")(told, rest, at)

    def _one(self, fits: bool, rest: list[Any], at: int) -> Iterator[int]:
        if fits:
            yield from self._ends(rest, at + 1)

    def _literal(self, code: int, rest: list[Any], at: int) -> Iterator[int]:
        return self._one(self._text[at : at + 1] == chr(code), rest, at)

    def _not_literal(self, code: int, rest: list[Any], at: int) -> Iterator[int]:
        return self._one(at < len(self._text) and self._text[at] != chr(code), rest, at)

    def _any(self, told: None, rest: list[Any], at: int) -> Iterator[int]:
        return self._one(at < len(self._text), rest, at)

    def _in(self, told: list[Any], rest: list[Any], at: int) -> Iterator[int]:
        return self._one(at < len(self._text) and is_one_of(told, self._text[at]), rest, at)

    def _branch(self, told: Any, rest: list[Any], at: int) -> Iterator[int]:
        for each in told[1]:
            yield from self._ends([*each, *rest], at)

    def _subpattern(self, told: Any, rest: list[Any], at: int) -> Iterator[int]:
        return self._ends([*told[3], *rest], at)

    def _max_repeat(self, told: Any, rest: list[Any], at: int, count: int = 0) -> Iterator[int]:
        low, high, body = told
        if count < high:
            for end in self._ends(list(body), at):
                if end > at:
                    yield from self._max_repeat(told, rest, end, count + 1)
        if count >= low:
            yield from self._ends(rest, at)

    _min_repeat = _max_repeat  # the same paths in another order

    def _at(self, told: Any, rest: list[Any], at: int) -> Iterator[int]:
        place = 0 if "BEGINNING" in str(told) else len(self._text)
        return self._ends(rest, at) if at == place else iter(())

    def _assert(self, told: Any, rest: list[Any], at: int) -> Iterator[int]:
        looks_back = told[0] < 0
        found = not looks_back and next(self._ends(list(told[1]), at), None) is not None
        return self._ends(rest, at) if found or looks_back else iter(())

    def _assert_not(self, told: Any, rest: list[Any], at: int) -> Iterator[int]:
        return self._ends(rest, at)  # at the worst it holds


CATEGORIES = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda one: one.isalnum() or one == "_",
    "CATEGORY_NOT_SPACE": lambda one: not one.isspace(),
}


def is_one_of(told: list[Any], one: str) -> bool:
    negated = str(told[0][0]) == "NEGATE"
    return negated is not any(_fits(str(kind), value, one) for kind, value in told[negated:])


def _fits(kind: str, value: Any, one: str) -> bool:
    if kind == "LITERAL":
        return one == chr(value)
    if kind == "RANGE":
        return value[0] <= ord(one) <= value[1]
    return bool(CATEGORIES[str(value)](one))


# --- texts that pump a pattern ---------------------------------------------------------------------------------------
Sample = str


def pumps(tree: list[Any], times: int, before: Sample = "") -> Iterator[str]:
    """Return texts that go through one repeat of the pattern so many times, and then fail."""
    for index, (kind, told) in enumerate(tree):
        lead = before + sample(tree[:index])
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            body = list(told[2])
            if told[1] >= UNBOUNDED:
                for each in {sample(body), sample(body, most=True)} - {""}:
                    yield from (lead + each * times + end for end in ("!", "\0", "", " "))
            yield from pumps(body, times, lead)
        elif name == "SUBPATTERN":
            yield from pumps(list(told[3]), times, lead)
        elif name == "BRANCH":
            for each in told[1]:
                yield from pumps(list(each), times, lead)


def sample(tree: list[Any], *, most: bool = False) -> Sample:
    """Return a short text that these items match; with `most` also through what may be left out."""
    return "".join(_sample(str(kind), told, most=most) for kind, told in tree)


def _sample(name: str, told: Any, *, most: bool) -> Sample:
    if name == "LITERAL":
        return chr(told)
    if name in ("ANY", "NOT_LITERAL"):
        return "a"
    if name == "IN":
        return next(one for one in "1 a,.-:~'\n!_" + "".join(map(chr, range(33, 127))) if is_one_of(told, one))
    if name == "BRANCH":
        return sample(list(told[1][0]), most=most)
    if name == "SUBPATTERN":
        return sample(list(told[3]), most=most)
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return sample(list(told[2]), most=most) * max(told[0], 1 if most else 0)
    return ""
