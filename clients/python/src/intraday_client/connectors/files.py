"""The file in which a feed keeps its state, and its configuration."""

import json
import logging
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intraday_client.errors import IntradayError
from intraday_client.kinds import Kind

log = logging.getLogger("intraday_client")


class Post(Protocol):
    """Posts rows of one kind."""

    def __call__(self, kind: Kind[Any], rows: list[dict[str, Any]]) -> None: ...


class ConfigError(IntradayError):
    """The configuration cannot be used; the text says which entry."""


def read_state(path: Path) -> dict[str, Any]:
    """Return the state, or an empty one where there is none yet."""
    try:
        return json.loads(path.read_text())  # type: ignore[no-any-return]
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigError(f"{path} is no state of a feed ({error}): restore or remove it") from error


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Replace the file as a whole: after a crash it is the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with new.open("w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_config(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error


def take(config: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    """Take an entry out of the configuration. Raises ConfigError if it is missing or of another type."""
    value = config.pop(name, default)
    if value is None:
        raise ConfigError(f"{name} is missing in the configuration")
    return _typed(name, value, kind)


def take_table(config: dict[str, Any], name: str, kind: type) -> dict[str, Any]:
    """Take a table out of the configuration, all of its values of one type; an empty one where there is none."""
    return {key: _typed(f"{name}.{key}", value, kind) for key, value in take(config, name, dict, {}).items()}


def take_zone(config: dict[str, Any], name: str, default: str) -> ZoneInfo:
    zone = take(config, name, str, default)
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"{name} = {zone!r} is no IANA time zone, such as Europe/Berlin") from None


def _typed(name: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ConfigError(f"{name} = {value!r} is not of the type {kind.__name__}")
    return value


def warn_unless_readable(path: Path) -> None:
    """Say once what a feed would wait for in silence; it may still come to be."""
    if not os.access(path, os.R_OK):
        log.warning("%s is not there, or may not be read by this user: is the path right? Waiting for it", path)


def nothing_left(config: Mapping[str, Any]) -> None:
    if config:
        raise ConfigError(f"unknown in the configuration: {', '.join(sorted(config))}")
