"""Times of files that a compile can see: `__TIMESTAMP__`, and GCC's `#pragma once`, which compares them."""

from __future__ import annotations

import os

import pytest

from recorded_build import Build

COMPILE = "\t@gcc -c $< -o $@\n"


@pytest.mark.parametrize(("seconds", "once"), [(1000, True), (2000, False)])
@pytest.mark.parametrize("content", ["#pragma once\nN\n", "N\n"])
def test_equal_files(build: Build, seconds: int, content: str, *, once: bool) -> None:
    """They are one file where their times are equal, in the action as in the tree."""
    include = "import" if content == "N\n" else "include"
    build.write({
        "Makefile": "x.o: x.c\n" + COMPILE,
        "x.c": f'#define N "mark"\nconst char *x = ""\n#{include} "a/x.h"\n#{include} "b/x.h"\n;\n',
        "a/x.h": content, "b/x.h": content,
    })  # fmt: skip
    os.utime(build.kept / "a/x.h", (1000, 1000))
    os.utime(build.kept / "b/x.h", (seconds, seconds))
    replayed = build.whole()
    assert replayed.named("taken") == ["x.c"]
    assert replayed.contents == build.stock()
    assert (b"markmark" in replayed.contents["source/x.o"][1]) is not once


def test_the_time_of_a_file_that_does_not_say_so(build: Build) -> None:
    """`__TIMESTAMP__` stands in a header, and is used in a source that the build makes."""
    build.write({
        "Makefile": "x.o: made.c\n" + COMPILE + "made.c: x.in\n\tcp $< $@\n\ttouch -d @$$(cat seconds) $@\n",
        "x.in": '#include "t.h"\nconst char *x = T;\n', "t.h": "#define T __TIMESTAMP__\n", "seconds": "86400",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("taken") == ["made.c"]
    assert replayed.contents == build.stock()
    build.write({"seconds": "172800"})
    assert build.replay().contents == build.stock()
