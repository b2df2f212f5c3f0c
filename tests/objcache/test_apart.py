"""Calls that compile and link at once: each source is an action, and so is the link."""

from __future__ import annotations

import json
import re

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
    names = [action["name"] for action in package.manifest["actions"] if action["kind"] == "compile"]
    assert {"gen.c.o", "more-util.c.o", "tool.c.o"} <= {*names}
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


def small(package: Build, rule: str, **files: str) -> Build:
    """A program of two sources, by one rule."""
    package.write({
        "Makefile": f"all:\n\t{rule}\n",
        "a.c": "int b(void);\nint main(void) { return b(); }\n",
        "b.c": "int b(void) { return 0; }\n",
        **{name.replace("_", "."): text for name, text in files.items()},
    })  # fmt: skip
    package.environment = {"TMPDIR": str(package.top)}
    return package


@pytest.mark.parametrize(
    "value",
    [
        {"NIX_CFLAGS_COMPILE": "-O2", "NIX_CFLAGS_LINK": "-O2"},
        {"NIX_CFLAGS_LINK_x86_64_unknown_linux_gnu": "-g"},
        {"NIX_CXXSTDLIB_LINK": "-lm"},
    ],
)
def test_what_a_wrapper_adds_to_links_is_no_matter_of_its_value(package: Build, value: dict[str, str]) -> None:
    small(package, "gcc a.c b.c -o p").environment |= value
    replayed = package.whole()
    assert replayed.contents == package.stock()
    assert replayed.named("link taken") == []


@pytest.mark.parametrize("words", ["-Wl,-T,x.ld", "-Xlinker --script=x.ld", "x.ld", "-Wl,--dependency-file=p.d", "-r"])
def test_what_chooses_objects_by_their_names_is_left(package: Build, words: str) -> None:
    script = "SECTIONS { .first : { *b.c.o(.text .text.*) } } INSERT BEFORE .text;\n"
    replayed = small(package, f"gcc a.c b.c -o p {words}", x_ld=script).whole()
    assert replayed.named("link taken") == []
    assert [action["kind"] for action in package.manifest["actions"]] == []


def test_a_source_that_is_the_output(package: Build) -> None:
    small(package, "gcc a.c b.c -o ./b.c")
    package.record()
    package.build()
    replayed = package.replay()
    assert "is the same as output file" in replayed.said
    assert replayed.contents["source/b.c"][1] == b"int b(void) { return 0; }\n"


def test_a_probe_may_fail_after_it_has_succeeded(package: Build) -> None:
    steps = "for one in sin missing; do echo 'int main(void) { return 0; }' > try.c; "
    steps += 'test $$one = sin || echo "int $$one(void); int (*p)(void) = $$one;" >> try.c; '
    steps += "gcc try.c -o try 2> said && echo yes || echo no; done > found"
    small(package, steps).record()
    assert package.recorded_tree["source/found"][1] == b"yes\nno\n"
    package.build()
    assert package.replay().contents["source/found"][1] == b"yes\nno\n"


def test_messages_that_name_a_temporary_object(package: Build) -> None:
    """The linker warns of tmpnam, and says in which object it is."""
    source = "#include <stdio.h>\nint b(void) { char name[L_tmpnam]; return !tmpnam(name); }\n"
    small(package, "gcc a.c b.c -o p", b_c=source).record()
    package.build()
    replayed = package.replay(["--verify"])
    assert replayed.status == 0, replayed.said
    replayed = package.replay()
    assert replayed.named("link taken") == ["p"]
    assert re.search(f"{package.top}/cc[0-9A-Za-z]{{6}}.o: in function", replayed.said)


def test_messages_of_the_driver(package: Build) -> None:
    """They come once, and not once for each part."""
    replayed = small(package, "gcc -mfused-madd a.c b.c -o p").whole()
    assert replayed.contents == package.stock()
    assert replayed.said.count("is deprecated") == 1
    assert "for each part" in replayed.reason("p")


def test_one_source_twice(package: Build) -> None:
    source = "__attribute__((weak)) int e(void) { return 1; }\n"
    replayed = small(package, "gcc a.c b.c e.c e.c -o p", e_c=source).whole()
    assert replayed.contents == package.stock()
    assert "4 objects taken from derivations, 0 built anew" in replayed.summary


def test_words_of_the_link_change_no_compile(package: Build) -> None:
    small(package, "gcc a.c b.c -o p")
    package.record()
    known = {action["pack"] for action in package.manifest["actions"] if action["kind"] == "compile"}
    small(package, "gcc -lm -Wl,-O1 a.c b.c -o p")
    package.record()
    assert {action["pack"] for action in package.manifest["actions"] if action["kind"] == "compile"} == known


def test_a_file_in_the_place_of_an_object_stays(package: Build) -> None:
    small(package, "gcc a.c b.c -o p").record()
    package.build()
    known = json.loads((package.folder / "recorded/known/actions.json").read_text())["actions"]
    name = next(action["written"][0] for action in known if action["source"] == "source/a.c")
    small(package, f"echo kept > {package.top}/{name}; gcc a.c b.c -o p")
    replayed = package.replay()
    assert replayed.contents == package.stock()
    assert replayed.contents[name][1] == b"kept\n"
    assert replayed.reason("p") == "another file has the name of its object"
