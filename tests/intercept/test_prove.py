"""Objects that use an output path: kept where the compiler did nothing but copy it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shimmed import OUTPUT, entries, served

DIGEST = """
constexpr unsigned digest(const char *text) { return *text ? (digest(text + 1) * 33) ^ *text : 5381; }
unsigned kept() { constexpr unsigned value = digest(WHERE); return value; }
"""
COPY = "const char *where(void) { return WHERE; }\n"


def kept(folder: Path, text: str, name: str, *flags: str, more: str = "") -> tuple[int, str]:
    """How many objects are kept, and what is said."""
    top = folder / "build"
    (top / "source").mkdir(parents=True)
    (top / "source" / name).write_text(text)
    (top / "source/own.h").write_text(f'#define OWN "{OUTPUT}/own"\n')
    compiler = "g++" if name.endswith(".cc") else "gcc"
    command = [compiler, f'-DWHERE="{OUTPUT}/share"', *flags, "-MD", "-c", "-o", "a.o", name]
    with served(top, keep=folder / "checkpoint") as server:
        subprocess.run(command, cwd=top / "source", env=server.environment(), check=True)
        if more:
            (top / "source/own.h").write_text(more)
        said = server.end()
        assert server.log() == ""
    return len(entries(folder / "checkpoint")), said


@pytest.mark.parametrize(
    ("text", "name", "flags"),
    [
        ("int unused;\n", "a.c", ("-O2",)),
        ("int unused;\n", "a.c", ("-O2", "-g3")),
        ('#include "own.h"\nconst char *own(void) { return OWN; }\n', "a.c", ("-O2", "-g")),
        (COPY, "a.c", ("-O2", "-g")),
        (COPY, "a.c", ("-fPIC", "-DPIC")),
        ('extern "C" const char *where() { static const char text[] = WHERE; return text; }\n', "a.cc", ("-O2",)),
        (".section .rodata\n.ascii WHERE\n", "a.S", ()),
    ],
)
def test_copies_are_kept(tmp_path: Path, text: str, name: str, flags: tuple[str, ...]) -> None:
    count, said = kept(tmp_path, text, name, *flags)
    assert count == 1, said


def test_what_is_computed_from_the_path_is_not_kept(tmp_path: Path) -> None:
    count, said = kept(tmp_path, DIGEST, "a.cc", "-O2")
    assert count == 0
    assert "not only as text" in said


def test_what_cannot_be_compiled_with_another_path_is_not_kept(tmp_path: Path) -> None:
    value = 5381
    for character in reversed(f"{OUTPUT}/share"):
        value = (value * 33 & 0xFFFFFFFF) ^ ord(character)
    count, said = kept(tmp_path, DIGEST + f"static_assert(digest(WHERE) == {value}u);\n", "a.cc", "-std=c++17")
    assert count == 0
    assert "cannot be compiled with another one" in said


def test_what_changed_before_the_end_is_not_kept(tmp_path: Path) -> None:
    text = '#include "own.h"\nconst char *own(void) { return OWN; }\n'
    count, said = kept(tmp_path, text, "a.c", more="#define OWN 0\n")
    assert count == 0
    assert "changed before the end of the build" in said
