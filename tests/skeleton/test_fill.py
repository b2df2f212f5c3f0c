"""A tree that was configured from a skeleton gets the content and the times of today's sources."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from splitphase import snapshot
from splitphase.errors import ManifestError
from splitphase.rewrite import Rewriter
from splitphase.skeleton.blank import CONTENT, Sources, names_in, opened, read_blanked, write
from splitphase.skeleton.fill import Filled, fill
from splitphase.tokens import token

SECOND = 1_000_000_000
OUT = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x"
FILES = {"p/x.c": "int x;\n", "p/configure": "#!/bin/sh\n", "p/y.h": f'#define Y "/nix/store/{token("out")}-x"\n'}


class Configured:
    """Sources, their skeleton, and the tree that `configure` made of it."""

    def __init__(self, folder: Path, *, patched: tuple[str, ...] = (), written: str = "", future: str = "") -> None:
        self.folder = folder
        self.unpacked = time.time_ns() - 200 * SECOND
        self.sources = folder / "sources"
        scratch = self._tree(folder / "scratch", patched)
        if future:
            moment = time.time_ns() + 10**6 * SECOND
            os.utime(scratch / "tree" / future, ns=(moment, moment))
        if written:
            path = scratch / "outputs/out" / written
            path.parent.mkdir(parents=True)
            path.write_text("written\n")
            moment = self.unpacked + 5 * SECOND
            os.utime(path, ns=(moment, moment))
        index = snapshot.Index(str(folder / "top"), "/", ("out",), ("tree/p/y.h",))
        about = Sources(self.unpacked, ())
        snapshot.write_moved(scratch, self.sources, index)
        about.write(self.sources)
        write(scratch, folder / "skeleton", index, about, names_in(scratch))
        self.archive = folder / "skeleton/skeleton.tar"
        self.top = folder / "top"
        self.top.mkdir()
        self.state = folder / "state"
        self.restore = Rewriter.restoring({"out": OUT})
        taken = opened(self.archive, folder / "opened")
        snapshot.unpack(taken, self.top, index, {"out": folder / "out"}, self.restore, self.state)
        self.began = time.time_ns() - 400 * SECOND

    def _tree(self, scratch: Path, patched: tuple[str, ...]) -> Path:
        (scratch / "outputs").mkdir(parents=True)
        (scratch / "outputs/.state.sh").write_text("x=1\n")
        for name, text in FILES.items():
            path = scratch / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            moment = self.unpacked + (1 + patched.index(name)) * SECOND if name in patched else SECOND
            os.utime(path, ns=(moment, moment))
        return scratch

    def make(self, name: str, after: float, text: str = "made\n") -> None:
        path = self.top / name
        path.write_text(text)
        moment = self.began + int(after * SECOND)
        os.utime(path, ns=(moment, moment))

    def fill(self, blanked: tuple[tuple[str, str], ...] = (("p/x.c", "p/x.c"), ("p/y.h", "p/y.h"))) -> None:
        configured = self.folder / "configured"
        configured.mkdir(exist_ok=True)
        Filled(self.began, read_blanked(self.archive).times, blanked).write(configured)
        fill(self.top, {"out": self.folder / "out"}, self.sources, configured, self.restore, self.state)

    def time(self, name: str) -> int:
        return (self.top / name).lstat().st_mtime_ns


def test_contents_come_back_with_hashes(tmp_path: Path) -> None:
    case = Configured(tmp_path)
    assert (case.top / "p/x.c").read_bytes() == CONTENT
    case.fill()
    assert (case.top / "p/x.c").read_text() == "int x;\n"
    assert (case.top / "p/y.h").read_text() == f'#define Y "{OUT}"\n'
    assert not [path for path in case.top.iterdir() if path.name != "p"]


def test_moved_and_linked_files_are_filled(tmp_path: Path) -> None:
    case = Configured(tmp_path)
    (case.top / "p/x.c").rename(case.top / "p/z.c")
    (case.top / "p/z.c").chmod(0o400)
    os.link(case.top / "p/z.c", case.top / "again.c")
    case.fill((("again.c", "p/x.c"), ("p/z.c", "p/x.c")))
    assert (case.top / "p/z.c").read_text() == "int x;\n" == (case.top / "again.c").read_text()
    assert (case.top / "p/z.c").stat().st_nlink == 2
    assert (case.top / "p/z.c").stat().st_mode & 0o777 == 0o400
    assert case.time("p/z.c") == SECOND


def test_sources_keep_their_times_and_what_was_made_follows(tmp_path: Path) -> None:
    case = Configured(tmp_path, patched=("p/x.c", "p/configure"))
    case.make("first", 1)
    case.make("second", 1.5)
    os.link(case.top / "second", case.top / "p/link")
    shutil.copystat(case.top / "p/configure", case.top / "first")
    case.make("third", 2)
    (case.top / "p/points").symlink_to("x.c")
    case.fill()
    assert case.time("p/x.c") == case.unpacked + SECOND
    assert case.time("p/configure") == case.unpacked + 2 * SECOND
    assert case.time("p/y.h") == SECOND
    # A copy of a source that was patched, with its time.
    assert case.time("first") == case.time("p/configure")
    assert case.time("p/configure") < case.time("second") < case.time("third") <= time.time_ns()
    assert case.time("p/points") > case.time("third")


def test_folders_follow_as_files_do(tmp_path: Path) -> None:
    case = Configured(tmp_path)
    case.make("stamp", 1)
    (case.top / "made").mkdir()
    moment = case.began + 2 * SECOND
    os.utime(case.top / "made", ns=(moment, moment))
    case.fill()
    assert case.time("stamp") < case.time("made") <= time.time_ns()
    # As among the sources.
    assert case.time("p") < case.time("stamp")


def test_a_source_of_the_future_does_not_hide_the_order(tmp_path: Path) -> None:
    case = Configured(tmp_path, future="p/configure")
    case.make("stamp", 1)
    case.make("made", 2)
    case.fill()
    assert case.time("stamp") < case.time("made") <= time.time_ns()


def test_outputs_have_the_times_of_today(tmp_path: Path) -> None:
    case = Configured(tmp_path, patched=("p/x.c",), written="share/x")
    out = tmp_path / "out"
    assert (out / "share/x").stat().st_mtime_ns < case.unpacked
    moment = case.began + SECOND
    (out / "made").write_text("made\n")
    os.utime(out / "made", ns=(moment, moment))
    case.fill()
    assert (out / "share/x").stat().st_mtime_ns == case.unpacked + 5 * SECOND
    assert (out / "share/x").stat().st_mtime_ns < (out / "made").stat().st_mtime_ns


def test_a_long_configure_does_not_end_in_the_future(tmp_path: Path) -> None:
    case = Configured(tmp_path, patched=("p/x.c",))
    case.make("first", 1)
    case.make("second", 390)
    case.unpacked = time.time_ns()
    recent = time.time_ns() - SECOND
    scratch = tmp_path / "again"
    (scratch / "outputs").mkdir(parents=True)
    (scratch / "outputs/.state.sh").write_text("")
    for name, text in FILES.items():
        (scratch / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / "tree" / name).write_text(text)
        os.utime(scratch / "tree" / name, ns=(recent, recent) if name == "p/x.c" else (SECOND, SECOND))
    shutil.rmtree(case.sources)
    snapshot.write_moved(scratch, case.sources, snapshot.Index(str(case.top), "/", ("out",), ("tree/p/y.h",)))
    Sources(recent, ()).write(case.sources)
    case.fill()
    assert recent == case.time("p/x.c") < case.time("first") < case.time("second") <= time.time_ns()


def test_a_tree_that_is_another_one_is_refused(tmp_path: Path) -> None:
    case = Configured(tmp_path)
    (case.top / "p/x.c").write_text("changed\n")
    with pytest.raises(ManifestError, match="not as it was"):
        case.fill()


def test_damage_is_said(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no tree of a skeleton"):
        Filled.read(tmp_path)
