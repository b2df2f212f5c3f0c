"""Faults that must not pass for results: two writers, files that change in between, ends that fail, partial lines."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorded_build import new_folder
from shimmed import PYTHON, Server, entries, served, stock, tools
from splitphase.intercept import record
from splitphase.intercept.artifacts import Identity
from splitphase.intercept.call import Call
from splitphase.intercept.journal import left, recorded
from splitphase.intercept.protocol import RUN, Asked
from splitphase.intercept.record import Recorder
from splitphase.intercept.session import CHANGED, SHARED, Build, Session
from splitphase.intercept.summary import UNSEEN, Summary
from splitphase.intercept.writers import Writers
from splitphase.paths import UNCHANGING
from splitphase.scan.contents import Contents


class Tree:
    """A source tree in `top`, and a checkpoint beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = folder / "build"
        self.source = self.top / "source"
        self.source.mkdir(parents=True)
        self.checkpoint = folder / "checkpoint"
        (self.source / "a.h").write_text("#define A 1\n")
        (self.source / "a.c").write_text('#include "a.h"\nint a = A + X;\n')

    def start(self, server: Server, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["bash", "-c", command], cwd=self.source, env=server.environment())

    def run(self, server: Server, command: str) -> int:
        return self.start(server, command).wait(60)

    def session(self, kind: type = Session) -> Session:
        """A worker of our own, in this process."""
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        build = Build(str(self.top), {}, scratch, UNCHANGING, target=self.checkpoint)
        return kind(build) if kind is Session else kind(build, tools() / "shim")

    def asked(self) -> Asked:
        words = ("-c", "a.c", "-DX=1", "-o", "a.o")
        return Asked(
            Call(f"{tools()}/wrapper/bin/gcc", words, str(self.source), {"PATH": stock()["PATH"]}), terminal=False
        )

    def compile(self) -> None:
        subprocess.run(["gcc", "-c", "a.c", "-DX=1", "-o", "a.o"], cwd=self.source, check=True)


def wrapper(folder: Path, text: str) -> Path:
    """A compiler wrapper of our own."""
    place = folder / "wrapper"
    (place / "bin").mkdir(parents=True)
    (place / "nix-support").mkdir()
    (place / "nix-support/orig-cc").write_text("/usr\n")
    (place / "bin/gcc").write_text(f"#!/bin/bash\n{text}\n")
    (place / "bin/gcc").chmod(0o755)
    return place / "bin/gcc"


@pytest.fixture
def tree() -> Iterator[Tree]:
    folder = new_folder()
    yield Tree(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_two_compilers_that_write_one_object(tree: Tree) -> None:
    """The first one's object was looked at when the second one had written its own."""
    gcc = wrapper(tree.folder, '/usr/bin/gcc "$@" || exit\n[[ $* != *a.o* ]] || sleep 3')
    first = f"{gcc} -c a.c -DX=1 -o a.o"
    with served(tree.top, keep=tree.checkpoint) as server:
        slow = tree.start(server, first)
        while not (tree.source / "a.o").exists():
            time.sleep(0.05)
        assert tree.run(server, "gcc -c a.c -DX=2 -o a.o") == 0
        assert slow.wait(60) == 0
        said = server.end()
    assert SHARED in said
    assert entries(tree.checkpoint) == []
    with served(tree.top, keep=tree.checkpoint) as server:
        assert tree.run(server, "gcc -c a.c -DX=2 -o a.o; gcc -c a.c -DX=3 -o a.o; gcc -c a.c -DX=1 -o b.o") == 0
        server.end()
    assert len(entries(tree.checkpoint)) == 3


def test_a_compiler_that_has_failed_writes_no_more(tree: Tree) -> None:
    """What is tried again with other flags was never kept."""
    (tree.source / "a.c").write_text("#ifdef TRY\n#error no\n#endif\nint a;\n")
    with served(tree.top, keep=tree.checkpoint) as server:
        assert tree.run(server, "gcc -DTRY -c a.c -o a.o 2>/dev/null || gcc -c a.c -o a.o") == 0
        assert "1 objects kept" in server.end()


def test_verifying_a_compile_that_fails(tree: Tree) -> None:
    gcc = wrapper(tree.folder, '[ -z "$FAIL" ] || exit 1\nexec /usr/bin/gcc "$@"')
    with served(tree.top, keep=tree.checkpoint) as server:
        assert tree.run(server, f"{gcc} -DX=1 -c a.c -o a.o") == 0
        server.end()
    with served(tree.top, take=tree.checkpoint, options=("--verify",)) as server:
        assert tree.run(server, f"{gcc} -DX=1 -c a.c -o a.o") == 0
        assert tree.run(server, f"FAIL=1 {gcc} -DX=1 -c a.c -o a.o 2> said") == 1
        assert "it fails, and a result of it is kept" in (tree.source / "said").read_text()


def test_what_is_verified_is_in_the_next_checkpoint(tree: Tree, tmp_path: Path) -> None:
    with served(tree.top, keep=tree.checkpoint) as server:
        assert tree.run(server, "gcc -DX=1 -c a.c -o a.o") == 0
        server.end()
    options = ("--verify",)
    with served(tree.top, take=tree.checkpoint, keep=tmp_path / "next", options=options) as server:
        assert tree.run(server, "gcc -DX=1 -c a.c -o a.o") == 0
        server.end()
    with served(tree.top, take=tmp_path / "next") as server:
        assert tree.run(server, "gcc -DX=1 -c a.c -o a.o") == 0
        server.end()
        assert server.sources("taken") == ["a.c"]


def test_writers_one_after_the_other_are_alone(tmp_path: Path) -> None:
    writers = Writers(tmp_path)
    for number in (1, 2):
        writers.begin(number, ["/a", ""])
        assert writers.alone(number, ["/a", ""])
    writers.begin(3, ["/a"])
    writers.begin(4, ["/b"])
    assert writers.alone(4, ["/b"])
    writers.begin(5, ["/a"])
    assert not writers.alone(3, ["/a"])
    assert not writers.alone(5, ["/a"])
    writers.begin(6, ["/a"])
    assert writers.alone(6, ["/a"])


def test_a_header_that_changes_without_a_trace(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one tick of the clock, to the same size: the times are what they were."""
    worker = tree.session()
    monkeypatch.setattr(Contents, "signatures", lambda _self, _paths: b"")
    _, pending = worker.asked(tree.asked())
    assert pending is not None
    (tree.source / "a.h").write_text("#define A 2\n")
    tree.compile()
    worker.made(pending, b"")
    assert CHANGED in "".join(path.read_text() for path in (tree.folder / "scratch").glob("notes-*"))
    assert not list(tree.checkpoint.glob("entries-*"))


def test_a_header_that_changes_between_key_and_capture(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The action had the later content under the key of the earlier one."""
    known = record.Keys.of

    def late(self: record.Keys, *args: object, **options: object) -> record.Key:
        key = known(self, *args, **options)  # type: ignore[arg-type]
        (tree.source / "a.h").write_text("#define A 2\n")
        return key

    monkeypatch.setattr(record.Keys, "of", late)
    worker = tree.session(Recorder)
    assert worker.asked(tree.asked())[0] == RUN
    scratch = tree.folder / "scratch"
    assert list(recorded(scratch)) == []
    assert [one.reason for one in left(scratch)] == [CHANGED]


def test_an_end_that_fails_is_an_error(tree: Tree) -> None:
    """A checkpoint without an index was a build that went well."""
    with served(tree.top, keep=tree.checkpoint) as server:
        assert tree.run(server, "gcc -c a.c -DX=1 -o a.o") == 0
        shutil.rmtree(tree.checkpoint)
        tree.checkpoint.write_text("")
        with pytest.raises(subprocess.CalledProcessError) as caught:
            server.end()
        assert "the results of this build cannot be kept" in caught.value.stderr
        assert "NotADirectoryError" in server.log()
        time.sleep(3)
        assert server.processes() == []


def test_a_worker_that_is_killed_while_it_writes(tree: Tree) -> None:
    with served(tree.top, keep=tree.checkpoint) as server:
        assert tree.run(server, "gcc -c a.c -DX=1 -o a.o") == 0
        for path in (tree.checkpoint / "entries-0.jsonl", server.scratch / "notes-0.jsonl"):
            path.write_text('{"key": "x", "sou')
        assert "1 objects kept" in server.end()
    assert len(entries(tree.checkpoint)) == 1


def test_who_connects_and_says_nothing_stops_nobody_for_long(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker waited for him for ever; one is stopped here with all its callers."""
    monkeypatch.setenv("ORACLE_PYTHON", str(_impatient(tree.folder)))
    with served(tree.top, keep=tree.checkpoint, jobs=1) as server:
        silent = socket.socket(socket.AF_UNIX)
        silent.connect(server.socket)
        began = time.monotonic()
        assert tree.run(server, "gcc -c a.c -DX=1 -o a.o") == 0
        assert time.monotonic() - began < 30
        silent.close()
        assert "1 objects kept" in server.end()


def _impatient(folder: Path) -> Path:
    shutil.copytree(PYTHON, folder / "python")
    path = folder / "python/splitphase/intercept/server.py"
    text = path.read_text()
    assert "_PATIENCE = 20\n" in text
    path.write_text(text.replace("_PATIENCE = 20\n", "_PATIENCE = 2\n"))
    return folder / "python"


def test_summary_of_nothing(tmp_path: Path) -> None:
    build = Build(str(tmp_path), {}, tmp_path, (), target=tmp_path / "kept")
    build.target.mkdir()  # type: ignore[union-attr]
    (tmp_path / "kept/objects").mkdir()
    assert Summary(build, Identity("p", "s", "/")).finish() == f"splitphase: 0 objects kept\n{UNSEEN}\n"
    assert json.loads((tmp_path / "kept/index.json").read_text())["entries"] == []


def test_summary_names_reasons_by_number(tmp_path: Path) -> None:
    (tmp_path / "kept/objects").mkdir(parents=True)
    with (tmp_path / f"notes-{os.getpid()}.jsonl").open("w") as notes:
        for number in range(12):
            for time_ in range(number + 1):
                note = {"call": f"{number}{time_}", "source": "x.c", "outcome": "left", "reason": f"reason {number}"}
                notes.write(json.dumps(note) + "\n")
    lines = (
        Summary(Build("/", {}, tmp_path, (), target=tmp_path / "kept"), Identity("p", "s", "/")).finish().splitlines()
    )
    assert lines[1] == "splitphase: 12 left to the compiler: reason 11"
    assert lines[-1] == "splitphase: 10 left to the compiler for 4 other reasons"
