"""The reference of the Python client in docs/python-client.md, made from its signatures and docstrings.

`make types` writes it. Signatures are shown as the sources spell them.
"""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "clients/python/src"
PAGE = ROOT / "docs/python-client.md"
GROUPS = {
    "Clients": ["Client", "AsyncClient"],
    "Listening": ["Listener", "AsyncListener"],
    "Results": ["IngestResult", "RowResult", "RejectedRow"],
    "Errors": ["IntradayError", "ApiError", "RejectedError", "NoAnswerError", "ListenError"],
    "Functions": ["iso"],
}
"""The public names, in the order of the page. Kinds, which are values, have a table of their own."""
QUOTES = "\"'"
EXPLAINED = {name for names in GROUPS.values() for name in names}
HEAD = """<!-- Made by `make types` from the sources of the package: do not edit. -->
# Python client: reference

{intro}

The [README](../clients/python/README.md) of the package shows how they are used. `intraday_client.rows` has the types
of rows, whose fields [OpenAPI](/api/docs) explains; `intraday_client.protocol` those of events, which
[AsyncAPI](/asyncapi.json) explains.
"""


def page() -> str:
    package = _package()
    parts = [HEAD.format(intro=_words(package))]
    for heading, names in GROUPS.items():
        parts += [f"## {heading}\n", *(_entry(getattr(package, name)) for name in names)]
    text = "\n".join([*parts, _kinds(package), _options(), _events()])
    return _formatted(re.sub(r"\n{3,}", "\n\n", text))


def _formatted(text: str) -> str:
    """Format the code in the page, as `make fmt` would."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(PAGE), "-"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, input=text, text=True).stdout


def _package() -> ModuleType:
    if str(SOURCES) not in sys.path:
        sys.path.insert(0, str(SOURCES))
    return importlib.import_module("intraday_client")


def public_names() -> tuple[set[str], set[str]]:
    """Return the names that the package exports, and those that the page explains."""
    package = _package()
    kinds = {name for name, value in vars(package).items() if isinstance(value, package.Kind)}
    return set(package.__all__), EXPLAINED | kinds | {"Kind"}


def _entry(thing: Any) -> str:
    if not inspect.isclass(thing):
        return f"### {thing.__name__}\n\n{_code(_definition(thing))}\n{_words(thing)}\n"
    lines = [_first_line(thing), *(f"    {line}" for line in [*_fields(thing), *_constructor(thing)])]
    body = _code("\n".join(lines) if lines[1:] else f"{lines[0]} ...")
    members = (_member(thing, name, each) for name, each in _members(thing))
    return f"### {thing.__name__}\n\n{body}\n{_words(thing)}\n{''.join(members)}"


def _first_line(thing: type) -> str:
    base = thing.__bases__[0].__name__
    return f"class {thing.__name__}({base}):" if base in EXPLAINED else f"class {thing.__name__}:"


def _constructor(thing: type) -> list[str]:
    """Return the constructor, where programs are to call one that is written."""
    return [_definition(vars(thing)["__init__"])] if thing.__name__ in GROUPS["Clients"] else []


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yield public methods and properties, those of bases that are not public first, in the order of the sources."""
    for owner in reversed(thing.__mro__):
        is_ours = owner is thing or (owner.__module__.startswith("intraday_client") and owner.__name__ not in EXPLAINED)
        for name, each in vars(owner).items() if is_ours else ():
            if not name.startswith("_") and (inspect.isfunction(each) or isinstance(each, property)):
                yield name, each


def _member(thing: type, name: str, member: Any) -> str:
    """Return the entry of a method or property."""
    code = member.fget if isinstance(member, property) else member
    return f"\n#### {thing.__name__}.{name}\n\n{_code(_definition(code))}\n{_words(member)}\n"


def _fields(thing: type | ModuleType) -> list[str]:
    """Return the annotated names of a class or module, as its source spells them."""
    parsed = ast.parse(inspect.getsource(thing))
    body = parsed.body[0].body if isinstance(parsed.body[0], ast.ClassDef) else parsed.body
    found = [each for each in body if isinstance(each, ast.AnnAssign)]
    return [f"{ast.unparse(each.target)}: {ast.unparse(each.annotation).strip(QUOTES)}" for each in found]


def _definition(function: Any) -> str:
    """Return the signature as the source spells it, without the body."""
    [parsed] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(parsed, ast.FunctionDef | ast.AsyncFunctionDef)
    is_property = [ast.unparse(each) for each in parsed.decorator_list] == ["property"]
    parsed.body, parsed.decorator_list = [ast.Expr(ast.Constant(...))], []
    text = ast.unparse(parsed).replace(":\n    ...", ": ...")
    return f"@property\n{text}" if is_property else text


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _words(thing: Any) -> str:
    """Return the docstring as paragraphs."""
    text = inspect.cleandoc(thing.__doc__ or "") if _has_words(thing) else ""
    return f"\n{text}" if text and not isinstance(thing, ModuleType) else text


def _has_words(thing: Any) -> bool:
    """Tell whether the docstring is written: dataclasses get one that repeats their fields."""
    return bool(thing.__doc__) and not str(thing.__doc__).startswith(f"{getattr(thing, '__name__', '')}(")


def _kinds(package: ModuleType) -> str:
    """Return the table of kinds, with the type of their rows."""
    annotated = (field.split(": ") for field in _fields(importlib.import_module("intraday_client.kinds")))
    rows = [f"| `{name}` | `{kind}` | `{getattr(package, name).path}` |" for name, kind in annotated]
    return "\n".join(["## Kinds of rows\n", "| kind | its type | address |", "|---|---|---|", *rows, ""])


def _options() -> str:
    subscription = importlib.import_module("intraday_client.subscription")
    fields, words = _fields(subscription.ListenOptions), _words(subscription.ListenOptions)
    return f"## Options of listen\n\n{_code(chr(10).join(fields))}\n{words}\n"


def _events() -> str:
    protocol = importlib.import_module("intraday_client.protocol")
    rows = [f"| `{event}` | `{each.__name__}` |" for event, each in protocol.EVENTS.items()]
    return "\n".join(["## Events", _words(protocol.LogEvent), "", "| event | class |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page())
