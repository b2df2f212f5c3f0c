"""Shell text against a real shell: the words that `split` finds are the words that bash passes."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitphase.command import Unreadable, is_archiver, is_compile, is_compiler, option, split

_PRINT = "c() { if (( $# )); then printf '%s\\0' \"$@\"; fi; printf '\\n\\0'; }; cd() { c cd \"$@\"; }\n"


def bash(text: str) -> list[list[str]] | None:
    """The simple commands of a text, each of whose programs is `c` or `cd`, as bash runs them; None for an error."""
    done = subprocess.run(
        ["bash", "--norc", "-c", _PRINT + text], capture_output=True, check=False, cwd="/proc/self", env={"HOME": "/h"}
    )
    if done.returncode:
        return None
    commands: list[list[str]] = []
    current: list[str] = []
    for word in done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        if word == "\n":
            commands.append(["c", *current] if current[:1] != ["cd"] else current)
            current = []
        else:
            current.append(word)
    return commands


WORDS = [
    "plain", "-DX=1",
    "'single quoted'", '"double quoted"', r"back\ slash", r"-DNAME=\"x\"", "-D'A B'=\"C D\"", "''", '""',
    r"'\'", r'"\$HOME \`x\` \" \\ \n"', r"a\'b", "'a'\\''b'", "a#b", "a]", "a}b", "a=b:c", "%", "@file",
    "größe", "'a\nb'", '"a\\\nb"', "a\\\nb", r"\;",
    r"\&\&", "'&&'", "-Wl,-rpath,'$ORIGIN'", r"\$ORIGIN", "a!b", "^", "+", ",",
    r"\#x", "'#'", r"\*", "'*'", r"a\?b", r"a\[b", "a~",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_words(word: str) -> None:
    assert split(f"c {word} end") == bash(f"c {word} end")
    assert split(f"c {word}") == bash(f"c {word}")


@pytest.mark.parametrize(
    "text",
    [
        "c a && c b",
        "c a&&c b",
        "  c  a  ",
        "cd x && c y && :",
        ": && c a && :",
        "cd '/a b' && c",
        "c a \\\n  b",
        "c\ta",
    ],
)
def test_commands(text: str) -> None:
    assert split(text) == bash(text)


@pytest.mark.parametrize(
    "text",
    [
        "c a; c b", "c a | c b", "c a || c b", "c > x", "c < x", "c 2>&1", "c &", "(c a)", "c $X", "c ${X}", "c $(ls)",
        "c `ls`", 'c "$X"', 'c "`ls`"', "c *", "c a*", "c a?", "c [ab]", "c 'open", 'c "open', "c a\nc b",
        "c # x", "# comment", "c end\\", "c $'a'", 'c "a${b}"',
    ],
)  # fmt: skip
def test_unreadable(text: str) -> None:
    found = split(text)
    assert isinstance(found, Unreadable)
    assert found.reason


@pytest.mark.parametrize("text", ["c ~/x", "c ~", "c -I~/x", "c x=~", "c a:~", "c {a,b}", "c x{1..3}", "c a={1,2}"])
def test_expansions_without_a_sign(text: str) -> None:
    """Tildes and braces: unreadable, or read as bash reads them."""
    found = split(text)
    assert isinstance(found, Unreadable) or found == bash(text)


@pytest.mark.parametrize("text", ["CC=/usr/bin/gcc ./generate -c -o x.o", "! gcc -c -o x.o", "time gcc -c -o x.o x.c"])
def test_what_stands_first_is_no_compiler(text: str) -> None:
    found = split(text)
    assert not isinstance(found, Unreadable)
    assert not is_compile(found[0])


_TEXTS = st.lists(
    st.sampled_from(
        ["a", "b c", " ", "'", '"', "\\", "\n", "&&", " && c ", "$", "#", "*", ";", "=", "é", "\r", "\\\n", "]", ","]
    ),
    max_size=8,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(_TEXTS)
def test_never_other_words_than_bash(text: str) -> None:
    """What is read at all is read as bash does; the rest is called unreadable."""
    whole = "c " + text
    found = split(whole)
    if isinstance(found, Unreadable) or any(command[0] != "c" for command in found):
        return
    assert bash(whole) in (None, found)


@pytest.mark.parametrize(
    "program",
    [
        "gcc",
        "/nix/store/x/bin/g++",
        "x86_64-unknown-linux-gnu-gcc-12.2",
        "c++",
        "clang++-14",
        "aarch64-linux-gnu-cc",
        "nvcc",
    ],
)
def test_compilers(program: str) -> None:
    assert is_compiler(program)
    assert not is_archiver(program)
    assert is_compile([program, "-o", "x.o", "-c", "x.c"])
    assert not is_compile([program, "-o", "x", "x.o"])


@pytest.mark.parametrize("program", ["gcc.py", "mycc.sh", "ccache", "python3", "ld", "gcc-wrapper-gen", "acc", "moc"])
def test_other_programs(program: str) -> None:
    assert not is_compiler(program)
    assert not is_archiver(program)


@pytest.mark.parametrize("program", ["ar", "/usr/bin/ranlib", "gcc-ar-12", "x86_64-linux-gnu-ar", "llvm-ranlib-14"])
def test_archivers(program: str) -> None:
    assert is_archiver(program)


def test_option() -> None:
    words = ["gcc", "-o", "a", "-ob", "-MF", "x.d", "-o"]
    assert option(words, "-o") == "b"
    assert option(words, "-MF") == "x.d"
    assert option(words, "-MT") is None
