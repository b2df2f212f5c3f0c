"""Sources that stay in the store: each edit gives all of them another path."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from small_project import Project
from splitphase.intercept.folders import Folder
from splitphase.intercept.reasons import Reason

ONE, OTHER = "9ws2p0x7c1b3k8m4z5dqf6rn8hlvgiay-source", "0c5b8vw40dy178xlpddw65q9gf1h2186-source"
LONGER = "1c5b8vw40dy178xlpddw65q9gf1h2186-a-source-of-another-name"
FILES = {
    "a.c": '#include "a.h"\nint a(void) { return A; }\n',
    "a.h": "#define A 1\n",
    "b.c": "#include <b.h>\nstatic int unused;\n#warning seen\nint b(void) { return B; }\n",
    "include/b.h": "#define B 1\n",
    "named.c": "const char *named = __FILE__;\n",
    "sub/c.c": '#include "../include/b.h"\nint c = B;\n',
}


class Outside:
    """Versions of a source, each in a folder of its own, compiled in a folder of the tree."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.store = project.folder / "store"
        self.options = ("--fixed", f"{self.store}/")

    def source(self, name: str, **changed: str) -> Path:
        for file, text in FILES.items():
            path = self.store / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(changed.get(file.replace(".", "_").replace("/", "_"), text))
        return self.store / name

    def words(self, source: Path, file: str, *more: str) -> str:
        return f"gcc -MD -Wall -I{source} -I{source}/include -c {source}/{file} -o {Path(file).stem}.o {' '.join(more)}"

    def keep(self, source: Path, *more: str) -> None:
        with self.project.keep(options=self.options) as server:
            for file in self.files():
                assert self.project.run(self.words(source, file, *more), server)[0] == 0
            server.end()

    def taken(self, source: Path, *more: str) -> list[str]:
        """What is taken; all that compiles print and write is what it is without us."""
        with self.project.take(options=self.options) as server:
            for file in self.files():
                command, stem = self.words(source, file, *more), Path(file).stem
                alone = self.project.run(command), self.project.result(f"{stem}.o"), self.project.result(f"{stem}.d")
                served = self.project.run(command, server)
                assert (served, self.project.result(f"{stem}.o"), self.project.result(f"{stem}.d")) == alone
            server.end()
            assert server.log() == ""
            return server.sources("taken")

    def files(self) -> list[str]:
        return [file for file in FILES if file.endswith(".c")]


@pytest.fixture
def outside(project: Project) -> Outside:
    return Outside(project)


@pytest.mark.parametrize("name", [OTHER, LONGER])
def test_what_did_not_change_is_taken(outside: Outside, name: str) -> None:
    outside.keep(outside.source(ONE))
    assert outside.taken(outside.source(ONE)) == ["a.c", "b.c", "named.c", "sub/c.c"]
    assert outside.taken(outside.source(name)) == ["a.c", "b.c", "sub/c.c"]
    assert outside.taken(outside.source(name, a_h="#define A 2\n")) == ["b.c", "sub/c.c"]
    assert outside.taken(outside.source(name, include_b_h="#define B 2\n")) == ["a.c"]


def test_debug_information_names_the_folder(outside: Outside) -> None:
    outside.keep(outside.source(ONE), "-g")
    assert outside.taken(outside.source(OTHER), "-g") == []


def test_a_header_that_shadows(outside: Outside) -> None:
    outside.keep(outside.source(ONE))
    (outside.source(OTHER) / "b.h").write_text("#define B 2\n")
    assert outside.taken(outside.store / OTHER) == ["a.c", "sub/c.c"]


def test_a_source_that_is_in_no_folder_there_is_left(outside: Outside) -> None:
    outside.source(ONE)
    (outside.store / "alone.c").write_text("int alone;\n")
    with outside.project.keep(options=outside.options) as server:
        assert outside.project.run(f"gcc -c {outside.store}/alone.c", server)[0] == 0
        server.end()
        assert [note["reason"] for note in server.notes()] == [Reason.SOURCE_OUTSIDE]


def test_a_hash_in_upper_case(outside: Outside) -> None:
    """As nixpkgs' GCC expands `__FILE__` in the store."""
    folder = Folder(str(outside.project.top), f"/nix/store/{ONE}")
    assert folder.stands_in(f"/nix/store/{ONE[:32].upper()}{ONE[32:]}/a.c".encode())
    assert not folder.stands_in(f"/nix/store/{OTHER}/a.c".encode())


def test_an_object_of_nothing_but_zeros() -> None:
    """The time to look for a name went with the square of how long a run of other bytes is."""
    before = time.process_time()
    assert not Folder("/build", "source").stands_in(bytes(4_000_000))
    assert time.process_time() - before < 5
