"""The vocabulary of the product, checked: `python -m tests.vocabulary` fails on words that the field does not use.

Names of modules, classes and public functions are checked. Words of OLD_WORDS may not be part of a name inside their
package; names of ONE_THING may be defined once, so that a name means one thing.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.structure import PACKAGES, ROOT

# Per package, each word and the field's word for the same.
OLD_WORDS: dict[str, dict[str, str]] = {
    "kpi": {
        "known": "inputs",
        "facts": "load_inputs, or ingest",
        "edge": "rounding",
        "grid": "day_intervals",
        "currents": "latest",
        "sums": "totals",
        "told": "stored, or published",
    },
    "attendance": {
        "spell": "status_period",
        "spells": "status_periods",
        "duty": "scheduled_period",
        "duties": "scheduled_periods",
        "stands": "headcounts",
        "movement": "check_event",
        "movements": "check_events",
        "roster": "shifts",
        "schedule": "shifts",
        "terms": "choices",
        "currents": "latest",
    },
    "alerts": {
        "board": "evaluation_state",
        "journal": "changes",
        "attend": "run_timers",
        "attending": "timers",
        "sweep": "resolve_unreachable",
        "mute": "inhibit",
        "muted": "inhibited",
        "muting": "inhibition",
        "terms": "choices",
        "definition": "compiled_rule",
        "editing": "rule_services",
        "owner": "rule",
        "pack": "default_rules",
        "outgoing": "notifications",
        "wording": "messages",
        "settle": "classify",
        "known": "possible",
    },
    "backlog": {
        "currents": "latest",
        "crown": "mark_latest",
        "settle": "classify",
        "says": "reported",
        "stated": "reported",
        "sums": "totals",
    },
    "realtime": {
        "watch": "revocation",
        "gathered": "data_loader",
        "follower": "subscription",
        "followers": "subscriptions",
        "keyed": "conflation",
        "wish": "subscribe_request",
        "held": "stored_cursor",
        "said": "login",
        "renew": "resync",
        "hold": "pause",
        "still": "is_paused",
    },
    "intraday": {
        "intake": "feed_health",
        "probes": "health",
        "booking": "feed_log",
        "booked": "feed_log",
        "ledger": "sequence_check",
        "tally": "replay_stats",
        "sweep": "item_snapshots",
        "attend": "run_timers",
        "tell": "send_notifications",
        "reports": "api_rows",
        "world": "scenario",
        "instants": "timeline",
    },
    "console": {"burn": "critical", "burning": "critical", "told": "notified"},
    "clients": {"told": "notified"},
}
# Riddles in any package.
OLD_WORDS_EVERYWHERE = {
    "believe": "authenticate",
    "admit": "attach",
    "expel": "detach",
    "behind": "fell_behind",
    "stated": "reported",
    "says": "reported",
    "trail": "history",
    "whoever": "the actor's name",
}
# Words that the field also uses for something else: no module or class is called by them alone.
OLD_NAMES: dict[str, set[str]] = {
    "kpi": {"queues", "parts", "feed"},
    "alerts": {"outbox", "hours", "metrics", "record", "records"},
    "realtime": {"start", "reads", "live", "log"},
    "intraday": {"people", "lines", "report", "acd", "feeds"},
}

ONE_THING = (
    *("Feed", "Channel", "Rule", "Status", "EscalationStep", "NoDataMode"),
    *("metrics", "instants", "channels", "log"),
)

# Both lists only shrink: an entry that is no longer found fails the check, too.
ALLOWED = {
    "kpi/day/intervals.py GridInterval": "the name of a component of the published API schema",
    "intraday/feed_health/models.py behind_minutes": "minutes that a feed's clock is behind",
    "intraday/feed_health/offset.py behind_minutes": "minutes that a feed's clock is behind",
    "realtime/hub/catching_up.py fell_behind": "the field's word for a slow consumer",
}

SCRIPT_NAMES = re.compile(r"^(?:export )?(?:async )?(function|class|interface|type) (\w+)", re.MULTILINE)


class Name(NamedTuple):
    """A name that a file of the product defines, or the file's own name."""

    path: str
    name: str
    kind: str  # "module", "class" or "function"
    is_top_level: bool

    @property
    def package(self) -> str:
        return self.path.partition("/")[0]

    @property
    def words(self) -> list[str]:
        return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", self.name)]


def names_of_product(root: Path = ROOT) -> Iterator[Name]:
    """Yield modules, classes and public functions; migrations are history and keep their words."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not {"migrations", "static"} & set(path.parts):
                yield from names_of(str(path.relative_to(root)), path.read_text())


def names_of(path: str, source: str) -> Iterator[Name]:
    module = Path(path).parent if path.endswith("__init__.py") else Path(path)
    yield Name(path, module.stem, "module", is_top_level=True)
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            yield Name(path, node.name, kind, is_top_level=node in tree.body)


def names_of_front_end(root: Path = ROOT) -> Iterator[Name]:
    """Yield the modules of the console and of the TypeScript client with what they define at the top."""
    for folder in ("console/src", "clients/typescript/src"):
        for path in sorted((root / folder).rglob("*.ts*")):
            yield from names_of_script(str(path.relative_to(root)), path.read_text())


def names_of_script(path: str, source: str) -> Iterator[Name]:
    yield Name(path, Path(path).stem, "module", is_top_level=True)
    for kind, name in SCRIPT_NAMES.findall(source):
        yield Name(path, name, "function" if kind == "function" else "class", is_top_level=True)


def odd_words(names: list[Name]) -> dict[str, str]:
    """Return the fault of each name, by file and name."""
    found = {}
    for each in names:
        old = OLD_WORDS_EVERYWHERE | OLD_WORDS.get(each.package, {})
        for word in each.words:
            if word in old:
                found[f"{each.path} {each.name}"] = f"{word} is not the field's word: {old[word]} is"
        if each.kind in ("module", "class") and each.name.lower() in OLD_NAMES.get(each.package, ()):
            found[f"{each.path} {each.name}"] = f"{each.name} alone does not say which"
    return found


def doubled(names: list[Name]) -> list[str]:
    """Return the names of ONE_THING that are defined more than once."""
    counts = Counter(each.name for each in names if each.is_top_level)
    return [name for name in ONE_THING if counts[name] > 1]


def faults() -> Iterator[str]:
    names = list(names_of_product())
    found = odd_words([*names, *names_of_front_end()])
    for place in found.keys() - ALLOWED.keys():
        yield f"{place}: {found[place]}. Rename it, or put it on ALLOWED with a reason."
    for place in ALLOWED.keys() - found.keys():
        yield f"{place} is no longer there: take it off ALLOWED."
    for name in doubled(names):
        yield f"{name} names two things: " + ", ".join(each.path for each in names if each.name == name)


if __name__ == "__main__":
    sys.exit("\n".join(sorted(faults())) or 0)
