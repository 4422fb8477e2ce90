"""`make release`, in a clone: what it packs, and what it refuses."""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from tests.documents import ROOT

VERSION = "9.8.7"
NAMES = {f"GIT_{who}_{what}": "tester@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
CHANGED = "\n- People see a new thing.\n"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose changelog has something to release."""
    for name, value in NAMES.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(folder))
    changelog = folder / "CHANGELOG.md"
    before, heading, after = changelog.read_text().partition("## Unreleased\n")
    older = after.partition("\n## ")[2]
    changelog.write_text(f"{before}{heading}{CHANGED}\n## {older}")
    git(folder, "commit", "--quiet", "--all", "--message", "Changelog")
    return folder


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def release(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/release.py", *words]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_a_release_is_committed_tagged_and_packed_and_not_pushed(clone: Path):
    refs = git(ROOT, "for-each-ref")
    done = release(clone, VERSION)
    assert done.returncode == 0, done.stderr
    assert "Nothing was pushed" in done.stdout
    assert git(ROOT, "for-each-ref") == refs
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "describe") == f"v{VERSION}"
    assert CHANGED.strip() in git(clone, "tag", "--list", "--format=%(contents)", f"v{VERSION}")
    assert tomllib.loads((clone / "pyproject.toml").read_text())["project"]["version"] == VERSION
    assert f"## Unreleased\n\n## {VERSION} (" in (clone / "CHANGELOG.md").read_text()
    packed = clone / "dist" / f"intraday-{VERSION}"
    for line in (packed / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((packed / name).read_bytes()).hexdigest() == digest
    with tarfile.open(packed / f"intraday-{VERSION}.tar.gz") as sources:
        assert f"intraday-{VERSION}/manage.py" in sources.getnames()
    python, npm = (json.loads((packed / f"sbom-{name}.json").read_text()) for name in ("python", "npm"))
    assert {python["bomFormat"], npm["bomFormat"]} == {"CycloneDX"}
    assert {"django", "channels"} <= {each["name"] for each in python["components"]}
    assert python["metadata"]["component"]["version"] == VERSION
    assert "react" in {each["name"] for each in npm["components"]}
    assert len(list(packed.glob("intraday-realtime-*.tgz"))) == 1
    assert [each.name for each in packed.glob("*.whl")] == [f"intraday_client-{VERSION}-py3-none-any.whl"]
    again = release(clone, VERSION)
    assert (again.returncode, "tagged already" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("version", "spoil", "said"),
    [
        ("1.2", lambda clone: None, "no version such as"),
        (VERSION, lambda clone: (clone / "README.md").write_text("x"), "The tree has changes"),
        (VERSION, lambda clone: (clone / "new.txt").write_text("x"), "new.txt"),
        (VERSION, lambda clone: empty_changelog(clone), "nothing under Unreleased"),
    ],
    ids=["version", "changed", "new", "changelog"],
)
def test_a_release_that_is_refused_changes_nothing(clone: Path, version: str, spoil: object, said: str):
    spoil(clone)  # type: ignore[operator]
    before = git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD"), git(clone, "tag")
    done = release(clone, version)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert (git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD"), git(clone, "tag")) == before
    assert not (clone / "dist").exists()


def empty_changelog(clone: Path) -> None:
    path = clone / "CHANGELOG.md"
    path.write_text(path.read_text().replace(CHANGED, ""))
    git(clone, "commit", "--quiet", "--all", "--message", "Nothing")


def test_the_version_stands_in_one_place():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    served = git(
        ROOT, "grep", "--files-with-matches", "--fixed-strings", f'"{version}"', "--", "*.py", "*.toml", "docker"
    )
    places = [place for place in served.splitlines() if not place.startswith("tests/")]
    assert places == ["pyproject.toml"]
