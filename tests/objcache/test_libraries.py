"""Links that read shared libraries of the tree, which need others."""

from __future__ import annotations

import os
import subprocess

from recorded_build import Build


def test_a_library_that_needs_one_of_the_system(build: Build) -> None:
    """Each library of nixpkgs has glibc in its run path, so every link that read one of the tree was made anew."""
    found = subprocess.run(["gcc", "-print-file-name=libm.so.6"], capture_output=True, text=True, check=True)
    system = os.path.dirname(os.path.realpath(found.stdout.strip()))
    build.write({
        "Makefile": f"p: m.o libx.so\n\tgcc -o $@ m.o libx.so -Wl,-rpath,'$$ORIGIN'\n"
        f"libx.so: x.o\n\tgcc -shared -o $@ x.o -lm -Wl,--no-as-needed -Wl,-rpath,{system}\n"
        "%.o: %.c\n\tgcc -fPIC -c -o $@ $<\n",
        "m.c": "int x(void);\nint main(void) { return x(); }\n",
        "x.c": "double floor(double);\nvolatile double v = 7;\nint x(void) { return floor(v) - 7; }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert replayed.named("link taken") == ["libx.so", "p"]


def test_libraries_that_only_libraries_need(build: Build) -> None:
    """As CMake's PRIVATE and Meson link: the program's command leads to the first one alone."""
    text = """\
all: bin/p
bin/p: m.o libthree.so
	mkdir -p bin
	gcc -o $@ m.o libthree.so -Wl,-rpath,'$$ORIGIN/..' -Wl,-rpath-link,sub/../sub:.
libthree.so: three.o libtwo.so
	gcc -shared -Wl,-soname,libthree.so -o $@ three.o -L. -ltwo
libtwo.so: two.o sub/libone.so
	gcc -shared -Wl,-soname,libtwo.so.2 -o $@.2.0 two.o -Lsub -lone
	ln -sf $@.2.0 $@.2
	ln -sf $@.2 $@
sub/libone.so: one.o
	mkdir -p sub
	gcc -shared -Wl,-soname,libone.so.1 -o $@.1 one.o
	ln -sf libone.so.1 $@
%.o: %.c
	gcc -fPIC -c -o $@ $<
"""
    build.write({
        "Makefile": text, "m.c": "int three(void);\nint main(void) { return three(); }\n",
        "three.c": "int two(void);\nint three(void) { return two(); }\n",
        "two.c": "int one(void);\nint two(void) { return one(); }\n",
        "one.c": "int one(void) { return 1; }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert replayed.named("linked") == [], replayed.notes
    build.write({"one.c": "int one(void) { return 1; }\nint more(void) { return 2; }\n"})
    replayed = build.replay()
    assert replayed.contents == build.stock()
    assert replayed.reason("bin/p").endswith("libone.so.1 differs")
    build.write({"Makefile": text.replace("-ltwo\n", "-Lsub -Wl,--as-needed -lone -ltwo\n")})
    assert build.replay().contents == build.stock()


def test_a_library_that_is_needed_and_not_there(build: Build) -> None:
    """By its name there is none until it is installed, so the linker warns, and exports less."""
    build.write({
        "Makefile": "prog: main.o libA.so\n\tgcc -o $@ main.o -L. -lA -Wl,-rpath-link,.\n"
        "libA.so: a.o libB.so\n\tgcc -shared -Wl,--no-as-needed -o $@ a.o -L. -lB\n"
        "libB.so: b.o\n\tgcc -shared -Wl,-soname,libB.so.1 -o $@ b.o\n%.o: %.c\n\tgcc -fPIC -c -o $@ $<\n",
        "a.c": "int a(void) { return 1; }\n", "b.c": "int callback(void);\nint b(void) { return callback(); }\n",
        "main.c": "int a(void);\nint callback(void) { return 2; }\nint main(void) { return a(); }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert replayed.reason("prog").endswith("libB.so.1 is not there")


def test_a_library_that_is_linked_twice(build: Build) -> None:
    build.jobs = 1
    build.write({
        "Makefile": "all: main.o a.o b.o c.o\n\tgcc -shared -o libB.so b.o\n\tgcc -shared -o libA.so a.o -L. -lB\n"
        "\tgcc -shared -o libB.so b.o c.o\n\tgcc -o prog main.o -L. -lA -lB -Wl,-rpath-link,.\n"
        "%.o: %.c\n\tgcc -fPIC -c -o $@ $<\n",
        "a.c": "int b(void);\nint a(void) { return b(); }\n", "b.c": "int b(void) { return 1; }\n",
        "c.c": "int c(void) { return 1; }\n",
        "main.c": "int a(void), c(void);\nint main(void) { return a() + c(); }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.contents == build.stock()
    assert "prog" in replayed.named("link taken")
