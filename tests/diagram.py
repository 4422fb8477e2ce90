"""The diagram of rooms and arrows in docs/architecture.md: `python -m tests.diagram` fails where it is stale.

`python -m tests.diagram --write` (or `make diagram`) writes it anew from the imports of the code.
"""

import sys

from tests.structure import PACKAGES, ROOT, Imports, imports_of_product, reachable

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- rooms: written by make diagram -->\n"
END = "<!-- end of rooms -->\n"
FACE, BASE = "face", "base"


def rooms_of(imports: Imports) -> dict[str, str]:
    """Return the room of each module.

    The modules at the top of an app lie in its face, apart from those that its rooms import: these are its base, and
    stand alone where they import a room themselves.
    """
    rooms = {module: _folder(module, imports) for module in imports}
    used_by_rooms = {
        target
        for module, targets in imports.items()
        if not rooms[module].endswith(f".{FACE}")
        for target in targets
        if rooms[target] == f"{_app(module)}.{FACE}" and target.count(".") == 1
    }
    alone = {module for module in used_by_rooms if _imports_room(module, imports, rooms)}
    return rooms | {module: module if module in alone else f"{_app(module)}.{BASE}" for module in used_by_rooms}


def _imports_room(module: str, imports: Imports, rooms: dict[str, str]) -> bool:
    """Say whether a module imports a room of its app, directly or through other modules of the app's face."""
    inside = {target for target in imports[module] if _app(target) == _app(module)}
    return any(not rooms[target].endswith(f".{FACE}") or _imports_room(target, imports, rooms) for target in inside)


def _app(module: str) -> str:
    return module.partition(".")[0]


def _folder(module: str, imports: Imports) -> str:
    """Return the folder of a module; an app's own folder and its admin pages are its face."""
    is_folder = any(other.startswith(f"{module}.") for other in imports)
    folder = module if is_folder else module.rpartition(".")[0]
    is_admin_page = "admin" in module.split(".") and _app(module) != "intraday"
    return f"{_app(module)}.{FACE}" if folder in PACKAGES or is_admin_page else folder


def arrows_of(imports: Imports, rooms: dict[str, str]) -> Imports:
    """Return the rooms that each room imports."""
    arrows: Imports = {room: set() for room in rooms.values()}
    for module, targets in imports.items():
        arrows[rooms[module]] |= {rooms[target] for target in targets} - {rooms[module]}
    return arrows


def reduced(arrows: Imports) -> Imports:
    """Leave out each arrow that a way through another room implies; arrows between rooms of one circle stay."""
    reached = {room: reachable(arrows, room) for room in arrows}

    def is_implied(room: str, target: str) -> bool:
        return any(
            target in reached[other] and room not in reached[other] and other not in reached[target]
            for other in arrows[room]
        )

    return {room: {target for target in targets if not is_implied(room, target)} for room, targets in arrows.items()}


def mermaid(arrows: Imports) -> str:
    """Return the rooms as a Mermaid flow chart, one frame per app; rooms without arrows are left out."""
    lines = ["flowchart TB"]
    for app in PACKAGES:
        if drawn := sorted(room for room in arrows if _app(room) == app and _is_drawn(room, arrows)):
            lines += [f"  subgraph {app}", *(f'    {_node(room)}["{_label(room)}"]' for room in drawn), "  end"]
    lines += [f"  {_node(room)} --> {_node(target)}" for room in sorted(arrows) for target in sorted(arrows[room])]
    return "\n".join(lines)


def _is_drawn(room: str, arrows: Imports) -> bool:
    return bool(arrows[room]) or any(room in targets for targets in arrows.values())


def _node(room: str) -> str:
    return room.replace(".", "_")


def _label(room: str) -> str:
    app, _, name = room.partition(".")
    return f"{app}: {name}" if name in {FACE, BASE} else name.replace(".", "/")


def section() -> str:
    imports = imports_of_product()
    return f"{BEGIN}```mermaid\n{mermaid(reduced(arrows_of(imports, rooms_of(imports))))}\n```\n{END}"


def replaced(page: str, drawing: str) -> str:
    """Return the page with another drawing between the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no place for the diagram: put these lines into it: {BEGIN}{END}")
    return before + drawing + after


def main(arguments: list[str]) -> str | None:
    page = PAGE.read_text()
    fresh = replaced(page, section())
    if "--write" in arguments:
        PAGE.write_text(fresh)
    elif page != fresh:
        return f"The diagram in {PAGE.relative_to(ROOT)} is stale: write it with make diagram."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
