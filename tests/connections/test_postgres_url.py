"""DATABASE_URL: what it means, and what is said of one that cannot be read."""

from pathlib import Path

import pytest

from intraday.connections import UrlError, postgres_url
from intraday.connections.roles import COMMAND, NETWORK, WEB, libpq_defaults, role_of

DIFFICULT = "p@:/?#%"
ENCODED = "p%40%3A%2F%3F%23%25"

PLACES = {
    "postgresql://db.example/intraday": ("db.example", "", "", "", "intraday"),
    "postgres://ann:secret@db.example:5433/intraday": ("db.example", "5433", "ann", "secret", "intraday"),
    f"postgresql://an%40n:{ENCODED}@db/a%2Fb": ("db", "", "an@n", DIFFICULT, "a/b"),
    "postgresql://ann:p?s@db/intraday": ("db", "", "ann", "p?s", "intraday"),  # libpq takes it
    "postgresql://[::1]:5433/intraday": ("::1", "5433", "", "", "intraday"),
    "postgresql://a:1,b:2,c/intraday": ("a,b,c", "1,2,", "", "", "intraday"),
    "postgresql:///intraday?host=/run/postgresql&port=5433": ("/run/postgresql", "5433", "", "", "intraday"),
    "postgresql://%2Frun%2Fpostgresql/intraday": ("/run/postgresql", "", "", "", "intraday"),
}


@pytest.mark.parametrize(("url", "place"), PLACES.items())
def test_the_place_and_the_account(url: str, place: tuple[str, ...]):
    entry = postgres_url.read(url)
    assert tuple(entry[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME")) == place


PARAMETERS = {
    "sslmode=verify-full&sslrootcert=system": {"sslmode": "verify-full", "sslrootcert": "system"},
    "connect_timeout=3&target_session_attrs=primary": {"connect_timeout": "3", "target_session_attrs": "primary"},
    "options=-c%20search_path%3Dintraday": {"options": "-c search_path=intraday"},
    "keepalives_idle=9&tcp_user_timeout=1000": {"keepalives_idle": "9", "tcp_user_timeout": "1000"},
    "channel_binding=require&gssencmode=disable": {"channel_binding": "require", "gssencmode": "disable"},
}


@pytest.mark.parametrize(("query", "options"), PARAMETERS.items())
def test_every_parameter_of_libpq_arrives(query: str, options: dict[str, str]):
    assert postgres_url.read(f"postgresql://db/intraday?{query}")["OPTIONS"] == options


def test_the_url_overrides_our_timeouts_and_its_options_come_last():
    query = "connect_timeout=2&options=-c%20lock_timeout%3D1"
    options = postgres_url.read(f"postgresql://db/i?{query}", defaults=libpq_defaults(WEB, "web"))["OPTIONS"]
    assert options["connect_timeout"] == "2"
    assert options["tcp_user_timeout"] == NETWORK["tcp_user_timeout"]
    assert options["application_name"] == "intraday web"
    assert options["options"] == (
        "-c statement_timeout=20000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
        " -c lock_timeout=1"
    )


def test_commands_by_hand_wait_for_ever():
    options = postgres_url.read("postgresql://db/i", defaults=libpq_defaults(COMMAND, "migrate"))["OPTIONS"]
    assert "statement_timeout=0 " in options["options"]


def test_of_several_hosts_the_one_that_takes_changes_is_used():
    assert postgres_url.read("postgresql://a,b/i")["OPTIONS"] == {"target_session_attrs": "read-write"}
    assert postgres_url.read("postgresql://a,b/i?target_session_attrs=any")["OPTIONS"]["target_session_attrs"] == "any"


WRONG = {
    "postgresql://db/i?sslmod=require": 'invalid URI query parameter: "sslmod"',
    "postgresql://db/i?sslmode": "key/value separator",
    "postgresql://db/i?sslmode=verify": "sslmode must be one of",
    "postgresql://db/i?target_session_attrs=master": "target_session_attrs must be one of",
    "postgresql://db/i?sslrootcert=/nowhere/ca.pem": "/nowhere/ca.pem, which is no file",
    "postgresql://ann:pa/secret@db/i": "the port must be a number",
    "postgresql://db": "names no database",
    "postgresql://ann:secr%zzet@db/i": "Percent-encode",
    "postgresql://ann:secret@[db/i": "Percent-encode",
    "sqlite:///secret.sqlite3": "must begin with postgresql://",
    "mysql://ann:secret@db/i": "must begin with postgresql://",
}


@pytest.mark.parametrize(("url", "reason"), WRONG.items())
def test_a_wrong_url_is_refused_with_its_reason_and_without_its_password(url: str, reason: str):
    with pytest.raises(UrlError) as refusal:
        postgres_url.read(url)
    assert reason in str(refusal.value)
    assert "secr" not in str(refusal.value)


def test_a_certificate_that_exists_is_taken(tmp_path: Path):
    (file := tmp_path / "ca.pem").touch()
    assert postgres_url.read(f"postgresql://db/i?sslrootcert={file}")["OPTIONS"] == {"sslrootcert": str(file)}


ROLES = {
    "/app/.venv/bin/celery -A intraday.celery worker": "worker",
    "/lib/site-packages/celery/__main__.py -A intraday.celery beat": "worker",
    "manage.py serve --port 5000": "web",
    "manage.py up": "web",
    "/app/manage.py migrate": "command",
    "manage.py shell": "command",
    "manage.py": "command",
    "/app/.venv/bin/daphne intraday.asgi:application": "web",
}


@pytest.mark.parametrize(("command", "role"), ROLES.items())
def test_the_role_of_a_process_is_seen_in_its_command(command: str, role: str):
    assert role_of(command.split()) == role
