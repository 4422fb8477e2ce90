"""The structure of the product, checked: `python -m tests.structure` fails on circles of imports and crowded folders.

An import inside a function or under TYPE_CHECKING counts like any other: it hides a circle and does not end it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("intraday", "alerts", "kpi", "backlog", "attendance", "realtime")
MAX_MODULES = 15

# Both lists only shrink: an entry that is no longer true fails the check, too.
KNOWN_CIRCLES: set[frozenset[str]] = set()
KNOWN_CROWDED: set[str] = set()

Imports = dict[str, set[str]]


def imports_of_product() -> Imports:
    """Return the product modules that each product module imports, migrations left out."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=False)
    modules = {module for module in graph.modules if ".migrations" not in module}
    return {module: graph.find_modules_directly_imported_by(module) & modules for module in modules}


def circles(imports: Imports) -> set[frozenset[str]]:
    """Return the groups of modules that import one another, directly or through others."""
    within = _without_ends(imports)
    reached = {module: reachable(within, module) for module in within}
    groups = {frozenset(other for other in reached[module] if module in reached[other]) for module in within}
    return {group for group in groups if group}


def _without_ends(imports: Imports) -> Imports:
    """Drop modules that import nothing or that nothing imports until only those in or between circles are left."""
    left = dict(imports)
    while True:
        imported = set().union(*left.values()) if left else set()
        kept = {module: targets & left.keys() for module, targets in left.items() if targets and module in imported}
        kept = {module: targets & kept.keys() for module, targets in kept.items()}
        if kept == left:
            return left
        left = kept


def reachable(imports: Imports, start: str) -> set[str]:
    """Return what the start imports, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for target in imports[waiting.pop()] - found:
            found.add(target)
            waiting.append(target)
    return found


def crowded_folders(root: Path = ROOT) -> dict[str, int]:
    """Return folders with more than MAX_MODULES modules; `__init__`, migrations and the client do not count."""
    folders: dict[str, int] = {}
    for package in PACKAGES:
        for path in (root / package).rglob("*.py"):
            folder = path.parent.relative_to(root)
            if path.name != "__init__.py" and not {"migrations", "client"} & set(folder.parts):
                folders[str(folder)] = folders.get(str(folder), 0) + 1
    return {folder: count for folder, count in folders.items() if count > MAX_MODULES}


def faults() -> Iterator[str]:
    found = circles(imports_of_product())
    for circle in found - KNOWN_CIRCLES:
        yield f"These modules import one another: {', '.join(sorted(circle))}. Pass what is needed as an argument."
    for circle in KNOWN_CIRCLES - found:
        yield f"This circle is gone or has changed: take it off KNOWN_CIRCLES: {', '.join(sorted(circle))}."
    crowded = crowded_folders()
    for folder in crowded.keys() - KNOWN_CROWDED:
        yield f"{folder} holds {crowded[folder]} modules, at most {MAX_MODULES} are allowed: make a room for some."
    for folder in KNOWN_CROWDED - crowded.keys():
        yield f"{folder} is no longer crowded: take it off KNOWN_CROWDED."


if __name__ == "__main__":
    sys.exit("\n".join(sorted(faults())) or 0)
