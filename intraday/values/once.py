"""Say a thing once, not at every round. Pure."""

from collections.abc import Hashable


class Once:
    """Remembers, for each thing that is wrong, what was said of it last."""

    MOST = 10_000  # things; then it forgets, and says them again

    def __init__(self) -> None:
        self._said: dict[Hashable, str] = {}

    def is_news(self, thing: Hashable, saying: str) -> bool:
        if self._said.get(thing) == saying:
            return False
        if len(self._said) >= self.MOST:
            self._said.clear()
        self._said[thing] = saying
        return True

    def is_over(self, thing: Hashable) -> bool:
        """Return whether something was said of it; it is forgotten."""
        return self._said.pop(thing, None) is not None
