"""A small package: a generator that the build runs, archives, one of them thin, `ld -r`, libraries, a program."""

from __future__ import annotations

MAKEFILE = """\
CC = gcc
CFLAGS = -O2 -MMD -MP -I.
all: prog

table.h: gen
	./gen > $@.new
	mv $@.new $@
gen: gen.o libgen.a
	$(CC) -o $@ gen.o -L. -lgen
libgen.a: words.o
	ar rcs $@ $^

main.o: table.h
where.o: CFLAGS += -DWHERE='"$(out)/share"'
libab.a: a.o b.o
	ar rcs $@ $^
libthin.a: sub/e.o sub/f.o
	ar rcsT $@ $^
gh.o: g.o h.o
	ld -r -o $@ $^
%.lo: %.c
	$(CC) $(CFLAGS) -fPIC -c -o $@ $<
libone.so.1: one.lo
	$(CC) -shared -Wl,-soname,libone.so.1 -o $@ $^
libone.so: libone.so.1
	ln -sf $< $@
libtwo.so: two.lo libone.so
	$(CC) -shared -o $@ two.lo -L. -lone -Wl,-rpath,'$$ORIGIN'
prog: main.o where.o gh.o libab.a libthin.a libtwo.so libone.so
	$(CC) -o $@ main.o where.o gh.o libab.a -Wl,--whole-archive libthin.a -Wl,--no-whole-archive \\
	-L. -ltwo -lone -Wl,-rpath,'$$ORIGIN'
	LD_LIBRARY_PATH=. ./prog > said.txt
-include $(wildcard *.d sub/*.d)
"""
FILES = {
    "Makefile": MAKEFILE,
    "gen.c": """\
#include <stdio.h>
extern int word;
int main(void) { return printf("#define TABLE %d\\n", word) < 0; }
""",
    "words.c": "int word = 7;\n",
    "a.h": "#define A 1\nint a(void);\nint b(void);\n",
    "a.c": '#include "a.h"\nint a(void) { return A; }\n',
    "b.c": '#include "a.h"\nint b(void) { return A + 1; }\n',
    "sub/e.c": "int e(void) { return 5; }\n",
    "sub/f.c": "int f(void) { return 6; }\n",
    "g.c": "int g(void) { return 8; }\n",
    "h.c": "int h(void) { return 9; }\n",
    "one.c": "int one(void) { return 11; }\n",
    "two.c": "int one(void);\nint two(void) { return one() + 1; }\n",
    "where.c": "const char *where(void) { return WHERE; }\n",
    "main.c": """\
#include <stdio.h>
#include "a.h"
#include "table.h"
int e(void), f(void), g(void), h(void), one(void), two(void);
const char *where(void);
int main(void) {
  printf("%d %d %d %d %d %d %d %d %d %s\\n", TABLE, a(), b(), e(), f(), g(), h(), one(), two(), where());
  return 0;
}
""",
}
SOURCES = sorted(name for name in FILES if name.endswith(".c"))
LINKS = ["gen", "libone.so.1", "libtwo.so", "prog"]
