"""Ways in which a stale or another result could be put in place. Each went wrong once, or could."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from recorded_build import Build

COMPILE = "%.o: %.c\n\tgcc -c $< -o $@\n"
MAIN = "int x(void);\nint main(void) { return x(); }\n"
X = "int x(void) { return 1; }\n"


def test_a_library_that_is_not_in_the_tree_any_more(build: Build) -> None:
    """Another one, outside, is found then; every file that is read now was unchanged."""
    found = subprocess.run(["gcc", "-print-file-name=libm.so"], capture_output=True, text=True, check=True)
    outside = Path(found.stdout.strip()).parent
    build.write({
        "Makefile": "p: m.o own.o\n\tmkdir -p own\n\ttest ! -e flag || ar rcs own/libm.a own.o\n"
        f"\tgcc -o $@ m.o -fno-builtin -Lown -L{outside} -lm\n" + COMPILE,
        "m.c": "double floor(double);\nvolatile double v = 7;\nint main(void) { return floor(v); }\n",
        "own.c": "double floor(double x) { return x + 1; }\n", "flag": "",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    (build.kept / "flag").unlink()
    replayed = build.replay()
    assert replayed.contents == build.stock()
    assert replayed.named("linked") == ["p"]


def test_a_member_of_a_thin_archive_that_changes(build: Build) -> None:
    """The archive itself stays as it is, its times as well."""
    build.jobs = 1
    build.write({
        "Makefile": "all: m.o x.o\n\tar rcsT libx.a x.o\n\tgcc -o p1 m.o libx.a\n"
        "\tobjcopy --weaken x.o\n\tgcc -o p2 m.o libx.a\n"
        + COMPILE, "m.c": MAIN, "x.c": X,
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("link taken") == ["p1"]
    assert replayed.contents == build.stock()


@pytest.mark.parametrize("flags", ["rcs", "rcsT"])
def test_archives_in_a_map(build: Build, flags: str) -> None:
    """A map names members as the archive does, a warning too."""
    build.write({
        "Makefile": f"p: m.o sub/x.o\n\tar {flags} libx.a sub/x.o\n\tgcc -o $@ m.o libx.a -Wl,-Map,p.map 2> said\n"
        + COMPILE,
        "m.c": MAIN, "sub/x.c": "#include <stdio.h>\nint x(void) { return tmpnam(0) != 0; }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert replayed.named("link taken") == ["p"], replayed.reason("p")
    assert b"tmpnam" in replayed.contents["source/said"][1]


def test_an_archive_without_an_index(build: Build) -> None:
    """The linker does not take it, so there is no program; with --whole-archive it does."""
    text = "p: m.o x.o\n\tar rcS libx.a x.o\n\tgcc -o $@ m.o {}\n" + COMPILE
    build.write({"Makefile": text.format("-Wl,--whole-archive libx.a -Wl,--no-whole-archive"), "m.c": MAIN, "x.c": X})
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert replayed.named("link taken") == ["p"]
    build.write({"Makefile": text.format("libx.a").replace("rcS", "rcs")})
    assert build.whole().named("link taken") == ["p"]
    build.write({"Makefile": text.format("libx.a")})
    assert build.replay().status != 0


def test_every_link_that_reads_a_file_with_an_output_path_is_proven(build: Build) -> None:
    """The second one was not."""
    build.jobs = 1
    build.write({
        "Makefile": 'all: m.o\n\techo ".globl x; x: .string \\"$(out)\\"" | as -o x.o\n'
        "\tgcc -o p1 m.o x.o\n\tgcc -s -o p2 m.o x.o\n"
        + COMPILE, "m.c": MAIN,
    })  # fmt: skip
    build.record()
    assert {action["name"]: action["proof"] for action in build.manifest["actions"]} == {
        "m.o": False,
        "p1": True,
        "p2": True,
    }
    build.build()
    replayed = build.replay()
    assert replayed.named("link taken") == ["p1", "p2"]
    assert replayed.contents == build.stock()


def test_a_dependency_file_of_an_object_in_another_folder_than_the_call(build: Build) -> None:
    """Its paths were taken for those of a renamed source folder."""
    top = build.top
    build.write({
        "Makefile": "all:\n\tmkdir -p ../made\n\techo '#define X 1' > ../made/x.h\n"
        f"\tgcc -MMD -I{top}/made -c x.c -o ../made/x.o\n",
        "x.c": '#include "x.h"\nint x = X;\n',
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("taken") == ["x.c"]
    assert replayed.contents == build.stock()
    assert os.fsencode(f"{top}/made/x.h") in replayed.contents["made/x.d"][1]


def test_a_variable_of_the_packages_own_counts(build: Build) -> None:
    """ObjcacheEnv names what a compiler of the package's own reads: two calls of one command were one."""
    build.environment = build.program("gcc", 'exec /usr/bin/gcc -DFOO="${FOO-0}" "$@"')
    build.write({
        "Makefile": "all:\n\tFOO=1 gcc -c x.c\n\tmv x.o one.o\n\tFOO=2 gcc -c x.c\n\tmv x.o two.o\n",
        "x.c": "int main(void) { return FOO; }\n",
    })  # fmt: skip
    build.record(["--env", "FOO"])
    build.build()
    replayed = build.replay()
    assert replayed.named("taken") == ["x.c", "x.c"]
    assert replayed.contents == build.stock()


def test_names_that_are_no_utf8(build: Build) -> None:
    """Nix reads no lone surrogate in JSON."""
    name = "caf\udce9"
    build.write(
        {
            f"{name}.c": X,
            "bad.c": "x",
            "Makefile": f"all: {name}.o\n\tgcc -c -march=native {name}.c -o bad.o\n" + COMPILE,
        }
    )
    replayed = build.whole()
    json.dumps(build.manifest, ensure_ascii=False).encode()
    assert build.manifest["left"]
    assert replayed.named("taken") == [f"{name}.c"]
    assert replayed.contents == build.stock()


def test_a_link_that_runs_in_an_empty_folder(build: Build) -> None:
    build.write(
        {
            "Makefile": "p: m.o x.o\n\tmkdir -p sub\n\tcd sub && gcc -o ../p ../m.o ../x.o\n" + COMPILE,
            "m.c": MAIN,
            "x.c": X,
        }
    )
    replayed = build.whole()
    assert replayed.named("link taken") == ["p"], replayed.reason("p")
    assert replayed.contents == build.stock()


def test_a_map_file_is_written_over(build: Build) -> None:
    """As the linker does: its other names show the new content."""
    build.write({
        "Makefile": "p: m.o x.o\n\techo > old.map\n\tln old.map p.map\n\tgcc -o p m.o x.o -Wl,-Map=p.map\n" + COMPILE,
        "m.c": MAIN, "x.c": X,
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("link taken") == ["p"]
    assert replayed.contents == build.stock()
    assert b"Linker script" in replayed.contents["source/old.map"][1]


@pytest.mark.parametrize("compiler", [name for name in ("gcc", "clang") if shutil.which(name)])
@pytest.mark.parametrize("way", ["empty", "dangling", "link to empty", "link", "file"])
def test_what_is_in_the_place_of_an_object(build: Build, compiler: str, way: str) -> None:
    """An empty file keeps its mode where GNU as writes, a dangling link is followed; Clang replaces both."""
    before = {
        "empty": "umask 077; : > x.o", "dangling": "ln -s there.o x.o", "file": "umask 077; echo > x.o",
        "link to empty": ": > there.o; ln -s there.o x.o", "link": "echo > there.o; ln -s there.o x.o",
    }  # fmt: skip
    build.write({"Makefile": f"all:\n\t{before[way]}\n\t{compiler} -c x.c -o x.o\n", "x.c": X})
    replayed = build.whole()
    assert replayed.named("taken") == ["x.c"]
    assert replayed.contents == build.stock()


def test_a_library_in_front_of_the_compiler(build: Build) -> None:
    """LD_PRELOAD may let it read other files than it names."""
    text = "all:\n\tLD_PRELOAD={} gcc -c x.c\n"
    build.write({"Makefile": text.format(""), "x.c": X})
    assert build.whole().named("taken") == ["x.c"]
    build.write({"Makefile": text.format("/usr/lib/nothing.so")})
    replayed = build.replay()
    assert replayed.named("taken") == []
    assert "LD_PRELOAD" in replayed.reason("x.c")


def test_a_runtime_that_the_package_makes_itself(build: Build) -> None:
    """-fopenmp adds -lgomp, which is found in the tree."""
    build.write({
        "Makefile": "p: m.o x.o\n\tmkdir -p own\n\tar rcs own/libgomp.a x.o\n\tgcc -fopenmp -o $@ m.o -Lown\n"
        + COMPILE,
        "m.c": MAIN, "x.c": X,
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("link taken") == ["p"], replayed.reason("p")
    assert replayed.contents == build.stock()
    build.write({"x.c": "int x(void) { return 2; }\n"})
    replayed = build.replay()
    assert replayed.named("linked") == ["p"]
    assert replayed.contents == build.stock()


def test_what_the_compilers_own_script_names(build: Build) -> None:
    """GNU ld looks for libgcc_s.so.1 in the working directory: dev/audit found that."""
    build.write({
        "Makefile": "p: m.o x.o\n\ttest ! -e flag || cp $$(gcc -print-file-name=libgcc_s.so.1) .\n\tgcc -o $@ m.o x.o\n"
        + COMPILE,
        "m.c": MAIN, "x.c": X,
    })  # fmt: skip
    assert build.whole().named("link taken") == ["p"]
    build.write({"flag": ""})
    replayed = build.replay()
    assert replayed.named("linked") == ["p"]
    assert replayed.contents == build.stock()


def test_a_version_script_of_what_objects_define(build: Build) -> None:
    """As libtool makes one for -export-symbols-regex: no stub has symbols, so the link fails in its derivation."""
    build.write({
        "Makefile": "libx.so: x.o\n"
        "\t(echo '{ global:'; nm x.o | sed -n 's/.* T \\(.*\\)/\\1;/p'; echo 'local: *; };') > x.ver\n"
        "\tgcc -shared -o $@ x.o -Wl,--version-script=x.ver\n%.o: %.c\n\tgcc -fPIC -c $< -o $@\n",
        "x.c": X,
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert "0 links taken from derivations, 1 linked anew" in replayed.summary
    assert "it fails in its derivation" in replayed.reason("libx.so")
