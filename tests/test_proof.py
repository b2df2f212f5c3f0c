"""Objects that use an output path: carried where the compiler did nothing but copy it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from splitphase.checkpoint.proof import Call, Prover
from splitphase.rewrite import Rewriter

OUT = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-package-1.0"
ESCAPE = Rewriter.escaping({"out": OUT})


def doubt(
    folder: Path, text: str, *flags: str, name: str = "a.c", variants: tuple[tuple[str, ...], ...] = ((),)
) -> str:
    (folder / name).write_text(text)
    compiler = "gcc" if name.endswith((".c", ".S")) else "g++"
    call = Call(
        str(folder),
        (compiler, f'-DWHERE="{OUT}/share"', *flags, "-MD", "-MF", "a.d", "-c", "-o", "a.o", name),
        variants,
    )
    made = []
    for number, variant in enumerate(variants):
        target = folder / f"{number}.o"
        subprocess.run([*call.front(), *variant, "-c", "-o", target], cwd=folder, check=True)
        made.append(target)
    holds = any(b"0123456789abcd" in file.read_bytes() for file in made)
    return Prover(ESCAPE).doubt(call, made, holds=holds)


@pytest.mark.parametrize(
    ("text", "flags", "name"),
    [
        ("int unused;\n", ("-O2",), "a.c"),
        ('const char *where(void) { return WHERE "/x"; }\n', ("-O2",), "a.c"),
        ('extern "C" const char *where() { static const char text[] = WHERE; return text; }\n', ("-O2",), "a.cc"),
        (".section .rodata\n.ascii WHERE\n", (), "a.S"),
    ],
)  # fmt: skip
def test_copies_are_carried(tmp_path: Path, text: str, flags: tuple[str, ...], name: str) -> None:
    assert doubt(tmp_path, text, *flags, name=name) == ""


def test_both_objects_of_libtool_are_carried(tmp_path: Path) -> None:
    text = "const char *where(void) { return WHERE; }\n"
    assert doubt(tmp_path, text, variants=((), ("-fPIC", "-DPIC"))) == ""


def test_what_is_computed_from_the_path_is_not_carried(tmp_path: Path) -> None:
    text = """
        constexpr unsigned digest(const char *text) { return *text ? (digest(text + 1) * 33) ^ *text : 5381; }
        template <unsigned> struct Kept { static int value; };
        unsigned kept() { constexpr unsigned value = digest(WHERE); return value; }
    """
    assert "not only as text" in doubt(tmp_path, text, "-O2", name="a.cc")


def test_what_cannot_be_looked_into_is_not_carried(tmp_path: Path) -> None:
    assert "language" in doubt(tmp_path, "const char *where = WHERE;\n", "-xc")
    (tmp_path / "a.c").write_text("#error no\n")
    call = Call(str(tmp_path), ("gcc", "-c", "a.c"))
    assert "preprocessor" in Prover(ESCAPE).doubt(call, [], holds=False)
