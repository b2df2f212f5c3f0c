"""The command line as Nix calls it: a process, its exit code and what it prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import splitphase
from splitphase.cli import COMMANDS

HASH, OTHER = "0c5b8vw40dy178xlpddw65q9gf1h2186", "zyxwvsrqpnmlkjihgfdcba9876543210"
PYTHON = str(Path(splitphase.__file__).parent.parent)
SCHEMA = json.loads((Path(splitphase.__file__).parent / "objcache/schema.json").read_text())


def run(
    *words: str | Path,
    where: Path | None = None,
    code: int = 0,
    prefix: tuple[str, ...] = (sys.executable,),
    helper: str = PYTHON,
) -> str:
    """Run the helper and return standard output and error together."""
    done = subprocess.run(
        [*prefix, "-m", "splitphase", *map(str, words)],
        cwd=where, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": helper, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_version() -> None:
    assert run("--version").strip() == f"splitphase {splitphase.__version__}"


def test_help_lists_the_commands() -> None:
    text = run("--help")
    assert all(f"    {name}" in text for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str) -> None:
    text = run(command, "--help")
    assert text.startswith(f"usage: splitphase {command}")
    assert len(text.splitlines()) > 3


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("unknown",),
        ("serve", "--top"),
        ("resume", "--top"),
        ("rewrite", "--map", "x"),
        ("report",),
        ("unsplit", "x"),
    ],
)
def test_wrong_usage(words: tuple[str, ...]) -> None:
    text = run(*words, code=2)
    assert text.startswith("usage: splitphase")
    assert "error:" in text


def test_errors_have_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    lines = run("rewrite", "--map", "short=shorter", file, code=1).splitlines()
    assert lines[0].startswith("error: cannot rewrite 'short' to 'shorter'")
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2


def test_damaged_snapshot(tmp_path: Path) -> None:
    words = (
        "resume",
        "--top",
        tmp_path,
        "--snapshot",
        tmp_path,
        "--state",
        tmp_path / "s",
        "--output",
        "out=/nix/store/x",
    )
    lines = run(*words, "--output", f"out=/nix/store/{HASH}-x", code=1).splitlines()
    assert lines[0].startswith(f"error: {tmp_path}: damaged or foreign snapshot")
    assert lines[1].startswith("hint: ")


def test_a_socket_that_cannot_be_made(tmp_path: Path) -> None:
    words = ("--top", tmp_path, "--package", "p", "--system", "s", "--scratch", tmp_path / ("long" * 40))
    lines = run("serve", *words, code=1).splitlines()
    assert lines[0].startswith("error: no socket can be made at")
    assert lines[1].startswith("hint: ")


def test_rewrite(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / f"folder/{HASH}").write_text(f"a {HASH}")
    (tmp_path / "file").write_text(HASH)
    run("rewrite", "--map", f"{HASH}={OTHER}", tmp_path / "folder", tmp_path / "file")
    assert (tmp_path / f"folder/{OTHER}").read_text() == f"a {OTHER}"
    assert (tmp_path / "file").read_text() == OTHER


def test_rewrite_own(tmp_path: Path) -> None:
    """Only linked files that hold a hash become copies; what they link to stays as it is."""
    (tmp_path / "folder").mkdir()
    for name, text in (("with", HASH), ("without", "nothing")):
        (tmp_path / name).write_text(text)
        (tmp_path / "folder" / name).symlink_to(tmp_path / name)
    (tmp_path / "folder/relative").symlink_to("with")
    run("rewrite", "--own", "--map", f"{HASH}={OTHER}", tmp_path / "folder")
    assert (tmp_path / "folder/with").read_text() == OTHER
    assert (tmp_path / "with").read_text() == HASH
    assert [(tmp_path / "folder" / name).is_symlink() for name in ("with", "without", "relative")] == [
        False,
        True,
        True,
    ]


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that another user may use."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def _for_others(public: Path, other: tuple[str, ...]) -> str:
    """A Python that another user can run: this one, or a copy where it lies in a folder that is closed to others."""
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if not subprocess.run([*other, str(program), "-c", "import ctypes"], check=False, capture_output=True).returncode:
        return str(program)
    base = Path(sys.base_prefix)
    unused = shutil.ignore_patterns("site-packages", "test", "idlelib", "__pycache__", "*.a")
    for folder in ("bin", "lib"):
        shutil.copytree(base / folder, public / "python" / folder, symlinks=True, ignore=unused)
    return str(public / "python" / program.relative_to(base))


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv to be someone else"
)
def test_rewrite_in_locked_folders_as_a_plain_user(public: Path) -> None:
    """Builders are not root: files, links and folders in read-only folders are theirs all the same."""
    other = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    program = _for_others(public, other)
    shutil.copytree(Path(PYTHON, "splitphase"), public / "helper/splitphase")
    tree = public / "tree"
    locked = tree / f"x-{HASH}" / "locked"
    locked.mkdir(parents=True)
    (locked / f"{HASH}.txt").write_text(HASH)
    (locked / "link").symlink_to(f"../{HASH}")
    for path in (locked / f"{HASH}.txt", locked, locked.parent):
        path.chmod(path.stat().st_mode & 0o555)
    subprocess.run(["chown", "-Rh", "65534:65534", str(tree)], check=True)
    run("rewrite", "--map", f"{HASH}={OTHER}", tree, prefix=(*other, program), helper=str(public / "helper"))
    assert os.listdir(tree) == [f"x-{OTHER}"]
    locked = tree / f"x-{OTHER}" / "locked"
    assert (locked / f"{OTHER}.txt").read_text() == OTHER
    assert os.readlink(locked / "link") == f"../{OTHER}"
    assert [path.stat().st_mode & 0o777 for path in (locked.parent, locked, locked / f"{OTHER}.txt")] == [
        0o555,
        0o555,
        0o444,
    ]


def test_unsplit(tmp_path: Path) -> None:
    assert "not split: because" in run("unsplit", "--manifest", tmp_path / "m", "because")
    found = json.loads((tmp_path / "m/manifest.json").read_text())
    jsonschema.validate(found, SCHEMA)
    assert found["reason"] == "because"


@pytest.mark.parametrize("entry", ["X", "=x", ""])
def test_option_without_a_value_is_an_error_with_a_hint(entry: str, tmp_path: Path) -> None:
    said = run("rewrite", "--map", entry, tmp_path, code=1)
    assert said.startswith("error: --map ")
    assert "hint: " in said
