"""The proof by two tokens, as the builder of actions does it: no more work than it takes, and nothing passes unseen."""

from __future__ import annotations

import pytest

from recorded_build import Build

USES = '#include "config.h"\nconst char *x(void) { return PREFIX; }\n'
USES_NOT = '#include "config.h"\nint x(void) { return OTHER; }\n'
INCBIN = '#include "config.h"\n__asm__(".data\\n.incbin \\"data\\"\\n.text");\n'


def compiles(build: Build, source: str, flags: str = "") -> int:
    """How many compilers run in the one action, those aside that only preprocess. What it makes is right."""
    noted = build.folder / "runs"
    build.environment = build.program("gcc", f'[[ " $* " == *" -E "* ]] || echo >> {noted}\nexec /usr/bin/gcc "$@"')
    build.write({
        "Makefile": "all:\n\techo '#define PREFIX \"$(out)\"' > config.h\n\techo '#define OTHER 1' >> config.h\n"
        f"\techo 'path: $(out)' > data\n\tgcc {flags} -c x.c\n",
        "x.c": source,
    })  # fmt: skip
    build.record()
    assert [action["proof"] for action in build.manifest["actions"]] == [True]
    noted.write_text("")
    build.build()
    count = len(noted.read_text().splitlines())
    replayed = build.replay()
    assert replayed.named("taken") == ["x.c"], replayed.said
    assert replayed.contents == build.stock()
    return count


@pytest.mark.parametrize(
    "flags", ["", "-O2 -MMD -MF x.d", "'-DOWN=\"$(out)\"'", "-I $(out)/include", "-isystem$(out)/include", "-g0"]
)
def test_what_the_preprocessor_drops_needs_no_second_compile(build: Build, flags: str) -> None:
    assert compiles(build, USES_NOT, flags) == 1


@pytest.mark.parametrize(
    ("source", "flags"),
    [
        (USES, ""),
        (USES_NOT, "-g"),
        (USES_NOT, "-frecord-gcc-switches"),
        (USES_NOT, "-Wa,-I,$(out)/include"),
        (USES_NOT, "-Wp,-I,$(out)/include"),
        (INCBIN, ""),
        (INCBIN.replace(".incbin", '.inc" "bin').replace('"data', '"config.h'), ""),
        (USES_NOT, "-fmacro-prefix-map=/somewhere=$(out)"),
        (USES_NOT + "#pragma pack(1)\n", ""),
        # What is printed may quote what the preprocessor drops.
        (USES_NOT + '#warning "seen"\n', ""),
    ],
)
def test_what_needs_one(build: Build, source: str, flags: str) -> None:
    assert compiles(build, source, flags) == 2


def test_a_linker_that_says_how_long_it_took(build: Build) -> None:
    """As ncurses' does, by its option: both runs printed other times, so its library and all programs were left."""
    text = 'all:\n\tgcc -fPIC -c -DOWN="\\"$(out)\\"" x.c\n\tgcc -shared -Wl,-stats -o libx.so x.o\n'
    build.write({"Makefile": text, "x.c": "const char *x = OWN;\n"})
    build.record()
    build.build()
    replayed = build.replay()
    assert replayed.named("link taken") == ["libx.so"]
    assert replayed.contents == build.stock()
    assert build.replay(["--verify"]).status == 0
