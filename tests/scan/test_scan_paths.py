"""Files behind symlinks, `..` and odd names, against the same two oracles as test_scan_closure."""

from __future__ import annotations

import os

from conftest import Project
from splitphase.scan.closure import Scanner

MAIN = "int f(void) { return VALUE; }\n"


def test_spaces_unicode_and_bytes(project: Project) -> None:
    name = b"caf\xe9.h"
    project.write({
        "ein Ordner/größe ☃.c": b'#include "h\xc3\xb6he #1.h"\n#include <' + name + b">\n" + MAIN.encode(),
        "ein Ordner/höhe #1.h": "#define VALUE (1 + E)\n",
        os.fsdecode(b"d$ir/" + name): "#define E 2\n",
    })  # fmt: skip
    project.prove(project.compile("-I", "d$ir", source="ein Ordner/größe ☃.c"))


def test_symlinked_directory(project: Project) -> None:
    """The header's own includes start from the directory as spelled, not from where the link leads."""
    project.write({
        "main.c": '#include "link/a.h"\n#include "via/link2/sub/b.h"\n' + MAIN,
        "real/deep/a.h": '#include "beside.h"\n#include "../up.h"\n',
        "real/deep/beside.h": "#define BESIDE 1\n",
        "real/deep/sub/b.h": "#define VALUE (BESIDE + UP)\n",
        "real/up.h": "#define UP 2\n",
    })  # fmt: skip
    project.link("link", "real/deep")
    project.link("via/link2", "../link")
    result = project.prove(project.compile())
    assert project.names(result.symlinks) == {"link", "via/link2"}
    assert {"real/deep/a.h", "real/up.h", "real/deep/sub/b.h"} <= project.names(result.internal)
    assert "link/a.h" in project.names(result.files)


def test_symlinked_header(project: Project) -> None:
    project.write({
        "main.c": '#include "inc/a.h"\n' + MAIN,
        "store/a.h": '#include "b.h"\n',
        "store/b.h": "#define VALUE 2\n",
        "inc/b.h": "#define VALUE 1\n",
    })  # fmt: skip
    project.link("inc/a.h", "../store/a.h")
    result = project.prove(project.compile())
    assert project.names(result.symlinks) == {"inc/a.h"}
    assert {"inc/b.h", "store/a.h"} <= project.names(result.internal)


def test_symlinked_system_directory(project: Project) -> None:
    """GCC gives system headers their real path where that is shorter, so that own includes start there."""
    project.write({
        "main.c": "#include <a.h>\n" + MAIN,
        "r/a.h": '#include "../x.h"\n',
        "x.h": "#define VALUE 1\n",
        "long/x.h": "#define VALUE 2\n",
        "long/directory/.keep": "",
    })  # fmt: skip
    project.link("long/directory/with-a-link", "../../r")
    project.write({"long/directory/x.h": "#define VALUE 3\n"})
    project.prove(project.compile("-isystem", "long/directory/with-a-link"))


def test_absolute_symlink_and_dots_through_it(project: Project) -> None:
    project.write({
        "main.c": '#include "l/../z.h"\n' + MAIN,
        "z.h": "#error lexically here\n",
        "far/away/.keep": "",
        "far/z.h": "#define VALUE 1\n",
    })  # fmt: skip
    project.link("l", str(project.root / "far/away"))
    result = project.prove(project.compile())
    assert "far/away" in project.names(result.dirs)
    assert "far/z.h" in project.names(result.internal)


def test_link_farm(project: Project) -> None:
    """One header linked from many directories means another neighbour in each of them."""
    packages = [f"p{number}" for number in range(40)]
    project.write({"common/a.h": '#include "own.h"\n'})
    for number, package in enumerate(packages):
        project.write({f"{package}/main.c": '#include "a.h"\n' + MAIN, f"{package}/own.h": f"#define VALUE {number}\n"})
        project.link(f"{package}/a.h", "../common/a.h")
    scanner = Scanner(str(project.root))
    for package in packages:
        found = project.names(scanner.scan(project.compile(source=f"{package}/main.c")).internal)
        assert found == {f"{package}/main.c", f"{package}/own.h", "common/a.h"}
    project.prove(project.compile(source="p39/main.c"))


def test_link_to_itself_ends(project: Project) -> None:
    project.write({"main.c": '#include "self/a.h"\n' + MAIN,
                   "a.h": '#pragma once\n#include "self/a.h"\n#define VALUE 1\n'})  # fmt: skip
    project.link("self", ".")
    project.link("again", ".")
    result = project.scan(project.compile())
    assert {"a.h", "main.c"} <= project.names(result.internal)


def test_dots_through_unused_directories(project: Project) -> None:
    project.write({
        "build/deep/main.c": '#include "../../empty/hollow/../../inc/a.h"\n#include <b.h>\n' + MAIN,
        "empty/hollow/unused.h": "",
        "inc/a.h": '#include "../inc/c.h"\n',
        "inc/c.h": '#define C 1\n#include "../inc/a.h"\n',
        "inc/b.h": "#define VALUE C\n",
        "other/place/.keep": "",
    })  # fmt: skip
    project.write({"inc/c.h": '#ifndef C\n#define C 1\n#include "../inc/a.h"\n#endif\n'})
    result = project.prove(project.compile("-I../../other/place/../../inc", source="main.c", directory="build/deep"))
    assert {"empty/hollow", "other/place", "build/deep"} <= project.names(result.dirs)
    assert "inc/a.h" in project.names(result.files)


def test_what_was_scanned_before_does_not_count(project: Project) -> None:
    """The way to the first one's `..` was noted for the header itself, and so for all that read it later."""
    project.write({f"{name}/main.c": '#include "../value.h"\n' + MAIN for name in ("one", "two")})
    project.write({"value.h": "#define VALUE 1\n"})
    first, second = (project.compile(source=f"{name}/main.c") for name in ("one", "two"))
    scanner = Scanner(str(project.root))
    scanner.scan(first)
    assert scanner.scan(second) == Scanner(str(project.root)).scan(second)


def test_directory_of_that_name_is_no_header(project: Project) -> None:
    project.write({"main.cc": "#include <thing>\n" + MAIN, "one/thing/x": "", "two/thing": "#define VALUE 1\n"})
    result = project.prove(project.compile("-Ione", "-Itwo", source="main.cc", driver=project.cxx))
    assert project.names(result.files) == {"main.cc", "two/thing"}


def test_missing_include_dirs_warning(project: Project) -> None:
    project.write({"main.c": "int x;\n", "empty/.keep": ""})
    words = ["-Wmissing-include-dirs", "-Werror"] if project.compiler == "gcc" else ["-Wmissing-include-dirs"]
    assert "empty" in project.names(project.prove(project.compile(*words, "-Iempty")).dirs)
