"""kbuild: its `.cmd` files, the values of a configuration, and which differences of two trees matter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from splitphase.checkpoint import kbuildcmd, kbuildtree
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.kbuildconfig import ALL, ASKS, BUSYBOX, KERNEL, Config, read_values
from splitphase.checkpoint.kbuildplace import Trees, find
from splitphase.rewrite import Rewriter

sys.path.insert(0, str(Path(__file__).resolve().parent / "oracle"))

COMPILE = "gcc -Wp,-MMD,a/.b.o.d -nostdinc -Iinclude -DX='\"a b\"' -c -o a/b.o ../a/b.c"
PROGRAMS = ("tools/", "scripts/")


def cmd(command: str, more: str = "") -> kbuildcmd.Cmd:
    text = f"savedcmd_a/b.o := {command}\n\nsource_a/b.o := ../a/b.c\n\ndeps_a/b.o := \\\n"
    text += "    $(wildcard include/config/X) \\\n  ../a/b.h \\\n\na/b.o: $(deps_a/b.o)\n" + more
    found = kbuildcmd.read(text)
    assert found is not None
    return found


def test_a_cmd_file_is_read() -> None:
    found = cmd(f"{COMPILE}  ")
    assert found.target == "a/b.o"
    assert found.reads == ("../a/b.c", "../a/b.h")
    assert kbuildcmd.compile_words(found)[-3:] == ("-o", "a/b.o", "../a/b.c")
    assert kbuildcmd.refused(found, "/build", PROGRAMS) == ""


def test_busybox_names_the_source_first() -> None:
    found = kbuildcmd.read("cmd_a.o := gcc -Wp,-MD,.a.o.d -c -o a.o a.c\n\ndeps_a.o := \\\n  a.c \\\n  a.h \\\n\n")
    assert found is not None
    assert found.reads == ("a.c", "a.h")
    assert kbuildcmd.read("cmd_a/built-in.o := ld -r -o a/built-in.o a/b.o\n") is None


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("ld -r -o a/b.o a/c.o", "no compile"),
        (f"{COMPILE} ; ./tools/objtool/objtool --orc a/b.o", ""),
        (f"{COMPILE} ; ./objtool a/b.o", "runs objtool"),
        (f"{COMPILE} ; objcopy a/b.o", "runs objcopy"),
        (COMPILE.replace("-nostdinc", "-isystem sys"), "no system headers"),
        (COMPILE.replace("-nostdinc", "-isystem /usr/lib/gcc"), ""),
        (COMPILE.replace("-nostdinc", "-fplugin=./p.so"), "-fplugin"),
        (COMPILE.replace("-nostdinc", "-Wa,a/macros.s"), "assembler"),
        (COMPILE.replace("-nostdinc", "-flto"), "link-time"),
        (COMPILE.replace("gcc ", "ccache "), "no compile"),
        (COMPILE.replace("gcc ", "scripts/gcc "), "part of the tree"),
        (COMPILE.replace("gcc -Wp,-MMD,a/.b.o.d", "gcc"), "does not report"),
        (f"{COMPILE} | cat", "shell operator"),
    ],
)
def test_only_compiles_are_reused(command: str, reason: str) -> None:
    found = kbuildcmd.refused(cmd(command), "/build", PROGRAMS)
    assert reason in found
    assert bool(reason) == bool(found)


def test_symbol_versions_are_another_run() -> None:
    found = kbuildcmd.refused(cmd(COMPILE, "#SYMVER a 0x1\n"), "/build", PROGRAMS)
    assert "symbol versions" in found


def test_values_stand_with_their_conditions() -> None:
    text = "/*\n * made\n */\n#define A 1\n#ifdef S\n# define B 1\n#else\n# define B 2\n#endif\n#undef C\nint x;\n"
    values, rest = read_values(text)
    assert set(values) == {"A", "B", "C"}
    assert "#else" in values["B"]
    assert rest == "int x;"


def config(folder: Path, text: str, name: str = KERNEL) -> Config:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return Config(str(folder))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("#ifdef CONFIG_A\n", {"CONFIG_A"}),
        ("IS_ENABLED(CONFIG_B)", {"CONFIG_B_MODULE"}),
        ("CONFIG_\\\nA", {"CONFIG_A"}),
        ("XCONFIG_A CONFIG_OTHER", set()),
        ("#define F(x) CONFIG_##x", {ALL}),
        ("F(CONFIG_, A)", {ALL}),
        ("__has_include(<a.h>)", {ASKS}),
    ],
)
def test_files_name_symbols(tmp_path: Path, text: str, named: set[str]) -> None:
    found = config(tmp_path, "#define CONFIG_A 1\n#define CONFIG_B_MODULE 1\n")
    (tmp_path / "a.c").write_text(text)
    assert found.named(str(tmp_path / "a.c")) == named


def test_busybox_has_other_names_as_well(tmp_path: Path) -> None:
    text = '#define AUTOCONF_TIMESTAMP "now"\n#define ENABLE_A 1\n#define IF_NOT_A(...)\n'
    found = config(tmp_path, text, BUSYBOX)
    (tmp_path / "a.c").write_text("AUTOCONF_TIMESTAMP IF_NOT_A(x)")
    assert found.named(str(tmp_path / "a.c")) == {"AUTOCONF_TIMESTAMP", "IF_NOT_A"}
    assert found.strings() == config(tmp_path, text.replace("now", "a day later"), BUSYBOX).strings()
    assert found.text({"ENABLE_A"}) != config(tmp_path, text.replace("A 1", "A 0"), BUSYBOX).text({"ENABLE_A"})


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("obj-$(CONFIG_A) += a.o b/", True),
        ("lib-y := a.o # a word", True),
        ("SUBLEVEL = 176", True),
        ("NAME = $(shell date)", False),
        ("ccflags-y += -DA", True),
        ("obj-y += $(shell echo a.o)", False),
        ("always-y += a", False),
        ("$(obj)/a.h: b", False),
        ("\techo '# a'", False),
    ],
)
def test_lists_of_objects_are_no_rules(tmp_path: Path, line: str, *, same: bool) -> None:
    (tmp_path / "Makefile").write_text(f"# words\n{line}\n")
    assert (kbuildtree.shape(str(tmp_path / "Makefile"), exact=True) == kbuildtree.EMPTY) == same


def test_flags_are_rules_where_their_order_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "Kbuild").write_text("ccflags-y += -O1 -O2\n")
    assert kbuildtree.shape(str(tmp_path / "Kbuild"), exact=False) != kbuildtree.EMPTY


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("kernel/a.c", ""),
        ("include/linux/a.h", ""),
        ("Documentation/a.rst", ""),
        (".config", ""),
        ("kernel/Kconfig", ""),
        ("include/generated/a.bin", ""),
        ("kernel/a.tbl", "anything may read it"),
        ("kernel/read.tbl", ""),
        ("kernel/tool.c", "a program"),
        ("scripts/a.sh", "programs"),
        ("tools/objtool/a.c", "programs"),
        ("tools/testing/a.c", ""),
        ("tools/perf/a.c", ""),
        ("tools/lib/a.c", "programs"),
        ("scripts/Makefile.build", "rules"),
        ("kernel/Makefile", "rules"),
    ],
)
def test_differences_that_matter(tmp_path: Path, path: str, reason: str) -> None:
    trees = Trees(f"{tmp_path}/s", f"{tmp_path}/s")
    (tmp_path / "s/kernel").mkdir(parents=True)
    (tmp_path / "s/kernel/Makefile").write_text("a: b\n")
    found = kbuildtree.differing(
        trees, str(tmp_path), {}, {f"s/{path}": "f 644 1"}, {"s/kernel/read.tbl"}, {}, {"s/kernel/tool.c"}
    )
    assert reason in found
    assert bool(reason) == bool(found)


def test_trees_are_found(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/Kbuild.include").touch()
    (tmp_path / "build").mkdir()
    (tmp_path / "build/Makefile").write_text(f"# made\ninclude {tmp_path}/Makefile\n")
    apart = Trees(str(tmp_path), f"{tmp_path}/build")
    assert find(str(tmp_path), (), {}) == Trees(str(tmp_path), str(tmp_path))
    assert find(f"{tmp_path}/build", (), {}) == apart
    assert find(str(tmp_path), ("O=$(buildRoot)",), {"buildRoot": f"{tmp_path}/build"}) == apart
    assert find(f"{tmp_path}/scripts", (), {}) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('/* .include */ asm(".include a");', {".include"}),
        ('/* .include */ // incbin\nchar *a = "/*"; int b; /* .include */', set()),
        ('char *a = "/*"; asm(".incbin b"); /* */', {"incbin"}),
    ],
)
def test_what_comments_say_is_not_read(tmp_path: Path, text: str, words: set[str]) -> None:
    (tmp_path / "a.h").write_text(text)
    content = Facts(str(tmp_path), Rewriter({})).content(f"{tmp_path}/a.h")
    assert content is not None
    assert content.words == words


def test_a_comment_includes_nothing(tmp_path: Path) -> None:
    facts = Facts(str(tmp_path), Rewriter({}))
    (tmp_path / "a.h").write_text('char r[] = "R";\n/* #include that */\n#include <b.h> // #include B\n')
    assert not facts.includes(f"{tmp_path}/a.h").computed
    (tmp_path / "c.h").write_text("/* #include that */\n#include /* a */ THAT\n")
    assert facts.includes(f"{tmp_path}/c.h").computed


@pytest.mark.skipif(not os.environ.get("SPLITPHASE_TEST_BUSYBOX"), reason="SPLITPHASE_TEST_BUSYBOX is no source tree")
def test_equals_the_clean_build() -> None:
    import oracle_kbuild  # noqa: PLC0415 - found through the path above

    settings = (Path(__file__).resolve().parent.parent / "checks/busybox.config").read_text()
    counts = oracle_kbuild.run(Path(os.environ["SPLITPHASE_TEST_BUSYBOX"]), 3, 5, config=settings)
    assert counts["cases"] == 3
