"""The Python client's generated types, and its wheel: `python -m scripts.python_client types|wheel`.

The types come from the two documents that all clients are made from: the JSON Schema of the messages
(`manage.py protocol`) and the OpenAPI document. The wheel is the same byte by byte whenever and wherever it is built.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "clients/python"
MODULES = PACKAGE / "src/intraday_client"
SERVED = ROOT / "intraday/static/intraday/client"
TABLES = ("Requests", "Answers", "Events", "Channels", "Reserved")
"""Definitions of the schema that list messages and are none."""
PATHS = {
    "BacklogSnapshot": "/api/intraday/backlog/batch-ingest",
    "IntervalOrAgents": "/api/intraday/kpi/batch-ingest",
    "Forecast": "/api/intraday/kpi/forecast/batch-ingest",
    "Shift": "/api/intraday/attendance/shifts/batch-ingest",
    "AttendanceRecord": "/api/intraday/attendance/batch-ingest",
    "AgentState": "/api/intraday/attendance/states/batch-ingest",
}
"""The type of a row, and the address that takes batches of it."""
SHARED = (
    "intraday/api_client/retry_after.py",
    "intraday/api_client/rows.py",
    "intraday/replay/cells.py",
    "intraday/replay/kinds.py",
    "intraday/replay/mapping.py",
    "intraday/replay/table_file.py",
    "intraday/replay/timeline.py",
    "intraday/values/names.py",
)
"""Modules of the server of which the package has copies, since it is installed without the server."""
Schema = dict[str, Any]


def protocol_module(schema: Schema) -> str:
    definitions = {name: each for name, each in schema["definitions"].items() if name not in TABLES}
    title = '"""Messages that the server sends and takes on /ws. Made by `make types`: do not edit."""'
    return f"{title}\n\n{_types(definitions)}\n\n{_events(schema['definitions']['Events']['properties'])}"


def rows_module(openapi: Schema) -> str:
    title = '"""The rows that feeds post. Made by `make types`: do not edit."""'
    return f"{title}\n\n{_types(_row_types(openapi))}"


def _row_types(openapi: Schema) -> Schema:
    """Return the types of rows, under names of their own, with all that they refer to."""
    components, found = openapi["components"]["schemas"], Schema()
    for name, path in PATHS.items():
        body = openapi["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        rows = components[_name(body["$ref"])]["properties"]["items"]["items"]["$ref"]
        _collect(_name(rows), components, found, as_=name)
    text = json.dumps(found).replace("#/components/schemas/", "#/definitions/")
    return json.loads(text.replace('Request"', '"'))  # type: ignore[no-any-return]


def _collect(name: str, components: Schema, found: Schema, *, as_: str = "") -> None:
    plain = as_ or name.removesuffix("Request")
    if plain in found:
        return
    found[plain] = {key: value for key, value in components[name].items() if key not in ("example", "examples")}
    for reference in sorted(_references(components[name])):
        _collect(reference, components, found)


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {_name(value["$ref"])} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _types(definitions: Schema) -> str:
    """Return the TypedDicts of the definitions, made by datamodel-code-generator."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "datamodel_code_generator", "--input", "schema.json", "--output", "types.py"]
        command += [f"--{option}" for option in OPTIONS]
        Path(folder, "schema.json").write_text(json.dumps({"definitions": definitions}))
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        text = Path(folder, "types.py").read_text()
    return text.partition("\n\n")[2].replace("Model: TypeAlias = Any\n\n\n", "").strip()


OPTIONS = (
    "input-file-type=jsonschema",
    "output-model-type=typing.TypedDict",
    "target-python-version=3.11",
    "use-schema-description",
    "enum-field-as-literal=all",
    "disable-timestamp",
    "formatters=builtin",
    "additional-imports=dataclasses.dataclass,typing.Generic,typing.TypeVar",
)


def _events(events: Schema) -> str:
    """Return a class for each event of the log, by which programs tell them apart (`match event: case …`)."""
    names = {event: _class_name(event) for event in events}
    classes = "\n\n\n".join(
        f'class {name}(LogEvent[{_name(events[event]["$ref"])}]):\n    """`{event}`"""' for event, name in names.items()
    )
    known = "\n".join(f'    "{event}": {name},' for event, name in names.items())
    union = " | ".join([*names.values(), "SnapshotEvent", "ResyncEvent"])
    return f"{BASE}\n\n\n{classes}\n\n\nEVENTS: dict[str, type] = {{\n{known}\n}}\nAnyEvent: TypeAlias = {union}\n"


def _class_name(event: str) -> str:
    return "".join(part.capitalize() for part in event.split(":")) + "Event"


BASE = '''
Data = TypeVar("Data")


@dataclass(frozen=True, kw_only=True)
class LogEvent(Generic[Data]):
    """An event of the log: `seq` counts in its `stream` without gaps, as long as the `epoch` is the same.

    `replayed`: it was missed, and comes now. `redelivered`: how often it came again for want of a receipt.
    """

    event: str
    data: Data
    stream: str
    epoch: str
    seq: int
    ts: str = ""
    requires_ack: bool = False
    replayed: bool = False
    redelivered: int = 0


class SnapshotEvent(LogEvent[SnapshotData]):
    """`<channel>:snapshot`: all that is known of the rooms; it replaces what you hold of them."""


class ResyncEvent(LogEvent[Resync]):
    """`<channel>:resync`: something could not be had: fetch the scope anew."""
'''.strip()


def modules() -> dict[Path, str]:
    """Return the text of each generated module, formatted."""
    openapi = json.loads(_manage("spectacular", "--format", "openapi-json"))
    texts = {"protocol.py": protocol_module(json.loads(_manage("protocol"))), "rows.py": rows_module(openapi)}
    texts |= {f"shared/{Path(path).name}": _copied(path) for path in SHARED}
    return {MODULES / name: _formatted(text) for name, text in texts.items()}


def _copied(path: str) -> str:
    """Return the module with imports of the package's own."""
    text = re.sub(r"from intraday\.(?:api_client|replay|values)\.(\w+) import", OWN_IMPORT, (ROOT / path).read_text())
    return f"# Made by `make types` from {path}: do not edit.\n{text}"


OWN_IMPORT = r"from intraday_client.shared.\1 import"


def _manage(*words: str) -> str:
    """Return what the command prints, without starting Django anew for each."""
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def _formatted(text: str) -> str:
    for words in (["check", "--fix-only", "--quiet"], ["format"]):
        command = [sys.executable, "-m", "ruff", *words, "--stdin-filename", str(MODULES / "protocol.py"), "-"]
        text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, input=text, text=True).stdout
    return text


def build(folder: Path) -> Path:
    """Build the wheel into the folder. Hatchling gives all files one date, unless SOURCE_DATE_EPOCH says another."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(command, cwd=PACKAGE, check=True, capture_output=True, env=environment)
    [wheel] = folder.glob("*.whl")
    return wheel


def serve_wheel() -> Path:
    """Put the wheel of this version where the server serves it; those of earlier versions stay."""
    with TemporaryDirectory() as folder:
        return Path(shutil.copy(build(Path(folder)), SERVED))


def main(words: list[str]) -> str | int:
    if words == ["types"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
        django.setup()
        for path, text in modules().items():
            path.write_text(text)
    elif words == ["wheel"]:
        serve_wheel()
    else:
        return "Usage: python -m scripts.python_client types|wheel"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
