"""DATABASE_URL as libpq reads it: every parameter that libpq knows, several hosts, encoded passwords."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from intraday.connections import ENCODE, UrlError

OWN_FIELDS = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
CHOICES = {
    "sslmode": {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
    "target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
}
NAMES_A_PARAMETER = ("invalid URI query parameter", "key/value separator")  # libpq's; others may quote a password


def read(url: str, *, defaults: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the entry of Django's DATABASES for this URL; `defaults` are libpq parameters that it may override.

    Raises UrlError.
    """
    ours, stated = defaults or {}, _parameters(url)
    parameters = {**ours, **stated}
    if "," in parameters.get("host", ""):  # after a failover the other one is the primary
        parameters.setdefault("target_session_attrs", "read-write")
    options = " ".join(filter(None, [ours.get("options"), stated.get("options")]))
    entry: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql"}
    entry |= {field: parameters.pop(name, "") for name, field in OWN_FIELDS.items()}
    return entry | {"OPTIONS": parameters | ({"options": options} if options else {})}


def _parameters(url: str) -> dict[str, str]:
    if not url.startswith(("postgresql://", "postgres://")):
        raise UrlError("DATABASE_URL must begin with postgresql:// or be unset, for the embedded database.")
    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError as error:
        raise UrlError(f"DATABASE_URL cannot be read: {_reason(error)}") from None
    if not {"dbname", "service"} & parameters.keys():
        raise UrlError("DATABASE_URL names no database: it must end like postgresql://host/intraday.")
    _check_values(parameters)
    return parameters


def _reason(error: ProgrammingError) -> str:
    said = str(error).strip()
    if any(part in said for part in NAMES_A_PARAMETER) and "@" not in said:  # else it is the rest of a password
        return f"{said}. Parameters are those of libpq, such as sslmode and connect_timeout."
    return ENCODE


def _check_values(parameters: Mapping[str, str]) -> None:
    if not all(port.isdigit() for port in parameters.get("port", "").split(",") if port):
        raise UrlError(f"DATABASE_URL: the port must be a number. {ENCODE}")
    for name, choices in CHOICES.items():
        if name in parameters and parameters[name] not in choices:
            raise UrlError(f"DATABASE_URL: {name} must be one of {', '.join(sorted(choices))}.")
    for name in FILES:
        path = parameters.get(name, "")
        if path and path != "system" and not Path(path).is_file():
            raise UrlError(f"DATABASE_URL: {name} names {path}, which is no file here.")
