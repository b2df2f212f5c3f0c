"""Objects that use an output path: carried where the compiler did nothing but copy it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from splitphase.checkpoint.proof import Call, Prover, Suspect

from splitphase.rewrite import Rewriter

OUT = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-package-1.0"
ESCAPE = Rewriter.escaping({"out": OUT})


def disproved(
    folder: Path, text: str, *flags: str, name: str = "a.c", variants: tuple[tuple[str, ...], ...] = ((),)
) -> str:
    """Whether the compiler sees the path, and why its object cannot be carried."""
    (folder / name).write_text(text)
    (folder / "own.h").write_text(f'#define OWN "{OUT}/own"\n')
    compiler = "gcc" if name.endswith((".c", ".S")) else "g++"
    words = (compiler, f'-DWHERE="{OUT}/share"', *flags, "-MD", "-MF", "a.d", "-c", "-o", "a.o", name)
    call = Call(str(folder), words, variants)
    made = []
    for number, variant in enumerate(variants):
        target = folder / f"{number}.o"
        subprocess.run([*call.front(), *variant, "-c", "-o", target], cwd=folder, check=True)
        ESCAPE.file(target)
        made.append(target)
    prover = Prover(ESCAPE)
    holds = any(b"-package-1.0" in file.read_bytes() for file in made)
    if not holds and not prover.seen(call):
        return "not seen"
    return prover.disproved([Suspect("a.o", call, tuple(made))], [folder / "own.h"]).get("a.o", "")


@pytest.mark.parametrize(
    ("text", "flags", "name", "said"),
    [
        ("int unused;\n", ("-O2",), "a.c", "not seen"),
        ("int unused;\n", ("-O2", "-g3"), "a.c", ""),
        ('#include "own.h"\nconst char *own(void) { return OWN; }\n', ("-O2", "-g"), "a.c", ""),
        ('const char *where(void) { return WHERE "/x"; }\n', ("-O2", "-g"), "a.c", ""),
        ('extern "C" const char *where() { static const char text[] = WHERE; return text; }\n', ("-O2",), "a.cc", ""),
        (".section .rodata\n.ascii WHERE\n", (), "a.S", ""),
    ],
)  # fmt: skip
def test_copies_are_carried(tmp_path: Path, text: str, flags: tuple[str, ...], name: str, said: str) -> None:
    assert disproved(tmp_path, text, *flags, name=name) == said


def test_both_objects_of_libtool_are_carried(tmp_path: Path) -> None:
    text = "const char *where(void) { return WHERE; }\n"
    assert disproved(tmp_path, text, variants=((), ("-fPIC", "-DPIC"))) == ""


def test_what_is_computed_from_the_path_is_not_carried(tmp_path: Path) -> None:
    text = """
        constexpr unsigned digest(const char *text) { return *text ? (digest(text + 1) * 33) ^ *text : 5381; }
        template <unsigned> struct Kept { static int value; };
        unsigned kept() { constexpr unsigned value = digest(WHERE); return value; }
    """
    assert "not only as text" in disproved(tmp_path, text, "-O2", name="a.cc")


def test_what_fails_is_not_carried(tmp_path: Path) -> None:
    text = '#if __has_include("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-package-1.0/x")\n#error no\n#endif\nint a;\n'
    assert disproved(tmp_path, text) == "not seen"
    (tmp_path / "b.c").write_text("#error no\n")
    call = Call(str(tmp_path), ("gcc", "-c", "b.c"))
    assert Prover(ESCAPE).seen(call)
    assert "cannot be compiled" in Prover(ESCAPE).disproved([Suspect("b.o", call, ())], [])["b.o"]


@pytest.mark.parametrize(
    ("text", "name", "flags", "reads"),
    [
        ('const char *words[] = {".include", "a \\"incbin\\n.incbin b"};\n', "a.c", ("-g3",), False),
        ('const char *word = ".include";\nasm(".include \\"b.s\\"");\n', "a.c", (), True),
        ('void f(void) { asm(".string \\"x\\" ; .incbin \\"b\\""); }\n', "a.c", ("-O2",), True),
        ('const char *word = ".include";\n', "a.c", ("-flto",), True),
        ('#ifdef B\n.incbin "b"\n#endif\n', "a.S", ("-DB",), True),
        ('#ifdef B\n.incbin "b"\n#endif\n', "a.S", (), False),
        ('.incbin "b"\n', "a.s", (), True),
        ("int not C;\n", "a.c", (), True),
    ],
)
def test_a_string_has_the_assembler_read_nothing(
    tmp_path: Path, text: str, name: str, flags: tuple[str, ...], *, reads: bool
) -> None:
    (tmp_path / name).write_text(text)
    call = Call(str(tmp_path), ("gcc", *flags, "-MD", "-c", "-o", "a.o", name))
    assert Prover(ESCAPE).assembles_files(call) is reads
