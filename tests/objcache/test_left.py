"""Compiles that are left to the compiler, and whose objects are for linkers alone: record does not run them."""

from __future__ import annotations

import pytest

from recorded_build import Build
from splitphase.intercept.reasons import Reason

MAKEFILE = """\
CC = gcc
all: tool said.txt
%.o: %.c
	$(CC) WORDS -MMD -c $< -o $@
plain.o: plain.c said.txt
	$(CC) -O1 -c plain.c -o $@
libown.a: own.o
	gcc-ar rcs $@ $^
gen: gen.o libown.a
	$(CC) LINK gen.o libown.a -o $@
said.txt: gen
	./gen > $@
tool: tool.o plain.o libown.a
	$(CC) LINK $^ -o $@
"""
FILES = {
    "own.c": "int own(void) { return 3; }\n",
    "gen.c": '#include <stdio.h>\nint own(void);\nint main(void) { return printf("#define SAID %d\\n", own()) < 0; }\n',
    "plain.c": '#include "said.txt"\nint plain(void) { return SAID; }\n',
    "tool.c": "int own(void);\nint plain(void);\nint main(void) { return own() - plain(); }\n",
}


@pytest.mark.parametrize(
    ("words", "link", "variable", "reason"),
    [
        ("-O2 -flto -frandom-seed=1", "-flto -O2", "", Reason.LTO),
        ("-O2", "-O2", "-flto=auto", Reason.LTO),
        ("-march=native", "", "", Reason.NATIVE),
        ("-fprofile-use -Wno-missing-profile", "", "", Reason.PROFILE),
    ],
)
def test_they_are_stubs_and_no_actions(build: Build, words: str, link: str, variable: str, reason: str) -> None:
    build.write({"Makefile": MAKEFILE.replace("WORDS", words).replace("LINK", link), **FILES})
    build.environment = {"NIX_CFLAGS_COMPILE": variable} if variable else {}
    build.record()
    assert build.record_log == ""
    # The generator was run, and its two objects were made for that; the third was not.
    assert build.recorded_tree["source/said.txt"][1] == b"#define SAID 3\n"
    assert b"splitphase" in build.recorded_tree["source/tool.o"][1]
    assert {left["reason"] for left in build.manifest["left"] if left["kind"] == "compile"} == {reason}
    build.build()
    replayed = build.replay()
    assert replayed.status == 0, replayed.said
    assert replayed.contents == build.stock()
    if not variable:
        assert replayed.named("taken") == ["plain.c"]


@pytest.mark.parametrize("words", ["-flto -save-temps", "-flto -emit-llvm", "-flto -S"])
def test_what_writes_more_runs(build: Build, words: str) -> None:
    build.write({"Makefile": f"all:\n\tgcc {words} -c own.c -o own.o || true\n", **FILES})
    build.record()
    assert b"splitphase" not in build.recorded_tree.get("source/own.o", (0, b""))[1]
