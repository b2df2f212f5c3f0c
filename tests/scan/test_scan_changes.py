"""One long-lived scanner over a tree that changes must answer as a new one does, at every moment."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from splitphase.errors import SplitphaseError
from splitphase.scan import signatures
from splitphase.scan.closure import Compile, Scanner, ScanResult
from splitphase.scan.contents import Contents
from splitphase.scan.resolve import Files
from splitphase.scan.tree import Tree

DIRECTORIES = ("d0", "d1", "d2", "d0/sub", "d1/sub", "src", "late", "late/sub")
LINKS = ("l0", "l1", "d2/link")
NAMES = ("a.h", "b.h", "c.h", "features.h", "sub/a.h", "stddef.h")
WISHES = (*NAMES, "../d0/a.h", "../l0/b.h", "../d2/link/c.h", "../late/a.h")
FIXED = ("/nix/store/", "/usr/")
Answer = tuple[ScanResult | str, Mapping[str, bytes]]


class Changes:
    """Random changes of one tree."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)
        for directory in ("src", "d0", "d1/sub"):
            (root / directory).mkdir(parents=True)
        (root / "src/main.c").write_text("".join(f"#include <{name}>\n" for name in NAMES) + '#include "b.h"\n')
        (root / "src/other.c").write_text('#include "c.h"\n#if __has_include("../late/b.h")\n#endif\n')

    def any_path(self) -> Path:
        return self.root / self.random.choice(DIRECTORIES + LINKS) / self.random.choice(NAMES)

    def text(self) -> str:
        forms = ('#include "{}"\n', "#include <{}>\n", "#include_next <{}>\n", "/* {} */ __DATE__\n")
        wishes = self.random.choices(WISHES, k=self.random.randrange(3))
        return "".join(self.random.choice(forms).format(wish) for wish in wishes) + "int x;\n"

    def write(self) -> None:
        path = self.any_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_text(self.text())

    def delete(self) -> None:
        self.any_path().unlink()

    def rename(self) -> None:
        one, other = self.any_path(), self.any_path()
        other.parent.mkdir(parents=True, exist_ok=True)
        one.rename(other)

    def retarget(self) -> None:
        link = self.root / self.random.choice(LINKS)
        if link.is_symlink():
            link.unlink()
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("../" * str(link.relative_to(self.root)).count("/") + self.random.choice(DIRECTORIES + LINKS))

    def link_header(self) -> None:
        path = self.any_path()
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.relpath(self.any_path(), path.parent))

    def directory_to_link(self) -> None:
        directory = self.root / self.random.choice(DIRECTORIES[:5])
        moved = self.root / f"moved{self.random.randrange(10**6)}"
        directory.rename(moved)
        directory.symlink_to(os.path.relpath(moved, directory.parent))

    def remove_directory(self) -> None:
        shutil.rmtree(self.root / self.random.choice(DIRECTORIES))

    def make_directory(self) -> None:
        (self.root / self.random.choice(DIRECTORIES)).mkdir(parents=True)

    def same_size_same_time(self) -> None:
        path = self.any_path()
        status, text = path.stat(), path.read_text()
        path.write_text(text.translate(str.maketrans("abc", "bca")))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def object_appears(self) -> None:
        path = self.root / self.random.choice(DIRECTORIES) / f"x{self.random.randrange(10**6)}.o"
        path.write_text("")

    def precompiled(self) -> None:
        path = self.any_path()
        path.with_name(path.name + ".gch").write_text("")

    def __call__(self) -> str:
        """Change something; some attempts fail, which is no change either."""
        change = self.random.choice((
            self.write, self.write, self.write, self.delete, self.rename, self.retarget, self.link_header,
            self.directory_to_link, self.remove_directory, self.make_directory, self.same_size_same_time,
            self.object_appears, self.precompiled,
        ))  # fmt: skip
        try:
            change()
        except OSError:
            return f"{change.__name__} failed"
        return change.__name__


def _compiles(root: Path) -> list[Compile]:
    env = {"PATH": os.environ["PATH"]}
    words = ("gcc", "-Id0", "-Ilate", "-Il0", "-isystem", "d1", "-iquote", "l1", "-Id2/../d2/link", "-idirafter", "d2")
    return [
        Compile(str(root), (*words, "-c", f"src/{name}.c", "-o", f"d0/{name}.o"), f"src/{name}.c", env)
        for name in ("main", "other")
    ]


def _fresh(root: Path, known: Scanner) -> Scanner:
    """A scanner that knows nothing of the tree. It takes over the search paths that the other asked for."""
    scanner = Scanner(str(root), fixed=FIXED)
    scanner.compilers._answers = dict(known.compilers._answers)  # noqa: SLF001 - asking costs 20 ms each
    return scanner


def _answer(scanner: Scanner, compile_: Compile) -> Answer:
    try:
        return scanner.scan_contents(compile_)
    except SplitphaseError as error:  # GCC refuses a search directory that is a link to itself
        return str(error), {}


def _run(root: Path, seed: int, steps: int) -> None:
    changes = Changes(root, seed)
    scanner = Scanner(str(root), fixed=FIXED)
    contents = Contents()
    done = []
    for step in range(steps):
        done.append(", ".join(changes() for _ in range(changes.random.randrange(3))))
        if step % 10 == 9:
            time.sleep(0.12)  # what is seen now is no longer young
        for compile_ in _compiles(root):
            result, digests = _answer(scanner, compile_)
            new = Scanner(str(root), fixed=FIXED) if step % 20 == 0 else _fresh(root, scanner)
            expected, _ = _answer(new, compile_)
            assert result == expected, f"after {done}"
            if isinstance(expected, ScanResult):
                assert digests == Contents().digests(expected.contents) == contents.digests(expected.contents), done
                assert set(digests) == expected.contents


@pytest.mark.parametrize("seed", range(6))
def test_answers_as_a_new_scanner(tmp_path: Path, seed: int) -> None:
    _run(tmp_path / "tree", seed, 60)


@pytest.mark.parametrize(
    "off",
    [
        (Tree, "refresh", lambda _: False),
        (Files, "check", lambda self, bits: dict.fromkeys(self.items.values(bits & self.items.all("mutable")), b"")),
        (signatures.Watch, "changed", lambda _: []),
        (Contents, "digests", lambda self, paths: {path: self.load(path)[0] for path in set(paths) - set(self._known)}),
        (Tree, "_is_asked", lambda _self, _name: False),
    ],
)
def test_the_test_sees_what_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: tuple[type, str, Callable[..., object]]
) -> None:
    monkeypatch.setattr(*off)

    def run() -> None:
        for seed in range(6):
            _run(tmp_path / f"tree{seed}", seed, 60)

    with pytest.raises((AssertionError, KeyError)):
        run()
