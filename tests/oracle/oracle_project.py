"""Small generated projects that do what makes builds stale, and the build files of five tools for them."""

from __future__ import annotations

import random

from oracle_tree import Node, State

TOOLS = ("cmake-ninja", "cmake-make", "meson", "autotools", "make")


def project(chance: random.Random) -> State:
    """A project of some sources, headers in two folders, and a few traps."""
    state = State({}, {"LEVEL": "1"})
    state.put("inc/second/api.h", "#define API 1\nint api(int);\n")
    state.put("inc/second/common.h", "#include <api.h>\n#define COMMON 2\n")
    state.put("inc/second/which.h", "#define WHICH_VALUE 3\n")
    state.put("inc/first/.keep", "")
    for number in range(chance.randint(3, 6)):
        state.put(f"inc/second/m{number}.h", f"#define M{number} {number}\n")
        state.put(
            f"src/m{number}.c",
            f'#include "m{number}.h"\n#include <common.h>\n'
            f"int m{number}(void) {{ return M{number} + COMMON + API + LEVEL; }}\n",
        )
    state.put(
        "src/optional.c",
        '#if defined __has_include\n# if __has_include("opt.h")\n#  define FOUND 1\n# endif\n#endif\n#ifndef FOUND\n'
        "#define FOUND 0\n#endif\nint optional(void) { return FOUND; }\n",
    )
    state.put("src/computed.c", "#define NAME <which.h>\n#include NAME\nint computed(void) { return WHICH_VALUE; }\n")
    state.put("src/where.c", 'const char *where(void) { return PREFIX "/share"; }\n')
    state.put("src/when.c", "const char *when(void) { return __DATE__ __TIME__; }\n")
    state.put("src/file.c", "int file(void) { return sizeof __FILE__; }\n")
    state.put("src/timestamp.c", "const char *timestamp(void) { return __FILE__ __TIMESTAMP__; }\n")
    state.put("src/main.c", "#include <api.h>\nint m0(void);\nint main(void) { return m0() == API; }\n")
    state.put("src/app/one.c", "#include <common.h>\nint two(void);\nint main(void) { return two() == COMMON; }\n")
    state.put("src/app/two.c", "#include <which.h>\nint m0(void);\nint two(void) { return WHICH_VALUE + m0(); }\n")
    state.put("data/blob.bin", bytes(chance.randrange(256) for _ in range(40)))
    state.put("data/values.txt", "10\n")
    state.put("data/hidden.txt", "20\n")
    state.put("data/plug.map", "{ global: plug; local: *; };\n")
    state.put("src/plug.c", "int plug(void) { return 1; }\nint other(void) { return 2; }\n")
    state.put("README", "read me\n")
    if chance.random() < 0.4:
        state.put("src/blob.c", '__asm__(".data\\n.incbin \\"" SOURCE "/data/blob.bin\\"\\n");\nint blob;\n')
    if chance.random() < 0.5:
        state.put(
            "tools/gen.sh",
            'read -r value < "$1"\nread -r more < "${0%/*}/../data/hidden.txt"\n'
            'echo "#define GENERATED ($value + $more)" > "$2"\n',
            0o755,
        )
        state.put("src/uses.c", '#include "gen.h"\nint uses(void) { return GENERATED; }\n')
    return state


def sources(state: State) -> list[str]:
    """What is compiled into the library."""
    own = ("src/main.c", "src/plug.c")
    return [path for path in state.files(".c", "src/") if path not in own and "/" not in path[4:]]


def build_files(state: State, tool: str) -> State:
    """The state with the build files of a tool."""
    made = state.copy()
    if tool.startswith("cmake"):
        made.put("CMakeLists.txt", _cmake(state))
    elif tool == "meson":
        made.put("meson.build", _meson(state))
    elif tool == "autotools":
        made.put("configure.ac", _CONFIGURE)
        made.put("Makefile.am", _automake(state))
    else:
        made.put("Makefile", _make(state))
    made.tree.setdefault("inc/first", Node())
    return made


def _defines(state: State) -> list[str]:
    return [f"-D{name}={value}" for name, value in sorted(state.defines.items())]


def _generates(state: State) -> bool:
    return "tools/gen.sh" in state.tree


def _cmake(state: State) -> str:
    lines = [
        "cmake_minimum_required(VERSION 3.13)", "project(oracle C)",
        f"add_compile_options({' '.join(_defines(state))})",
        "include_directories(inc/first inc/second ${CMAKE_BINARY_DIR}/gen)",
        f"add_library(core STATIC {' '.join(sources(state))})",
        'set_source_files_properties(src/where.c PROPERTIES COMPILE_DEFINITIONS PREFIX=\\"${CMAKE_INSTALL_PREFIX}\\")',
        'set_source_files_properties(src/blob.c PROPERTIES COMPILE_DEFINITIONS SOURCE=\\"${CMAKE_SOURCE_DIR}\\")',
        "add_executable(tool src/main.c)", "target_link_libraries(tool core)",
        "add_library(plug SHARED src/plug.c)",
        "target_link_options(plug PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/data/plug.map)",
    ]  # fmt: skip
    if _generates(state):
        lines += [
            "file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/gen)",
            (
                "add_custom_command(OUTPUT gen/gen.h COMMAND sh ${CMAKE_SOURCE_DIR}/tools/gen.sh"
                " ${CMAKE_SOURCE_DIR}/data/values.txt gen/gen.h DEPENDS data/values.txt tools/gen.sh)"
            ),
            "target_sources(core PRIVATE ${CMAKE_BINARY_DIR}/gen/gen.h)",
        ]
    return "\n".join(lines) + "\n"


def _meson(state: State) -> str:
    listed = ", ".join(f"'{path}'" for path in sources(state) if path not in ("src/where.c", "src/blob.c"))
    flags = ", ".join(f"'{flag}'" for flag in _defines(state))
    lines = [
        "project('oracle', 'c')", f"add_project_arguments({flags}, language: 'c')" if flags else "",
        "inc = include_directories('inc/first', 'inc/second')",
        "gen = []",
    ]  # fmt: skip
    if _generates(state):
        lines.append(
            "gen = custom_target('gen', output: 'gen.h', input: 'data/values.txt',"
            " command: ['sh', files('tools/gen.sh'), '@INPUT@', '@OUTPUT@'])"
        )
    odd = [path for path in ("src/where.c", "src/blob.c") if path in state.tree]
    lines += [
        (
            f"odd = static_library('odd', {odd}, c_args: ['-DPREFIX=\"' + get_option('prefix') + '\"',"
            " '-DSOURCE=\"' + meson.project_source_root() + '\"'])"
        ),
        f"core = static_library('core', {listed}, gen, include_directories: inc)",
        "executable('tool', 'src/main.c', include_directories: inc, link_with: [core, odd])",
        (
            "shared_library('plug', 'src/plug.c', link_args: '-Wl,--version-script='"
            " + meson.project_source_root() + '/data/plug.map')"
        ),
    ]
    return "\n".join(lines) + "\n"


_CONFIGURE = """AC_INIT([oracle], [1])
AC_CONFIG_SRCDIR([src/main.c])
AM_INIT_AUTOMAKE([foreign subdir-objects])
AC_PROG_CC
AC_PROG_RANLIB
AM_PROG_AR
AC_CONFIG_HEADERS([config.h])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
"""


def _automake(state: State) -> str:
    defines = " ".join(_defines(state))
    lines = [
        (f'AM_CPPFLAGS = -I$(srcdir)/inc/first -I$(srcdir)/inc/second {defines} -DPREFIX=\\"fixed\\"'
        ' -DSOURCE=\\"$(abs_srcdir)\\"'),
        "noinst_LIBRARIES = libcore.a", f"libcore_a_SOURCES = {' '.join(sources(state))}",
        "noinst_PROGRAMS = tool", "tool_SOURCES = src/main.c", "tool_LDADD = libcore.a",
    ]  # fmt: skip
    if _generates(state):
        lines += [
            "BUILT_SOURCES = gen.h",
            "gen.h: data/values.txt tools/gen.sh\n\tsh $(srcdir)/tools/gen.sh $(srcdir)/data/values.txt $@",
        ]
    return "\n".join(lines) + "\n"


def _make(state: State) -> str:
    objects = " ".join(path.replace(".c", ".o") for path in sources(state))
    generated = "src/uses.o: gen.h\ngen.h: data/values.txt tools/gen.sh\n\tsh tools/gen.sh data/values.txt $@\n"
    return f"""CC = gcc
PLAIN = -O1 -I. -Iinc/first -Iinc/second {" ".join(_defines(state))}
FLAGS = -MD -MP $(PLAIN)
OBJECTS = {objects}
all: tool plug.so one
%.o: %.c
\t$(CC) $(CFLAGS) $(FLAGS) -DPREFIX='"$(prefix)"' -DSOURCE='"$(CURDIR)"' -c -o $@ $<
libcore.a: $(OBJECTS)
\tar rcs $@ $(OBJECTS)
tool: src/main.o libcore.a
\t$(CC) -o $@ src/main.o libcore.a
one: src/app/one.c src/app/two.c libcore.a
\t$(CC) $(CFLAGS) $(PLAIN) -o $@ src/app/one.c src/app/two.c libcore.a
plug.so: src/plug.o
\t$(CC) -shared -o $@ src/plug.o -Wl,--version-script=data/plug.map
{generated if _generates(state) else ""}-include $(OBJECTS:.o=.d) src/main.d src/plug.d
"""
