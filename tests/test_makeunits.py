"""Checkpoints of builds with plain make whose dry runs say more than what is done, or less."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import checkpoint_cli

TOP = "all: {}\nlibrary:\n\t$(MAKE) -C lib\nprogram: {}\n\t$(MAKE) -C programs\n"
PROGRAMS = "prog: main.o ../lib/a.o ../lib/b.o\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -DWHO=2 -c -o $@ $<\n"
MAIN = "int a(void);\nint b(void);\nint main(void) { return 10 * a() + b(); }\n"
MAKERS = {
    "one command": ("lib.a: a.c b.c", "gcc -DWHO=1 -c a.c b.c"),
    "a script": ("lib.a: a.c b.c", "sh ./build.sh"),
    "a loop": ("lib.a: a.c b.c", "for f in a b; do gcc -DWHO=1 -c $$f.c; done"),
    "a rule with a script": ("lib.a: a.o b.o\na.o b.o: a.c b.c", "sh ./build.sh"),
    "a rule": ("lib.a: a.o b.o\na.o b.o: a.c b.c", "gcc -DWHO=1 -c -o $@ $(@:.o=.c)"),
}


def write(top: Path, maker: str, *, library: bool) -> Path:
    shutil.rmtree(top, ignore_errors=True)
    tree = {
        "Makefile": TOP.format("library program" if library else "program", "library" if library else ""),
        "lib/Makefile": "{}\n\t{}\n".format(*MAKERS[maker]),
        "lib/build.sh": "gcc -DWHO=1 -c a.c\ngcc -DWHO=1 -c b.c\n",
        "lib/a.c": "int a(void) { return WHO; }\n",
        "lib/b.c": "int b(void) { return WHO; }\n",
        "programs/Makefile": PROGRAMS,
        "programs/main.c": MAIN,
    }
    source = top / "source"
    for path, text in tree.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    return source


def helper(source: Path, command: str, saved: Path) -> str:
    return checkpoint_cli.helper(command, source.parent, source, "make", saved)


def made(source: Path) -> int:
    subprocess.run(["make"], cwd=source, check=True, capture_output=True)
    return subprocess.run([str(source / "programs/prog")], check=False).returncode


@pytest.mark.parametrize("maker", sorted(MAKERS))
@pytest.mark.parametrize("library", [True, False])
def test_a_command_that_is_printed_but_does_not_run_makes_no_object(
    tmp_path: Path, maker: str, *, library: bool
) -> None:
    """Two folders have rules for the same objects; which one makes them depends on the order."""
    top, saved = tmp_path / "build", tmp_path / "checkpoint"
    source = write(top, maker, library=library)
    helper(source, "observe", saved)
    assert made(source) == (11 if library else 22)
    helper(source, "checkpoint", saved)
    source = write(top, maker, library=not library)
    said = helper(source, "reuse", saved)
    found = re.search(r"(\d+) objects taken", said)
    assert found, said
    assert made(source) == (22 if library else 11)
    assert helper(source, "confirm", saved) == ""
    assert int(found[1]) >= 1, "programs/main.o"


@pytest.mark.parametrize(
    ("command", "taken"), [("mkdir gen", 0), ("mkdir -p gen; echo >> log", 0), ("mkdir -p gen", 1)]
)
def test_commands_that_run_each_time_run_once(tmp_path: Path, command: str, taken: int) -> None:
    """What compiles wait for is made ahead; a target that is no file was then made twice: `mkdir` failed."""
    top, saved = tmp_path / "build", tmp_path / "checkpoint"
    source = top / "source"
    makefile = (
        f"all: programs/prog\n.PHONY: prep\nprep:\n\t{command}\ngen/one.h: | prep\n\techo '#define ONE 1' > $@\n"
        "a.o: a.c gen/one.h\n\tgcc -c -o $@ a.c\nprograms/prog: a.o\n\tgcc -o $@ $^\n"
    )
    for step in ("observe", "reuse"):
        shutil.rmtree(top, ignore_errors=True)
        (source / "programs").mkdir(parents=True)
        (source / "Makefile").write_text(makefile)
        (source / "a.c").write_text('#include "gen/one.h"\nint main(void) { return ONE; }\n')
        said = helper(source, step, saved)
        assert made(source) == 1
        if step == "observe":
            helper(source, "checkpoint", saved)
    assert f"{taken} objects taken" in said
    assert not (source / "log").exists() or (source / "log").read_text() == "\n"


RECURSION = {
    "$(MAKE) -C sub": (True, "0"),
    "cd sub && $(MAKE)": (True, "0"),
    "WHAT=1 $(MAKE) -C sub": (False, "1"),
    "$(MAKE) -C sub WHAT=1": (False, "1"),
    "$(MAKE) -C sub\nexport WHAT = 1": (False, "1"),
    "$(MAKE) -C sub\n%.x: export WHAT = 1": (True, "0"),
    "$(MAKE) -C sub\nall: export WHAT = 1": (False, "1"),
    "$(MAKE) -C sub first\n\tWHAT=1 $(MAKE) -C sub": (False, "1"),
}
"""How make is called in another folder: whether that can be done ahead, and what the shell there has as WHAT."""


@pytest.mark.parametrize("call", RECURSION)
def test_what_another_make_makes_is_made_ahead_where_it_gets_the_same(tmp_path: Path, call: str) -> None:
    top, saved = tmp_path / "build", tmp_path / "checkpoint"
    source = top / "source"
    ahead, value = RECURSION[call]
    for step in ("observe", "reuse"):
        shutil.rmtree(top, ignore_errors=True)
        (source / "sub").mkdir(parents=True)
        (source / "Makefile").write_text(f"all:\n\t{call}\n")
        (source / "sub/Makefile").write_text(
            'all: prog\nfirst:\n\ttrue\nwhat.h:\n\techo "#define WHAT $${WHAT-0}" > $@\n'
            "prog.o: prog.c what.h\n\tgcc -c -o $@ prog.c\nprog: prog.o\n\tgcc -o $@ $^\n"
        )
        (source / "sub/prog.c").write_text('#include "what.h"\nint main(void) { return WHAT; }\n')
        said = helper(source, step, saved)
        subprocess.run(["make"], cwd=source, check=True, capture_output=True)
        assert (source / "sub/what.h").read_text() == f"#define WHAT {value}\n"
        if step == "observe":
            helper(source, "checkpoint", saved)
    assert f"{int(ahead)} objects taken" in said
    assert helper(source, "confirm", saved) == ""
