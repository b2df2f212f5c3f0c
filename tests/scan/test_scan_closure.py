"""Every way to read a file, against two oracles: `-M`, and the object built from the pack alone (see conftest)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import Project
from splitphase.errors import SplitphaseError
from splitphase.scan.closure import Compile, Scanner

MAIN = "int f(void) { return VALUE; }\n"


def test_quote_then_path(project: Project) -> None:
    project.write({
        "src/main.c": '#include "a.h"\n#include <b.h>\n' + MAIN,
        "src/a.h": '#include "c.h"\n',
        "src/unused.h": "",
        "inc/b.h": "#define VALUE C\n",
        "inc/c.h": "#define C 1\n",
        "inc/a.h": "#error wrong\n",
        "none/x.h": "",
    })  # fmt: skip
    result = project.prove(project.compile("-Iabsent", "-Inone", "-Iinc", source="src/main.c"))
    assert project.names(result.files) == {"src/main.c", "src/a.h", "inc/b.h", "inc/c.h"}
    assert project.names(result.used_dirs) == {"inc"}
    assert not any((result.computed, result.modules, result.date, result.opaque, result.symlinks))


def test_include_next(project: Project) -> None:
    project.write({
        "main.c": "#include <x.h>\n" + MAIN,
        "one/x.h": "#include_next <x.h>\n#define VALUE (TWO + THREE)\n",
        "two/x.h": "#define TWO 2\n#include_next <x.h>\n",
        "three/x.h": "#define THREE 3\n",
    })  # fmt: skip
    project.prove(project.compile("-Ione", "-Itwo", "-Ithree"))


def test_include_next_from_own_directory(project: Project) -> None:
    project.write({
        "main.c": '#include "src/x.h"\n' + MAIN,
        "src/x.h": "#ifndef ONCE\n#define ONCE\n#include_next <x.h>\n#endif\n",
        "src/sub/y.h": "",
        "inc/x.h": "#include_next <x.h>\n",
        "last/x.h": "#define VALUE 4\n",
    })  # fmt: skip
    project.prove(project.compile("-iquote", "inc", "-Iinc", "-Ilast"))


def test_shadowed_system_header(project: Project) -> None:
    """stdio.h includes <features.h>: the project's own comes first, and wraps the real one."""
    project.write({
        "main.c": "#include <stdio.h>\n#include <string.h>\n" + MAIN,
        "plain.c": "#include <stdio.h>\nint g;\n",
        "inc/features.h": '#include "extra.h"\n#include_next <features.h>\n',
        "inc/extra.h": "#define VALUE 5\n",
    })  # fmt: skip
    scanner = Scanner(str(project.root))
    plain = scanner.scan(project.compile(source="plain.c"))
    assert project.names(plain.files) == {"plain.c"}
    result = project.prove(project.compile("-Iinc"))
    assert project.names(result.files) == {"main.c", "inc/features.h", "inc/extra.h"}
    assert scanner.scan(project.compile("-Iinc")) == result
    assert scanner.scan(project.compile(source="plain.c")) == plain


def test_shadow_found_late(project: Project) -> None:
    """The first file asks for little of the system; the shadowed name comes up only with the second."""
    project.write({
        "a.c": "#include <stddef.h>\nint a;\n",
        "b.c": "#include <stdlib.h>\nint b;\n",
        "inc/alloca.h": "#include_next <alloca.h>\n",
        "inc/sys/types.h": "#include_next <sys/types.h>\n",
    })  # fmt: skip
    scanner = Scanner(str(project.root))
    assert project.names(scanner.scan(project.compile("-Iinc", source="a.c")).files) == {"a.c"}
    found = project.names(scanner.scan(project.compile("-Iinc", source="b.c")).files)
    assert found == {"b.c", "inc/alloca.h", "inc/sys/types.h"}
    project.prove(project.compile("-Iinc", source="b.c"))


def test_name_only_later_directories_have(project: Project) -> None:
    """A system header asks for a name that no system directory has, but one after them does."""
    project.write({
        "main.c": "#include <sys.h>\n" + MAIN,
        "sys/sys.h": "#include <late.h>\n",
        "after/late.h": "#define VALUE 6\n",
    })  # fmt: skip
    result = project.prove(project.compile("-isystem", "sys", "-idirafter", "after"))
    assert "after/late.h" in project.names(result.files)


def test_has_include(project: Project) -> None:
    project.write({
        "main.c": """
            #define HAVE(x) __has_include(x)
            #if __has_include("present.h") && !__has_include(<absent.h>) && __has_include_next(<stdio.h>) \\
                && HAVE(<probed.h>)
            #define VALUE 7
            #else
            #define VALUE 8
            #endif
            """ + MAIN,
        "present.h": "#error never included\n",
        "inc/probed.h": "",
    })  # fmt: skip
    result = project.prove(project.compile("-Iinc"))
    assert "absent.h" in result.missing
    assert {"present.h", "inc/probed.h"} <= project.names(result.files)


def test_texts_that_name_files_of_the_machine(project: Project) -> None:
    """Headers of the C library have such, and half of coreutils was left for "/etc/hosts", all of git for "/bin/sh"."""
    paths = ("/etc/hosts", "/bin/sh", "/dev/null", "/proc/kmsg")
    texts = "".join(f'#define PATH{number} "{path}"\n' for number, path in enumerate(paths))
    project.write({
        "main.c": texts + '#define NAME "asked.h"\n#if __has_include(NAME)\n#define VALUE 1\n#endif\n' + MAIN,
        "asked.h": "",
    })  # fmt: skip
    result = project.prove(project.compile('-DSHELL="/bin/sh"'))
    assert not result.files.intersection(paths)
    assert "asked.h" in project.names(result.files)


def test_forced_includes(project: Project) -> None:
    project.write({
        "src/main.c": MAIN,
        "forced.h": '#include "more.h"\n',
        "inc/more.h": "#define A 1\n",
        "inc/macros.h": "#define VALUE (A + B)\n",
        "src/forced.h": "#error the working directory comes first\n",
        "b.h": "#define B 2\n",
    })  # fmt: skip
    project.prove(
        project.compile("-Iinc", "-include", "forced.h", "-imacros", "macros.h", "-includeb.h", source="src/main.c")
    )


def test_all_kinds_of_directories(project: Project) -> None:
    project.write({
        "main.c": '#include "q.h"\n#include <i.h>\n#include <s.h>\n#include <after.h>\n#include <stdio.h>\n' + MAIN,
        "q/q.h": "#define Q 1\n",
        "q/i.h": "#error quote only\n",
        "i/i.h": "#define I 2\n",
        "s/s.h": "#define S 3\n",
        "s/i.h": "#error later\n",
        "after/after.h": "#define VALUE (Q + I + S)\n",
        "after/stdio.h": "#error later\n",
        "env/unused.h": "",
    })  # fmt: skip
    project.env["CPATH"] = str(project.root / "env")
    result = project.prove(project.compile("-iquote", "q", "-I", "i", "-isystem", "s", "-idirafterafter"))
    assert project.names(result.used_dirs) == {"q", "i", "s", "after"}


def test_response_files(project: Project) -> None:
    project.write({
        "main.c": "#include <a b.h>\n" + MAIN,
        "with space/a b.h": "#define VALUE MACRO\n",
        "one.rsp": "'-Iwith space' @sub/two.rsp",
        "sub/two.rsp": "-DMACRO=9\n",
    })  # fmt: skip
    result = project.prove(project.compile("@one.rsp"))
    assert project.names(result.special) == {"one.rsp", "sub/two.rsp"}


def test_one_failure_among_many(project: Project) -> None:
    project.write({"a.c": "#define H(x) <x.h>\n#include H(absent)\n", "b.c": "int b;\n", "c.c": "int c;\n"})
    compiles = [project.compile(source="a.c"), project.compile(source="b.c"), project.compile("-mbogus", source="c.c")]
    first, second, third = Scanner(str(project.root)).scan_all(compiles, jobs=2)
    assert isinstance(first, SplitphaseError)
    assert isinstance(third, SplitphaseError)
    assert project.names(second.files) == {"b.c"}


def test_incbin_and_asm_include(project: Project) -> None:
    project.write({
        "sub/main.c": """
            __asm__(".pushsection .rodata\\n.globl blob\\nblob:\\n.incbin \\"sub/blob.bin\\"\\n.popsection\\n");
            __asm__(".include \\"macros.inc\\"\\nwide\\n");
            """,
        "sub/blob.bin": b"\0\1\2",
        "inc/macros.inc": '.macro wide\n.pushsection .rodata\n.include "deep.inc"\n.popsection\n.endm\n',
        "inc/deep.inc": ".long 77\n",
    })  # fmt: skip
    words = ["-Iinc"] if project.compiler == "gcc" else ["-Iinc", "-Wa,-Iinc"]
    result = project.prove(project.compile(*words, source="sub/main.c"))
    assert {"sub/blob.bin", "inc/macros.inc", "inc/deep.inc"} <= project.names(result.files)
    assert not result.opaque


def test_assembler_source(project: Project) -> None:
    project.write({
        "main.S": '#include "def.h"\n.data\n.include "x.inc"\n.incbin "data.bin", 1\n.long VALUE\n',
        "def.h": "#define VALUE 3\n",
        "x.inc": ".byte 1\n",
        "data.bin": b"abc",
        "main.s": '.data\n.include "x.inc"\n',
    })  # fmt: skip
    project.prove(project.compile(source="main.S"))
    project.prove(project.compile(source="main.s"))


def test_opaque_incbin(project: Project) -> None:
    project.write({"main.c": '#define F "a.bin"\n__asm__(".incbin \\"" F "\\"");\n', "a.bin": "x"})
    assert project.names(project.scan(project.compile()).opaque) == {"main.c"}


def test_odd_spelling(project: Project) -> None:
    project.write({
        "main.c": b'\xef\xbb\xbf#include "a.h"\r\n/* x\r\n */ # /* y */ inc\\\r\nlude /* z */ <b.h>\r\n'
        b'%: include <./c.h>\r\n'
        b'const char *s = "\\\xff /* ";\r\n#include "d\\\r\n.h" // */\r\nint f(void) { return A + B + C + D; }',
        "a.h": "#define A 1",
        "b.h": "#define B 2\n",
        "c.h": "#define C 3\n",
        "d.h": "#define D 4\n",
    })  # fmt: skip
    result = project.prove(project.compile("-I."))
    assert project.names(result.files) == {"main.c", "a.h", "b.h", "c.h", "d.h"}
    assert not result.computed


def test_trigraphs(project: Project) -> None:
    project.write({"main.c": '??=include "a.h"\n#in??/\nclude "b.h"\nint x = A + B;\n', "a.h": "#define A 1\n",
                   "b.h": "#define B 1\n"})  # fmt: skip
    project.prove(project.compile("-std=c99", "-w"))


def test_raw_strings(project: Project) -> None:
    project.write({
        "main.cc": 'const char *s = R"x(\n/* " )x";\n#include "a.h"\nconst char *t = R"(*/)"; int x = A;\n',
        "a.h": "#define A 1\n",
    })  # fmt: skip
    project.prove(project.compile("-std=c++17", source="main.cc", driver=project.cxx))


def test_compiler_of_the_project(project: Project) -> None:
    project.write({"main.c": "int x;\n", "tools/cc": f'#!/bin/sh\nexec {project.compiler} "$@"\n'})
    (project.root / "tools/cc").chmod(0o755)
    result = project.prove(project.compile(driver="./tools/cc"))
    assert project.names(result.special) == {"tools/cc"}


def test_cycle(project: Project) -> None:
    project.write({
        "main.c": '#include "a.h"\n' + MAIN,
        "a.h": '#pragma once\n#include "b.h"\n',
        "b.h": '#pragma once\n#include "c.h"\n#include "d.h"\n',
        "c.h": '#pragma once\n#include "a.h"\n#include "e.h"\n',
        "d.h": "#define VALUE E\n",
        "e.h": '#define E 1\n#include "b.h"\n',
        "other.c": '#include "e.h"\n' + MAIN,
    })  # fmt: skip
    scanner = Scanner(str(project.root))
    headers = {"a.h", "b.h", "c.h", "d.h", "e.h"}
    assert project.names(scanner.scan(project.compile()).files) == {"main.c"} | headers
    assert project.names(scanner.scan(project.compile(source="other.c")).files) == {"other.c"} | headers
    project.prove(project.compile())


def test_header_that_moves_changes_the_result(project: Project) -> None:
    project.write({"main.c": "#include <x.h>\n" + MAIN, "two/x.h": "#define VALUE 1\n", "one/.keep": ""})
    before = project.prove(project.compile("-Ione", "-Itwo"))
    project.write({"one/x.h": "#define VALUE 2\n"})
    after = project.prove(project.compile("-Ione", "-Itwo"))
    assert project.names(before.files) == {"main.c", "two/x.h"}
    assert project.names(after.files) == {"main.c", "one/x.h"}


def test_times(project: Project) -> None:
    """The clock must not tick between two compiles: GCC takes the time from the environment, Clang 14 does not."""
    project.env["SOURCE_DATE_EPOCH"] = "1000000000"
    moment = '__DATE__ " " __TIME__' if project.compiler == "gcc" else "__DATE__"
    project.write({
        "main.c": '#include "d.h"\n#include "s.h"\nint x;\n',
        "d.h": f"static const char *d(void) {{ return {moment}; }}\n",
        "s.h": "static const char *s(void) { return __TIMESTAMP__; }\n",
    })  # fmt: skip
    result = project.prove(project.compile())
    assert result.date
    assert project.names(result.timestamps) == {"s.h"}


def test_modules(project: Project) -> None:
    project.write({"main.cc": "import foo;\n", "main.c": "import foo;\n"})
    assert project.scan(project.compile("-std=c++20", source="main.cc")).modules
    assert project.scan(project.compile(source="main.cc")).modules
    assert not project.scan(project.compile("-std=c++17", source="main.cc")).modules
    assert not project.scan(project.compile(source="main.c")).modules


def test_files_named_by_options(project: Project) -> None:
    project.write({
        "main.c": "int x;\n",
        "ignore.txt": "fun:main\n",
        "old.o": "",
        "out.o": "stale",
        "list": "",
        "out.gcda": "",
        "a.d": "stale",
    })  # fmt: skip
    compile_ = project.compile(
        "-fsanitize-blacklist=ignore.txt", "-Wa,list", "-fplugin-arg-x-y=old.o", "-fprofile-use", "-MF", "a.d"
    )
    assert project.names(project.scan(compile_).special) == {"ignore.txt", "list", "old.o", "out.gcda"}


def test_precompiled_header_of_gcc(tmp_path: Path) -> None:
    project = Project(tmp_path / "tree", "gcc")
    project.write({"main.c": '#include "p.h"\n' + MAIN, "p.h": "#define VALUE 1\n", "lone/p.h.gch/variant": ""})
    subprocess.run(["gcc", "-c", "p.h"], cwd=project.root, check=True)
    result = project.prove(project.compile())
    assert project.names(result.files) == {"main.c", "p.h", "p.h.gch"}
    (project.root / "p.h.gch").rename(project.root / "moved")
    (project.root / "p.h").rename(project.root / "lone" / "p.h")
    result = project.scan(project.compile("-Ilone"))
    assert project.names(result.files) == {"main.c", "lone/p.h", "lone/p.h.gch/variant"}


def test_cmake_style_precompiled_header_of_clang(tmp_path: Path) -> None:
    project = Project(tmp_path / "tree", "clang")
    project.write({"main.c": "int x = VALUE;\n", "pch.h": "#define VALUE 1\n"})
    subprocess.run(["clang", "-x", "c-header", "pch.h", "-o", "pch.h.pch"], cwd=project.root, check=True)
    words = ["-Xclang", "-include-pch", "-Xclang", "pch.h.pch", "-Xclang", "-include", "-Xclang", "pch.h"]
    result = project.prove(project.compile(*words))
    assert project.names(result.files) == {"main.c", "pch.h", "pch.h.pch"}


def test_system_includes_and_cxx(project: Project) -> None:
    project.write({"main.cc": "#include <vector>\n#include <iostream>\nint f(std::vector<int> v) { return v[0]; }\n"})
    result = project.prove(project.compile("-g", "-O2", source="main.cc", driver=project.cxx))
    assert project.names(result.files) == {"main.cc"}


def test_scan_order_does_not_matter(project: Project) -> None:
    """Shared state (the base, closures of components) must not leak from one compile into the next."""
    project.write({
        "a.c": '#include <stdio.h>\n#include "x.h"\n', "b.c": '#include "y.h"\n#include <math.h>\n',
        "x.h": '#include "y.h"\n#include <stdlib.h>\n', "y.h": '#include "x.h"\n#include <n.h>\n',
        "one/n.h": "", "two/n.h": "", "two/stdlib.h": "#include_next <stdlib.h>\n", "one/bits/types.h": "",
    })  # fmt: skip
    compiles = [
        project.compile(*words, source=source)
        for source in ("a.c", "b.c")
        for words in (("-Ione",), ("-Itwo",), ("-Ione", "-Itwo"), ("-idirafter", "one"))
    ]
    alone = [Scanner(str(project.root)).scan(compile_) for compile_ in compiles]
    scanner = Scanner(str(project.root))
    assert [scanner.scan(compile_) for compile_ in compiles] == alone
    scanner = Scanner(str(project.root))
    assert [scanner.scan(compile_) for compile_ in reversed(compiles)] == alone[::-1]


def test_unreadable_source(project: Project) -> None:
    result = project.scan(project.compile(source="generated.c"))
    assert any(name.endswith("generated.c") for name in result.missing)


def test_is_internal() -> None:
    scanner = Scanner("/build")
    assert scanner.is_internal("/build/x/y.h")
    assert scanner.is_internal("/nix/store/" + "0" * 32 + "-openssl-dev/include/ssl.h")
    assert not scanner.is_internal("/usr/include/stdio.h")
    assert not scanner.is_internal("/builder/x.h")


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(SplitphaseError, match="working-directory"):
        Scanner(str(tmp_path)).scan(Compile(str(tmp_path), ("clang", "-working-directory=x", "x.c"), "x.c", {}))
    with pytest.raises(SplitphaseError, match="language"):
        Scanner(str(tmp_path)).scan(Compile(str(tmp_path), ("gcc", "-c", "x.foo"), "x.foo", {}))
