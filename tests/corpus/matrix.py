"""What the corpus has: programs, compilers, flags, ways to link."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice, product
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"
LIMITS = ("bytes", "digest", "search", "seed")
"""Programs that no rewriting can follow, as doc/hash-rewriting.md says: shown, not counted as wrong."""
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
GROUPS = {
    "plain": "",
    "-flto": "-flto",
    "-g": "-g3",
    "-g -gz": "-g3 -gz",
    "-gsplit-dwarf": "-g3 -gsplit-dwarf",
    "-mavx2": "-mavx2",
    "-mno-sse": "-mno-sse",
}
KINDS = ("pie", "no-pie", "shared", "archive", "static")
"""Code and main in one; the code in a shared library; in a static archive that is linked after rewriting; -static."""
RUST_LEVELS = ("0", "1", "2", "3", "s", "z")
RUST_GROUPS = {"plain": "", "lto": "-Clto", "-g": "-g"}
RUST_KINDS = ("pie", "shared", "no-pie")


@dataclass(frozen=True, slots=True)
class Case:
    """One program, built in one way."""

    number: int
    language: str
    program: str
    compiler: str
    level: str
    group: str
    kind: str
    stripped: bool

    @property
    def row(self) -> tuple[str, str, str]:
        """Where it is counted."""
        limit = f" ({self.program}: a limit)" if self.limit else ""
        return self.language + limit, self.compiler, self.group + (" (archive)" if self.bytecode else "")

    @property
    def bytecode(self) -> bool:
        """Whether objects with bytecode are in the tree that is rewritten."""
        return self.kind == "archive" and self.group == "-flto"

    @property
    def limit(self) -> bool:
        """Whether it is known to be wrong."""
        return self.program in LIMITS

    @property
    def source(self) -> Path:
        """The file."""
        return PROGRAMS / (self.program + {"C": ".c", "C++": ".cc", "Rust": ".rs"}[self.language])

    def __str__(self) -> str:
        """For people."""
        words = [self.language, self.program, self.compiler, self.level, self.group, self.kind]
        return " ".join([f"#{self.number}", *words, *(["stripped"] if self.stripped else [])])


def programs(language: str) -> list[str]:
    """All of a language."""
    suffix = {"C": ".c", "C++": ".cc", "Rust": ".rs"}[language]
    return sorted(path.stem for path in PROGRAMS.glob("*" + suffix) if path.stem != "main")


def _runs_here(switch: str) -> bool:
    try:
        return "avx2" not in switch or " avx2 " in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


def _groups(language: str, level: str) -> Iterator[tuple[str, int]]:
    """Groups of flags for C and C++, and in how many ways to link."""
    for group in GROUPS:
        if not _runs_here(group) or (group == "-mno-sse" and (language, level) != ("C", "-O2")):
            continue
        if group == "plain":
            yield group, len(KINDS) if language == "C" else 2
        else:
            yield group, 1 if group.startswith("-m") or language == "C++" else 2


def _compiled(languages: Iterable[tuple[str, str]], numbers: Iterator[int]) -> Iterator[Case]:
    turn = count()
    for language, compiler in languages:
        for program, level in product(programs(language), LEVELS):
            for group, times in _groups(language, level):
                for step in islice(turn, times):
                    kind, stripped = KINDS[step % len(KINDS)], step // len(KINDS) % 2 == 1
                    yield Case(next(numbers), language, program, compiler, level, group, kind, stripped)


def everything() -> Iterator[Case]:
    """The full corpus. Not each combination of all: ways to link and stripping take turns."""
    numbers = count()
    pairs = (("C", "gcc"), ("C", "clang"), ("C++", "g++"), ("C++", "clang++"))
    yield from _compiled([pair for pair in pairs if shutil.which(pair[1])], numbers)
    if shutil.which("rustc"):
        for step, (program, level, group) in enumerate(product(programs("Rust"), RUST_LEVELS, RUST_GROUPS)):
            kind = "pie" if group == "lto" else RUST_KINDS[step % len(RUST_KINDS)]
            yield Case(next(numbers), "Rust", program, "rustc", level, group, kind, step % 2 == 1)


def quick() -> Iterator[Case]:
    """A few of each row, the same ones each time."""
    seen: dict[tuple[str, str], int] = {}
    for case in everything():
        if case.level not in ("-O2", "-O0", "3") or case.kind == "static":
            continue
        key = (case.program, case.compiler)
        seen[key] = seen.get(key, -1) + 1
        if seen[key] % {"C": 9, "C++": 99, "Rust": 5}[case.language] == 0:
            yield case
