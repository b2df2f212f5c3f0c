"""Calls that compile and link at once: each source is an action, and so is the link."""

from __future__ import annotations

import pytest

from recorded_build import Build

MAKEFILE = """\
CC = gcc
all: tool single alone plugin.so said.txt probed

libown.a: own.c
	$(CC) -O2 -c own.c
	ar rcs $@ own.o
gen: gen.c more/util.c util.h libown.a
	$(CC) -g -Wall -I. gen.c more/util.c -L. -lown -Wl,--as-needed -lm -o $@
said.txt: gen
	./gen > $@
tool: tool.c more/util.c util.h said.txt libown.a
	$(CC) -O1 -I. -Wp,-DSHIFTED=1 -Wall tool.c -o $@ more/util.c libown.a -DHOW='"$(out)/how"' -lm
single: single.c libown.a
	$(CC) -rdynamic single.c libown.a -o $@
alone: alone.c
	$(CC) -s alone.c
	mv a.out $@
plugin.so: plugin.c more/util.c
	$(CC) -shared -fPIC -I. -o $@ plugin.c more/util.c -Wl,-soname,plugin.so.1
probed:
	if $(CC) bad.c -o probe 2>/dev/null; then echo yes; else echo no; fi > $@
"""
FILES = {
    "Makefile": MAKEFILE,
    "util.h": "int util(int);\n",
    "more/util.c": '#include "util.h"\nstatic int unused;\nint util(int n) { return n + 1; }\n',
    "own.c": "int own(void) { return 3; }\n",
    "gen.c": """\
#include <stdio.h>
#include "util.h"
int own(void);
int main(void) { return printf("#define SAID %d\\n", util(own())) < 0; }
""",
    "tool.c": """\
#include <stdio.h>
#include "said.txt"
#include "util.h"
int own(void);
int main(void) { return printf("%d %s %d\\n", util(SAID), HOW, own()) < 0; }
""",
    "single.c": "int own(void);\nint main(void) { return own() - 3; }\n",
    "alone.c": "int main(void) { return 0; }\n",
    "plugin.c": '#include "util.h"\nint plugged(void) { return util(1); }\n',
    "bad.c": "#error no\n",
}
PROGRAMS = ["a.out", "gen", "plugin.so", "single", "tool"]
COMPILES = sorted(["own.c", "gen.c", "tool.c", "single.c", "alone.c", "plugin.c", *["more/util.c"] * 3])


@pytest.fixture
def package(build: Build) -> Build:
    build.write(FILES)
    return build


def test_all_is_taken(package: Build) -> None:
    replayed = package.whole()
    assert replayed.status == 0, replayed.said
    assert package.record_log == replayed.log == ""
    assert replayed.contents == package.stock()
    assert replayed.named("taken") == COMPILES
    assert replayed.named("link taken") == PROGRAMS, replayed.reasons()
    assert replayed.reasons().keys() == {"bad.c", "probe"}
    assert f"{len(COMPILES)} objects taken from derivations, 1 built anew" in replayed.summary
    # Every program has the compiler's messages before the linker's.
    assert replayed.said.count("unused") >= 3


def test_verified(package: Build) -> None:
    package.record()
    package.build()
    replayed = package.replay(["--verify"])
    assert replayed.status == 0, replayed.said
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == PROGRAMS, replayed.reasons()


def test_a_changed_source(package: Build) -> None:
    package.record()
    package.build()
    package.write({"more/util.c": FILES["more/util.c"].replace("n + 1", "n + 2")})
    replayed = package.replay()
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == ["a.out", "single"]
    assert replayed.named("taken") == ["alone.c", "own.c", "single.c"]
    assert any(note["reason"] == "source/more/util.c differs" for note in replayed.notes)


def test_a_changed_library(package: Build) -> None:
    package.record()
    package.build()
    package.write({"own.c": "int own(void) { return 4; }\n"})
    replayed = package.replay()
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == ["a.out", "plugin.so"]
    assert replayed.reason("single.c") == "its link is not taken"


def test_a_source_that_fails_by_now(package: Build) -> None:
    package.record()
    package.build()
    package.write({"more/util.c": "#error broken\n"})
    replayed = package.replay()
    assert replayed.status
    assert "#error broken" in replayed.said


def test_clang_compiles_otherwise_where_it_links(package: Build) -> None:
    package.write({"Makefile": MAKEFILE.replace("CC = gcc", "CC = clang").replace("-O1", "-O0")})
    replayed = package.whole()
    assert replayed.status == 0, replayed.said
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == []


@pytest.mark.parametrize(
    "words",
    [
        "-MMD",
        "-g -gsplit-dwarf",
        "-fstack-usage",
        "-save-temps",
        "-flto",
        "-frecord-gcc-switches",
    ],
)
def test_what_has_other_names_then_is_left(package: Build, words: str) -> None:
    package.write({"Makefile": MAKEFILE.replace("-O1", f"-O1 {words}")})
    replayed = package.whole()
    assert replayed.status == 0, replayed.said
    assert replayed.contents == package.stock()
    assert "tool" not in replayed.named("link taken")


@pytest.mark.parametrize("words", ["-Wl,-Map,tool.map", "--coverage", "-fprofile-arcs", "-fprofile-generate"])
def test_what_is_another_in_each_stock_build_is_left(package: Build, words: str) -> None:
    package.write({"Makefile": MAKEFILE.replace("-O1", f"-O1 {words}")})
    replayed = package.whole()
    assert replayed.status == 0, replayed.said
    assert replayed.contents.keys() == package.stock().keys()
    assert "tool" not in replayed.named("link taken")


@pytest.mark.parametrize(
    "variable",
    [
        ("NIX_CFLAGS_LINK", "-O0"),
        ("NIX_CFLAGS_LINK_x86_64_unknown_linux_gnu", "-O0"),
        ("NIX_CFLAGS_COMPILE", "-fprofile-arcs"),
    ],
)
def test_words_of_the_wrapper(package: Build, variable: tuple[str, str]) -> None:
    package.environment = dict([variable])
    replayed = package.whole()
    assert replayed.status == 0, replayed.said
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == []


@pytest.mark.parametrize(
    "words", ["-ggdb -O0", "-Og -g -ffunction-sections -fPIE", "-static", "-no-pie -pg -fsanitize=address"]
)
def test_what_is_the_same_either_way(package: Build, words: str) -> None:
    package.write({"Makefile": MAKEFILE.replace("-O1", f"{words} -frandom-seed=1")})
    replayed = package.whole()
    assert replayed.status == 0, replayed.said
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == PROGRAMS, replayed.reasons()
