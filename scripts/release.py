"""Make a release: `make release VERSION=0.2.0`. It commits, tags and packs; it never pushes.

In dist/intraday-VERSION/ it leaves the sources, the npm and the Python package, a bill of materials of each language
(CycloneDX), the section of the changelog, and checksums. Whatever is missing is said before anything is changed.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path.cwd()
CHANGELOG, PROJECT = ROOT / "CHANGELOG.md", ROOT / "pyproject.toml"
CLIENT = ROOT / "intraday/static/intraday/client"
UNRELEASED = "## Unreleased\n"
HELP = "Usage: make release VERSION=1.2.3, on a clean tree, with Node.js and its npm."


class ReleaseError(Exception):
    """Why there is no release; nothing was changed."""


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def release(version: str) -> Path:
    """Return the folder with what was packed. Raises ReleaseError."""
    check(version)
    target = ROOT / "dist" / f"intraday-{version}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    notes = section()
    try:
        CHANGELOG.write_text(CHANGELOG.read_text().replace(UNRELEASED, heading(version), 1))
        PROJECT.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', PROJECT.read_text(), count=1))
        list_materials(target, version)
        wheel = build_wheel(version)
        git("add", "--", str(wheel))
        git("commit", "--quiet", "--message", f"Release {version}", "--", CHANGELOG.name, PROJECT.name, str(wheel))
    except (OSError, subprocess.CalledProcessError) as error:
        git("reset", "--quiet", "--hard")  # the tree was clean
        shutil.rmtree(target)
        raise ReleaseError(f"{error} {getattr(error, 'stderr', '') or ''}".strip()) from error
    git("tag", "--annotate", f"v{version}", "--message", f"Release {version}", "--message", notes)
    pack(version, target, notes)
    return target


def check(version: str) -> None:
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ReleaseError(f"'{version}' is no version such as 1.2.3.")
    if dirty := git("status", "--porcelain"):
        raise ReleaseError(f"The tree has changes: commit or stash them.\n{dirty}")
    if git("tag", "--list", f"v{version}"):
        raise ReleaseError(f"v{version} is tagged already: choose the next version.")
    if not section():
        raise ReleaseError("CHANGELOG.md says nothing under Unreleased: say what this release brings.")
    if shutil.which("npm") is None:
        raise ReleaseError("npm is needed for the bill of materials: install Node.js.")


def section() -> str:
    """Return what the changelog says under Unreleased."""
    return CHANGELOG.read_text().partition(UNRELEASED)[2].partition("\n## ")[0].strip()


def heading(version: str) -> str:
    return f"{UNRELEASED}\n## {version} ({datetime.now(UTC):%Y-%m-%d})\n"


def list_materials(target: Path, version: str) -> None:
    """Write what the server and the front end are made of, from the lock files."""
    python = [sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.txt", "--pyproject", PROJECT.name]
    python += ["--output-reproducible", "--output-format", "JSON", "--output-file", str(target / "sbom-python.json")]
    subprocess.run(python, check=True, capture_output=True, text=True)
    npm = ["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"]
    with TemporaryDirectory() as work:
        copy_manifests(Path(work), version)
        found = subprocess.run(npm, cwd=work, check=True, capture_output=True, text=True).stdout
    (target / "sbom-npm.json").write_text(found)


def build_wheel(version: str) -> Path:
    """Build the Python package with its new version; those of earlier versions go on to be served."""
    subprocess.run([sys.executable, "-m", "scripts.python_client", "wheel"], check=True, capture_output=True, text=True)
    return CLIENT / f"intraday_client-{version}-py3-none-any.whl"


def copy_manifests(work: Path, version: str) -> None:
    """Copy what npm reads; packages that are never published have no version of their own, and npm insists on one."""
    shutil.copy("package-lock.json", work)
    for name in git("ls-files", "package.json", "*/package.json").splitlines():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(json.dumps({"version": version, **json.loads(Path(name).read_text())}))


def pack(version: str, target: Path, notes: str) -> None:
    name = f"intraday-{version}"
    git("archive", f"--prefix={name}/", f"--output={target / name}.tar.gz", f"v{version}")
    newest = (CLIENT / "intraday-realtime.tgz").read_bytes()
    [package] = [each for each in CLIENT.glob("intraday-realtime-*.tgz") if each.read_bytes() == newest]
    shutil.copy(package, target)
    shutil.copy(CLIENT / f"intraday_client-{version}-py3-none-any.whl", target)
    (target / "NOTES.md").write_text(notes + "\n")
    sums = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in sorted(target.iterdir())]
    (target / "SHA256SUMS").write_text("".join(sums))


def main(words: list[str]) -> int:
    if len(words) != 1:
        sys.stderr.write(HELP + "\n")
        return 2
    try:
        target = release(words[0])
    except ReleaseError as error:
        sys.stderr.write(f"No release. {error}\n")
        return 1
    files = "\n".join(f"  {each.relative_to(ROOT)}" for each in sorted(target.iterdir()))
    sys.stdout.write(f"{files}\nNothing was pushed yet: git push origin HEAD v{words[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
