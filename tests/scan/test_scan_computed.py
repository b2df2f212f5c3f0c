"""Includes whose name is a macro, or made by macros; against the oracles of conftest."""

from __future__ import annotations

import pytest

from conftest import Project
from splitphase.errors import SplitphaseError
from splitphase.scan.closure import Scanner

MAIN = "int f(void) { return VALUE; }\n"


@pytest.mark.parametrize(
    ("main", "words", "read"),
    [
        ("#define H <sub/a.h>\n#include H\n", (), {"inc/sub/a.h"}),
        ('#define H "sub/a.h" // why\n# include H /* why */\n', (), {"inc/sub/a.h"}),
        ('#include "names.h"\n#include NAMED\n', (), {"names.h", "inc/sub/a.h"}),
        ("#include H\n", ("-DH=<sub/a.h>",), {"inc/sub/a.h"}),
        ("#ifdef X\n#define H <absent.h>\n#else\n#define H <sub/a.h>\n#endif\n#include H\n", (), {"inc/sub/a.h"}),
        # Names beside the file that includes, not beside the one that defines.
        ('#define CONFIG "conf.h"\n#include <user.h>\n', (), {"inc/user.h", "inc/conf.h"}),
        # What is found so names another.
        ("#define H <chain.h>\n#include H\n", (), {"inc/chain.h", "inc/sub/a.h"}),
    ],
)
def test_macro_that_is_a_name(project: Project, main: str, words: tuple[str, ...], read: set[str]) -> None:
    project.write({
        "main.c": main + MAIN,
        "names.h": "#define NAMED <sub/a.h>\n",
        "inc/sub/a.h": "#define VALUE 1\n",
        "inc/user.h": "#include CONFIG\n",
        "inc/conf.h": "#define VALUE 2\n",
        "inc/chain.h": "#define CHAINED <sub/a.h>\n#include CHAINED\n",
    })  # fmt: skip
    result = project.prove(project.compile("-Iinc", *words))
    assert not result.computed
    assert project.names(result.files) == {"main.c", *read}


def test_a_name_in_angle_brackets_is_none_in_quotes(project: Project) -> None:
    project.write({
        "main.c": "#define H <string.h>\n#include H\n" + MAIN,
        "quoted/string.h": "#error quoted\n",
        "angle/string.h": "#define VALUE 1\n",
    })  # fmt: skip
    result = project.prove(project.compile("-iquote", "quoted", "-Iangle"))
    assert "angle/string.h" in project.names(result.files)


def test_the_next_one_is_computed(project: Project) -> None:
    project.write({
        "main.c": "#include <string.h>\n" + MAIN,
        "1/string.h": "#define H <string.h>\n#include_next H\n",
        "2/string.h": "#define VALUE 1\n",
    })  # fmt: skip
    result = project.prove(project.compile("-I1", "-I2"))
    assert result.computed
    assert "2/string.h" in project.names(result.files)


def test_a_word_of_a_name_becomes_a_macro(project: Project) -> None:
    """No directive changes by that."""
    project.write({
        "main.c": '#include "config.h"\n#define H <os/a.h>\n#include H\n' + MAIN,
        "config.h": "",
        "os/a.h": "#define VALUE 1\n",
        "bsd/a.h": "#define VALUE 2\n",
    })  # fmt: skip
    scanner = Scanner(str(project.root))
    assert not scanner.scan(project.compile("-I.")).computed
    project.write({"config.h": "#define os bsd\n"})
    result = scanner.scan(project.compile("-I."))
    assert result.computed
    assert "bsd/a.h" in project.names(result.files)


@pytest.mark.parametrize("word", ['-DH= "a.h"', '-DH="a.h"/**/', "-DH= <a.h> // b"])
def test_names_in_flags(project: Project, word: str) -> None:
    project.write({"main.c": "#include H\n" + MAIN, "inc/a.h": "#define VALUE 1\n"})
    result = project.prove(project.compile("-Iinc", word))
    assert not result.computed
    assert "inc/a.h" in project.names(result.files)


@pytest.mark.parametrize(
    ("main", "words"),
    [
        # GNU modes define `linux` as 1, and a macro in a name counts.
        ("#define H <linux/a.h>\n#include H\n", ()),
        ("#define H <os/a.h>\n#include H\n", ("-Dos=1",)),
        ("#define H OTHER\n#define OTHER <os/a.h>\n#include H\n", ()),
        ("#define H(x) <os/x.h>\n#include H(a)\n", ()),
        ("#include __FILE__\n", ()),
    ],
)
def test_only_the_compiler_knows(project: Project, main: str, words: tuple[str, ...]) -> None:
    project.write({
        "main.c": f"#ifndef ONCE\n#define ONCE\n{main}{MAIN}#endif\n",
        "1/a.h": "#define VALUE 1\n",
        "os/a.h": "#define VALUE 2\n",
        "linux/a.h": "#define VALUE 3\n",
    })  # fmt: skip
    result = project.prove(project.compile("-I.", "-DVALUE=0" if "__FILE__" in main else "-DX", *words))
    assert result.computed


def test_a_definition_comes(project: Project) -> None:
    """An answer holds for as long as the files do."""
    project.write({"main.c": '#include "names.h"\n#include H\n' + MAIN, "a.h": "#define VALUE 1\n"})
    project.write({"names.h": '#define H "a.h"\n'})
    scanner = Scanner(str(project.root))
    assert not scanner.scan(project.compile()).computed
    project.write({"names.h": '#define G "b.h"\n#define H G\n', "b.h": "#define VALUE 2\n"})
    result = scanner.scan(project.compile())
    assert result.computed
    assert project.names(result.files) == {"main.c", "names.h", "b.h"}


def test_computed_include(project: Project) -> None:
    project.write({
        "main.c": '#define STRING(x) #x\n#define NAME(x) STRING(dir/x.h)\n'
        '#include NAME(deep)\n#include "plain.h"\n' + MAIN,
        "dir/deep.h": "#if __has_include(<hidden.h>)\n#include CONFIG\n#endif\n",
        "plain.h": "",
        "inc/hidden.h": "",
        "inc/conf.h": "#define VALUE 10\n",
    })  # fmt: skip
    compile_ = project.compile(
        "-Iinc", '-DCONFIG="conf.h"', "-MD", "-MF", "never.d", "-Wp,-MMD,nor-this.d", "-save-temps"
    )
    result = project.scan(compile_)
    assert result.computed
    assert "inc/hidden.h" in project.names(result.files)
    assert sorted(entry.name for entry in project.root.iterdir()) == ["dir", "inc", "main.c", "plain.h"]
    project.prove(project.compile("-Iinc", '-DCONFIG="conf.h"'))


def test_computed_include_that_fails(project: Project) -> None:
    project.write({"main.c": "#define H(x) <x.h>\n#include H(generated)\n"})
    with pytest.raises(SplitphaseError, match=r"generated\.h"):
        project.scan(project.compile())


def test_computed_only_in_one(project: Project) -> None:
    """The compiler is asked for those commands alone that need it, also when many are scanned at a time."""
    project.write({
        "a.c": "#define H(x) <x.h>\n#include H(h)\nint a = VALUE;\n",
        "b.c": "int b;\n",
        "h.h": "#define VALUE 1\n",
    })  # fmt: skip
    compiles = [project.compile("-I.", source=name) for name in ("a.c", "b.c")]
    results = list(Scanner(str(project.root)).scan_all(compiles, jobs=2))
    assert [result.computed for result in results] == [True, False]
    assert [project.names(result.files) for result in results] == [{"a.c", "h.h"}, {"b.c"}]


def test_has_include_of_a_macro(project: Project) -> None:
    """GCC's -M does not list what is only asked for."""
    project.write({
        "main.c": '#include "names.h"\n#if __has_include(HEADER) && __has_include(GIVEN)\n#define VALUE 1\n#else\n'
        "#define VALUE 2\n#endif\n" + MAIN,
        "names.h": "#define HEADER <asked.h>\n",
        "inc/asked.h": "",
        "inc/given.h": "",
    })  # fmt: skip
    result = project.prove(project.compile("-Iinc", "-DGIVEN=<given.h>"))
    assert not result.computed
