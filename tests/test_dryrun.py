"""What a dry run of make says of the compiles of a build."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitphase.checkpoint.dryrun import dry_run, read_output
from splitphase.checkpoint.folder import Spelling
from splitphase.checkpoint.record import MakeCompile
from splitphase.rewrite import Rewriter

SPELLING = Spelling(Rewriter({"0123456789abcdfghijklmnpqrsvwxyz": "e" * 32}), "/build", "")


def test_a_dry_run_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe line that names $(MAKE) is run, with all else that stands on it."""
    (tmp_path / "Makefile").write_text("all:\n\t$(MAKE) a.o && touch made && rm keep\na.o:\n\tgcc -MD -c -o a.o a.c\n")
    (tmp_path / "keep").write_text("kept")
    (tmp_path / "keep").chmod(0o444)
    monkeypatch.chdir(tmp_path)
    run = dry_run(str(tmp_path), "own", [], SPELLING)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "keep"]
    assert (tmp_path / "keep").stat().st_mode & 0o777 == 0o444
    assert run.compiles["a.o"].refused == ""
    (tmp_path / "Makefile").write_text("$(error odd)\n")
    assert "odd" in dry_run(str(tmp_path), "own", [], SPELLING).reason


def test_a_dry_run_that_ends_early_says_what_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of a sibling folder is not there before it is made, and no rule of this folder makes it."""
    (tmp_path / "Makefile").write_text("all:\n\t$(MAKE) -C sub\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/Makefile").write_text(
        "all: a.o program b.o\nprogram: ../lib.a\n\ttrue\na.o b.o:\n\tgcc -c -o $@ $(@:.o=.c)\n"
    )
    monkeypatch.chdir(tmp_path)
    run = dry_run(str(tmp_path), "own", [], SPELLING)
    assert run.reason == ""
    assert "../lib.a" in run.partial
    assert {path: found.refused for path, found in run.compiles.items()} == {"sub/a.o": "", "sub/b.o": ""}


@pytest.mark.parametrize(
    ("makefile", "said"),
    [
        ("all:\n\tgcc -c a.c b.c\n", "several sources"),
        ("all:\n\tgcc -c a.c\n", "make did not ask for it"),
        ("all:\n\t$(MAKE) -C sub\n\t$(MAKE) a.o\na.o:\n\tgcc -c a.c\n", "several rules make it"),
        ("all:\n\t$(MAKE) a.o\n\t$(MAKE) a.o\na.o:\n\tgcc -c a.c\n", ""),
    ],
)
def test_an_object_is_made_by_its_own_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makefile: str, said: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/Makefile").write_text("../a.o:\n\tsh ../build.sh\n")
    (tmp_path / "Makefile").write_text(makefile)
    monkeypatch.chdir(tmp_path)
    found = dry_run(str(tmp_path), "own", [], SPELLING).compiles["a.o"].refused
    assert found == said or (said and said in found)


def compiles(text: str, asked: str = "a.o") -> dict[str, MakeCompile]:
    """Of a dry run whose last lines are the recipe of a target."""
    before, _, recipe = text.rstrip("\n").rpartition("'\n")
    before += "'\n" if before else ""
    output = f"{before}Makefile:1: update target '{asked}' due to: a.c\n{recipe}\n"
    return read_output("/build", "/build/work", output, SPELLING).compiles


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("gcc -MD -c -o a.o a.c", "work/a.o"),
        ("gcc -c src/a.c", "work/a.o"),
        (("depbase=`echo a.o | sed 's|[^/]*$|.deps/&|;s|\\.o$||'`;\\\n gcc -MT a.o -MD -MF $depbase.Tpo -c -o a.o a.c"
          " &&\\\n mv -f $depbase.Tpo $depbase.Po"), "work/a.o"),
        ("cd sub && gcc -c -o ../a.o a.c", "work/a.o"),
        ("make[1]: Entering directory '/build/x'\ngcc -c -o a.o a.c", "x/a.o"),
        ("make: Entering directory '/build/x'\nmake: Leaving directory '/build/x'\ngcc -c -o a.o a.c", "work/a.o"),
        ("if gcc -c -o a.o a.c; then mv a.Tpo a.Po; else rm a.Tpo; exit 1; fi", "work/a.o"),
    ],
)  # fmt: skip
def test_compiles_of_a_dry_run(line: str, output: str) -> None:
    assert {path: found.refused for path, found in compiles(f"{line}\n").items()} == {output: ""}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("./gcc -MD -c -o a.o a.c", "part of the tree"),
        ("/build/bin/gcc -MD -c -o a.o a.c", "part of the tree"),
        ("gcc -MD -c -o a.o a.c 2> a.log", "goes into a file"),
        ("gcc -MD -flto -c -o a.o a.c", "link-time"),
        ("gcc -MD -fprofile-use=x -c -o a.o a.c", "no dependency record"),
        ("gcc -DVERSION=`cat version` -c -o a.o a.c", "shell"),
        ("VERSION=`cat version`; gcc -c -o a.o a.c", "runs other commands"),
        ("gcc $version -c -o a.o a.c", "depends on the shell"),
        ("gcc -c -o a.o a.c; gcc -DX -c -o a.o b.c", "several commands"),
        ("gcc -MD @flags -c a.c", "response"),
    ],
)
def test_compiles_that_are_not_reused(line: str, said: str) -> None:
    assert said in compiles(f"{line}\n")["work/a.o"].refused


def test_libtool_counts_with_its_settings(tmp_path: Path) -> None:
    line = (
        "a.mk:1: target 'a.lo' does not exist\n/bin/sh ./libtool --tag=CC --mode=compile gcc -MD -c -o a.lo"
        " `test -f 'a.c' || echo './'`a.c\n"
    )

    def found() -> MakeCompile:
        return read_output(str(tmp_path), str(tmp_path), line, SPELLING).compiles["a.lo"]

    assert "libtool" in found().refused
    digests = []
    for text in (
        "# of version 1\npic_mode=default\n",
        "# 2\npic_mode=default\nsys_lib_search_path='/a'\n",
        "pic_mode=yes\n",
    ):
        (tmp_path / "libtool").write_text(text)
        assert found().refused == ""
        digests.append(found().digest)
    assert digests[0] == digests[1] != digests[2]


def test_an_object_that_is_moved_is_the_one_at_the_end() -> None:
    assert compiles("gcc -c -o objs/a.o a.c\nmv objs/a.o a.lo\n", "a.lo")["work/a.lo"].refused == ""
    assert [*compiles("gcc -c -o objs/a.o a.c\nmv objs/a.o a.lo\n", "a.lo")] == ["work/a.lo"]


def test_the_command_of_an_object_is_the_whole_line_and_its_directory() -> None:
    found = [
        compiles(text)["work/a.o"].digest
        for text in ("gcc -c -o a.o a.c\n", "gcc -O2 -c -o a.o a.c\n", "gcc -c -o a.o a.c && objcopy a.o\n")
    ]
    found.append(read_output("/build", "/build", "gcc -c -o work/a.o a.c\n", SPELLING).compiles["work/a.o"].digest)
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    ("before", "line", "said"),
    [
        ("export CPATH = compat", "", "sets CPATH"),
        ("a.o: export CPATH = compat", "", "sets CPATH"),
        ("%.o: export CPATH := compat", "", "sets CPATH"),
        ("define C_INCLUDE_PATH\ncompat\nendef\n.EXPORT_ALL_VARIABLES:", "", "sets C_INCLUDE_PATH"),
        ("SOURCE_DATE_EPOCH := 1", "", "sets SOURCE_DATE_EPOCH"),
        ("PATH := tools:$(PATH)", "", "sets PATH"),
        ("SHELL = ./sh", "", "sets SHELL"),
        ("SHELL = /bin/bash\n.SHELLFLAGS = -e -o pipefail -c", "", ""),
        (".SHELLFLAGS = -c 'CPATH=compat $$1'", "", "sets .SHELLFLAGS"),
        (".ONESHELL:", "", ".ONESHELL"),
        ("", "CPATH=compat ", "sets variables"),
        ("", "CPATH=compat; export CPATH; ", "sets variables"),
        ("", ". ./settings && ", "sets variables"),
        ("", "cd . && ", ""),
    ],
)
def test_the_makefile_may_set_what_compilers_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, line: str, said: str
) -> None:
    """The command is the same with an exported CPATH and without: an object was taken that had read other headers."""
    (tmp_path / "Makefile").write_text(f"all: a.o\n{before}\na.o:\n\t{line}gcc -c -o a.o a.c\n")
    monkeypatch.chdir(tmp_path)
    run = dry_run(str(tmp_path), "own", [], SPELLING)
    found = run.reason or run.compiles["a.o"].refused
    assert said in found
    assert bool(said) == bool(found)


def test_a_dry_run_leaves_the_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mkdir $(out)/share && $(MAKE)` ran twice, and the second time it failed."""
    top, out, dev = tmp_path / "top", tmp_path / "out", tmp_path / "dev"
    top.mkdir()
    dev.mkdir()
    (top / "Makefile").write_text(f"all:\n\tmkdir {out} {dev}/share && $(MAKE) a.o\na.o:\n\tgcc -c -o a.o a.c\n")
    monkeypatch.chdir(top)
    run = dry_run(str(top), "own", [], SPELLING, (out, dev))
    assert run.compiles["a.o"].refused == run.reason == ""
    assert not out.exists()
    assert not list(dev.iterdir())


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("@echo CC a.o; mkdir -p x\n\t{}\n\t@cp a.d a.P; sed -e s/x/y/ < a.d >> a.P; rm -f a.d", ""),
        ("gcc -MM -MT a.o a.c\n\t{}", ""),
        ("{}\n\tsh ./post.sh a.o", "runs sh"),
        ("{}\n\t./post", "runs ./post"),
        ("{} && sh ./post.sh", "runs sh"),
        ("{}\n\tcp other.o a.o", "runs cp"),
        ("if test -f x; then {}; else sh ./other.sh; fi", "runs sh"),
        ("test -f x || {}\n\ttest ! -f x || ./other", "runs ./other"),
    ],
)
def test_other_commands_of_a_recipe_may_change_the_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, said: str
) -> None:
    """A script behind the compile did nothing in the earlier build, and something in the later one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Makefile").write_text(f"a.o:\n\t{recipe.format('gcc -c -o a.o a.c')}\n")
    found = dry_run(str(tmp_path), "own", [], SPELLING).compiles["a.o"].refused
    assert said in found
    assert bool(said) == bool(found)


def test_a_new_line_of_a_recipe_is_another_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    digests = set()
    for line in ("", "\tmv a.o b.o\n", "\trm -f a.o\n"):
        (tmp_path / "Makefile").write_text(f"a.o:\n\tgcc -c -o a.o a.c\n{line}")
        digests.add(dry_run(str(tmp_path), "own", [], SPELLING).compiles["a.o"].digest)
    assert len(digests) == 3
