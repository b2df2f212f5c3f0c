"""Snapshots: what goes in comes out, and what is not a snapshot of this build is refused."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from splitphase import snapshot
from splitphase.errors import ManifestError, SplitphaseError, UnsafePathError
from splitphase.rewrite import Rewriter, walk
from splitphase.snapshot import Index
from splitphase.tokens import token

HASH = "0c5b8vw40dy178xlpddw65q9gf1h2186"
RESTORE = Rewriter({token("out"): HASH})
NS = 1_600_000_000_123_456_789


def facts(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything that a build tool or a program could see of a tree."""
    links: dict[int, str] = {}
    found: dict[str, tuple[object, ...]] = {}
    for path in walk(root):
        status = path.lstat()
        name = str(path.relative_to(root))
        twin = links.setdefault(status.st_ino, name) if stat.S_ISREG(status.st_mode) else name
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[name] = (status.st_mode, status.st_mtime_ns, twin, content)
    return found


class Build:
    """A build directory with a scratch folder, and the directories of its outputs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = root / "build"
        self.scratch = self.top / ".splitphase-scratch"
        (self.scratch / "outputs").mkdir(parents=True)
        (self.scratch / "outputs/.state.sh").write_text("state\n")
        self.target = root / "snapshot"

    def write(self, *, escaped: tuple[str, ...] = (), outputs: tuple[str, ...] = ("out",)) -> None:
        snapshot.write(self.top, self.scratch, self.target, Index(str(self.top), "/x/src", outputs, escaped))
        for folder, below, _ in os.walk(self.top):
            for name in below:
                if not Path(folder, name).is_symlink():
                    Path(folder, name).chmod(0o755)
        shutil.rmtree(self.top)
        self.top.mkdir()

    def unpack(self, outputs: tuple[str, ...] = ("out",)) -> Path:
        """Unpack; returns the folder of the outputs."""
        places = {name: self.root / f"{HASH}-{name}" for name in outputs}
        index = snapshot.read_index(self.target)
        snapshot.unpack(self.target, self.top, index, places, RESTORE, self.top / ".state.sh")
        return self.root


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return Build(tmp_path)


def _fill(top: Path) -> None:
    (top / "src/sub dir").mkdir(parents=True)
    (top / "src/empty").mkdir()
    (top / "src/größe ☃").write_text("x")
    (top / os.fsdecode(b"src/caf\xe9")).write_text("y")
    (top / ("src/" + "long" * 50)).write_text("z")
    (top / "src/run").write_text("#!/bin/sh\n")
    (top / "src/run").chmod(0o755)
    (top / "src/private").write_text("p")
    (top / "src/private").chmod(0o400)
    os.link(top / "src/run", top / "src/sub dir/twin")
    (top / "src/link").symlink_to("sub dir/twin")
    (top / "dangling").symlink_to("/nowhere/at/all")
    (top / ".hidden").write_text("h")
    with (top / "sparse").open("wb") as stream:
        stream.seek(5 << 20)
        stream.write(b"end")
    (top / "src/locked").mkdir()
    (top / "src/locked/file").write_text("in a read-only folder")
    (top / "src/locked").chmod(0o555)
    for number, path in enumerate(reversed([path for path in walk(top) if ".splitphase" not in str(path)])):
        os.utime(path, ns=(NS, NS + number), follow_symlinks=False)


def test_tree_comes_back(build: Build) -> None:
    _fill(build.top)
    before = {name: fact for name, fact in facts(build.top).items() if not name.startswith(".splitphase")}
    build.write()
    build.unpack()
    after = facts(build.top)
    assert after.pop(".state.sh")[3] == b"state\n"
    assert after == before
    assert (build.top / "sparse").stat().st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("entry", snapshot.MACHINE_BOUND)
def test_what_every_build_writes_stays_out(build: Build, entry: str) -> None:
    (build.top / entry).write_text("old")
    build.write()
    (build.top / entry).write_text("new")
    build.unpack()
    assert (build.top / entry).read_text() == "new"


def test_what_is_there_is_replaced(build: Build) -> None:
    (build.top / "src").mkdir()
    (build.top / "src/file").write_text("right")
    build.write()
    (build.top / "src/leftover").mkdir(parents=True)
    build.unpack()
    assert sorted(os.listdir(build.top / "src")) == ["file"]


def test_outputs_of_every_kind(build: Build) -> None:
    saved = build.scratch / "outputs"
    (saved / "out/bin").mkdir(parents=True)
    (saved / "out/bin/tool").write_text("tool")
    (saved / "doc").write_text("a file is an output")
    (saved / "lib").symlink_to("out/bin")
    outputs = ("dev", "doc", "lib", "out")
    build.write(outputs=outputs)
    root = build.unpack(outputs)
    assert (root / f"{HASH}-out/bin/tool").read_text() == "tool"
    assert (root / f"{HASH}-doc").read_text() == "a file is an output"
    assert os.readlink(root / f"{HASH}-lib") == "out/bin"
    assert not os.path.lexists(root / f"{HASH}-dev")


def test_hashes_are_restored(build: Build) -> None:
    old = token("out")
    (build.top / f"src-{old}").mkdir()
    (build.top / f"src-{old}/file").write_text(f"in {old}")
    (build.top / "other").write_text(f"not listed {old}")
    (build.scratch / "outputs/out").write_text(old)
    (build.scratch / "outputs/.state.sh").write_text(f"out={old}\n")
    escaped = ("outputs/.state.sh", "outputs/out", f"tree/src-{old}", f"tree/src-{old}/file")
    build.write(escaped=escaped)
    root = build.unpack()
    assert (build.top / f"src-{HASH}/file").read_text() == f"in {HASH}"
    assert (build.top / "other").read_text() == f"not listed {old}"
    assert (root / f"{HASH}-out").read_text() == HASH
    assert (build.top / ".state.sh").read_text() == f"out={HASH}\n"


def test_another_build_directory_is_refused(build: Build) -> None:
    build.write()
    index = snapshot.read_index(build.target)
    with pytest.raises(SplitphaseError, match="snapshot was made in") as caught:
        snapshot.unpack(build.target, build.root, index, {}, RESTORE, build.root / "state")
    assert "sandbox" in caught.value.hint


def test_other_outputs_are_refused(build: Build) -> None:
    build.write()
    with pytest.raises(SplitphaseError, match="outputs differ") as caught:
        build.unpack(("out", "dev"))
    assert "overrideAttrs" in caught.value.hint


def test_a_path_that_leaves_is_refused(build: Build) -> None:
    build.write(escaped=("tree/../../x",))
    with pytest.raises(UnsafePathError):
        build.unpack()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '"x"', "{}", '{"version":1}',
        '{"version":2,"top":"/b","directory":"/b","outputs":[],"escaped":[]}',
        '{"version":1,"top":"/b","directory":"/b","outputs":3,"escaped":[]}',
    ],
)  # fmt: skip
def test_damaged_index(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ManifestError) as caught:
        snapshot.read_index(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        snapshot.read_index(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "foreign", "gone"])
def test_damaged_archive(build: Build, damage: str) -> None:
    (build.top / "noise").write_bytes(os.urandom(100_000))
    build.write()
    archive = build.target / "tree.tar.zst"
    if damage == "cut":
        archive.write_bytes(archive.read_bytes()[:50_000])
    elif damage == "foreign":
        archive.write_bytes(b"not an archive")
    else:
        archive.unlink()
    with pytest.raises(ManifestError, match="cannot be packed or unpacked"):
        build.unpack()


def test_index_comes_back(build: Build) -> None:
    build.write(escaped=("tree/a", "tree/caf\udce9"))
    assert snapshot.read_index(build.target) == Index(str(build.top), "/x/src", ("out",), ("tree/a", "tree/caf\udce9"))
    assert json.loads((build.target / "index.json").read_text())["version"] == snapshot.VERSION
