"""What dev/corpus has found: programs that said the old path after all, or were refused without need."""

from __future__ import annotations

from pathlib import Path

import pytest

from hash_cases import ESCAPE, OTHER, OUT, OUTPUTS, compile_c, run
from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter

NEW = "zq3kfvhr5dy2n8xlpdgw65q9bf1h2m8c"
START = "#include <stdio.h>\n#include <string.h>\n#include <wchar.h>\n#define APART __attribute__((noinline))\n"
MAIN = "int main(void) { static char to[400]; f(to); puts(to); puts(PATH); return 0; }\n"


def program(folder: Path, text: str, path: str, *words: str, compiler: str = "gcc") -> Path:
    upper = path.replace(OUT, OUT.upper()).replace(NEW, NEW.upper())
    defined = [f'-DPATH="{path}"', f'-DUPPER="{path.upper()}"', f'-DMIXED="{upper}"']
    return compile_c(folder, START + text, *defined, *words, compiler=compiler)


def restored(path: Path, name: str) -> bool:
    """Escape and restore to the new path; False where that was refused."""
    try:
        data = Rewriter.escaping({"out": f"/nix/store/{OUT}-{name}"}).data(path.read_bytes())
        path.write_bytes(Rewriter.restoring({"out": f"/nix/store/{NEW}-{name}"}).data(data))
    except RewriteError:
        return False
    return True


def said(folder: Path, text: str, name: str, *words: str) -> tuple[str, str]:
    """What it says after escaping and restoring, and what it says when it is built for the new path."""
    old, new = f"/nix/store/{OUT}-{name}", f"/nix/store/{NEW}-{name}"
    path = program(folder, text, old, *words)
    data = path.read_bytes()
    path.write_bytes(Rewriter.restoring({"out": new}).data(Rewriter.escaping({"out": old}).data(data)))
    result = run(path)
    return result, run(program(folder, text, new, *words))


@pytest.mark.parametrize("switches", ["-O0", "-O2", "-O2 -mno-sse"])
@pytest.mark.parametrize("rest", ["/share/locale", ".tar", "/x"])
@pytest.mark.parametrize("start", ["", "abc", "-L", "FILE:"])
def test_names_shorter_than_a_chunk(tmp_path: Path, switches: str, rest: str, start: str) -> None:
    """`6-x/shar`: what follows the name was not known, and its chunk stayed."""
    text = f'APART void f(char *to) {{ strcpy(to, "{start}" PATH "{rest}"); }}\n' + MAIN
    result, wanted = said(tmp_path, text, "x", *switches.split())
    assert result == wanted


@pytest.mark.parametrize("switches", ["-O0", "-O2", "-O2 -mno-sse"])
@pytest.mark.parametrize("macro", ["UPPER", "MIXED"])
@pytest.mark.parametrize("name", ["x", "hello-1.0"])
@pytest.mark.parametrize("start", ["", "abc", "FILE:"])
def test_upper_case_in_chunks(tmp_path: Path, switches: str, macro: str, name: str, start: str) -> None:
    """Chunks with 1 to 4 characters were looked for in lower case only."""
    text = f'APART void f(char *to) {{ strcpy(to, "{start}" {macro} "/a.h"); }}\n' + MAIN
    path = program(tmp_path, text, f"/nix/store/{OUT}-{name}", *switches.split())
    if restored(path, name):
        result = run(path)
        assert result == run(program(tmp_path, text, f"/nix/store/{NEW}-{name}", *switches.split()))
    else:
        # The hash ends with a digit: `6-hello-` in data may be of the path in lower case as well.
        assert (macro, switches) == ("MIXED", "-O2")


def test_constants_in_a_row_are_no_other_path(tmp_path: Path) -> None:
    """`V-hello-1.0/a.h` behind 31 other letters of the same hash looked like the end of another one."""
    value = OUT.encode()
    data = value[:16] + value[16:] + b"6-hello-1.0/a.h\0" + b"\0" * 16 + OUTPUTS["out"].encode()
    lines = ['.section .rodata.cst16,"a",@progbits', ".balign 16", ".byte " + ",".join(map(str, data))]
    (tmp_path / "x.c").write_text(
        "asm(" + " ".join(f'"{line.replace(chr(34), chr(92) + chr(34))}\\n"' for line in lines) + ");"
    )
    path = compile_c(tmp_path, (tmp_path / "x.c").read_text(), "-c", output="x.o")
    assert b"6-hello-1.0/a.h" not in ESCAPE.data(path.read_bytes())


@pytest.mark.parametrize("width", ["L", "u", "U"])
@pytest.mark.parametrize("switches", ["-O0"])
def test_wide_strings_in_pieces_are_refused(tmp_path: Path, width: str, switches: str) -> None:
    """Two characters of UTF-32 in a number: nothing was found at all, and the old path was printed."""
    text = (
        f"#define WIDE2(text) {width}##text\n#define WIDE(text) WIDE2(text)\n"
        "APART void f(char *to) { __typeof__(*WIDE(PATH)) text[] = WIDE(PATH); memcpy(to, text, sizeof text); }\n"
        "int main(void) { static char to[400]; f(to); puts(to); return 0; }\n"
    )
    path = program(tmp_path, text, OUTPUTS["out"], *switches.split())
    with pytest.raises(RewriteError, match="cut a wide string"):
        ESCAPE.file(path)


def test_wide_strings_of_other_paths_in_pieces(tmp_path: Path) -> None:
    text = (
        "#define WIDE2(text) L##text\n#define WIDE(text) WIDE2(text)\n"
        "APART void f(char *to) { wchar_t text[] = WIDE(PATH); memcpy(to, text, sizeof text); }\n"
        "int main(void) { static char to[400]; f(to); puts(to); return 0; }\n"
    )
    assert not ESCAPE.file(program(tmp_path, text, f"/nix/store/{OTHER}-hello-1.0", "-O0"))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("switches", ["-O2", "-O2 -c", "-O2 -mno-sse"])
def test_numbers_of_four_bytes_away_from_their_chunks(tmp_path: Path, compiler: str, switches: str) -> None:
    """The first 16 characters are read from a constant or from the string itself, the others are in the code."""
    text = "APART void f(char *to) { memcpy(to, PATH, 19); to[19] = 0; }\n" + MAIN
    path = program(tmp_path, text, OUTPUTS["out"], *switches.split(), compiler=compiler)
    with pytest.raises(RewriteError, match="other parts are in no form"):
        ESCAPE.file(path)


def test_another_path_that_begins_alike(tmp_path: Path) -> None:
    """`/store/0` is the other path's where the other's hash follows it."""
    other = OUT[:1] + OTHER[1:]
    text = (
        (
            f'APART void f(char *to) {{ strcpy(to, "/nix/store/{other}-glibc-2.38/lib"); }}\n'
            'APART void g(char *to) { strcpy(to, PATH "/lib"); }\n'
            "int main(void) { static char to[400]; f(to); puts(to); g(to); puts(to); puts(PATH); return 0; }\n"
        )
        .replace('strcpy(to, "/nix', 'strcpy(to, "abcd" "/nix')
        .replace("strcpy(to, PATH", 'strcpy(to, "abcd" PATH')
    )
    path = program(tmp_path, text, OUTPUTS["out"], "-O0")
    if restored(path, "hello-1.0"):
        assert run(path).splitlines()[0] == f"abcd/nix/store/{other}-glibc-2.38/lib"


def test_ends_of_what_is_copied_from_the_string(tmp_path: Path) -> None:
    """LLVM copies 48 bytes from the string itself and has the others in the code: no part is missing."""
    text = 'APART void f(char *to) { memcpy(to, PATH "-devl", 48); to[48] = 0; }\n' + MAIN
    path = program(tmp_path, text, OUTPUTS["out"], "-O2", "-flto", "-fuse-ld=lld", compiler="clang")
    assert restored(path, "hello-1.0")
    assert run(path).startswith(f"/nix/store/{NEW}")


def test_other_texts_than_the_path_in_one_program(tmp_path: Path) -> None:
    """Ends of wide strings of 1 to 4 characters of the hash are not looked for: what lacks them is refused."""
    text = "#define WIDE2(text) u##text\n#define WIDE(text) WIDE2(text)\nunsigned short wide[40] = WIDE(PATH);\n"
    path = program(tmp_path, text + "int main(void) { return wide[0]; }\n", OUTPUTS["out"], "-O2")
    with pytest.raises(RewriteError, match="cut a wide string"):
        ESCAPE.file(path)


def test_sums_of_other_constants(tmp_path: Path) -> None:
    """GCC makes `3nl-z3-4` of `yj8-z3-4` by adding the difference: the sum of the new ones is nobody's path."""
    one, two = (f"/nix/store/{value}-hello-1.0" for value in (OUT, OTHER))
    first, second = (int.from_bytes(path[40:48].encode(), "little") for path in (one, two))
    difference = (second - first) & 0xFFFFFFFF
    text = (
        "unsigned long f(void) { unsigned long it; "
        f'asm("movabs ${first:#x}, %%rsi\\nadd ${difference - (difference >> 31 << 32)}, %%rsi\\nmov %%rsi, %0" '
        ': "=r"(it) : : "rsi"); return it; }\n'
        'APART void g(char *to) { strcpy(to, PATH "/x"); }\n'
    )
    path = program(tmp_path, text, one, "-O2", "-mno-sse", "-c")
    with pytest.raises(RewriteError, match="computes a part"):
        ESCAPE.file(path)
