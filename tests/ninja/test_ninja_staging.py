"""Logs that splitphase wrote, judged by real Ninjas: nothing to do, and exactly the right work after an edit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from real_ninja import Ninja, commands, rebuilt_deps, rebuilt_log
from splitphase.ninja.graph import Graph
from splitphase.ninja.deps import read_deps, write_deps
from splitphase.ninja.log import read_log, write_log
from splitphase.ninja.parser import read_build_file, read_graph
from test_ninja_real_graph import compdb, query

BUILD = """
builddir = logs
cflags = -I'my include' -Iinc$:lude
rule cc
  command = gcc -MD -MF $depfile $cflags -c $in -o $out
  depfile = $out.d
  deps = gcc
rule old
  command = gcc -MD -MF $out.d $cflags -c $in -o $out
  depfile = $out.d
rule link
  command = gcc @$rspfile -o $out
  rspfile = $out.rsp
  rspfile_content = $in
rule copy
  command = cmp -s $in $out || cp $in $out
  restat = 1
build obj/one$ two.o: cc src/one$ two.c || gen/gen.h
build obj/ü.o: cc src/ü.c
  cflags = $cflags -DN=2
build obj/old.o: old src/old.c | gen/gen.h
build gen/gen.h: copy src/gen.in
build bin/prog$ ram: link obj/one$ two.o obj/ü.o obj/old.o
default bin/prog$ ram
"""
SOURCES = {
    "src/one two.c": '#include "a b.h"\n#include "both.h"\n#include "../gen/gen.h"\nint two(void), three(void);\n'
    "int main(void) { return A + BOTH + GEN + two() + three() - 15; }\n",
    "src/ü.c": '#include "both.h"\nint two(void) { return N + BOTH; }\n',
    "src/old.c": '#include "old.h"\nint three(void) { return OLD; }\n',
    "my include/a b.h": "#define A 1\n",
    "my include/both.h": "#define BOTH 2\n",
    "inc:lude/old.h": "#define OLD 5\n",
    "src/gen.in": "#define GEN 3\n",
}
COMPILE_ONE, COMPILE_UE, COMPILE_OLD, LINK = "obj/one two.o", "obj/ü.o", "obj/old.o", "bin/prog ram"


def work(ninja: Ninja, directory: Path, graph: Graph) -> set[str]:
    """First outputs of the commands that would run."""
    text = ninja.explain(directory)
    return {edge.outputs[0] for edge in graph.edges if edge.command and edge.command in text}


def touch(path: Path, ahead_ns: int = 10**9) -> None:
    newest = max(found.stat().st_mtime_ns for found in path.parent.parent.rglob("*"))
    os.utime(path, ns=(newest + ahead_ns, newest + ahead_ns))


@pytest.fixture
def staged(ninja: Ninja, tmp_path: Path) -> Graph:
    """A finished build whose logs are ours."""
    for name, text in SOURCES.items():
        Path(tmp_path, name).parent.mkdir(exist_ok=True)
        Path(tmp_path, name).write_text(text)
    Path(tmp_path, "build.ninja").write_text(BUILD)
    ninja(tmp_path, "-d", "keepdepfile")
    subprocess.run([tmp_path / "bin/prog ram"], check=True)
    found = read_build_file(str(tmp_path))
    logs = Path(found.log_directory)
    theirs, their_deps = read_log(str(logs / ".ninja_log")), read_deps(str(logs / ".ninja_deps"))
    shutil.rmtree(logs)
    logs.mkdir()
    ours, our_deps = rebuilt_log(found.graph, ninja.log_version), rebuilt_deps(found.graph)
    write_log(str(logs / ".ninja_log"), ours)
    write_deps(str(logs / ".ninja_deps"), our_deps)
    assert {entry.output: entry.command_hash for entry in ours.entries} == {
        entry.output: entry.command_hash for entry in theirs.entries
    }
    assert {entry.output: entry.deps for entry in read_deps(str(logs / ".ninja_deps")).values()} == {
        entry.output: entry.deps for entry in their_deps.values()
    }
    return found.graph


def test_nothing_to_do(ninja: Ninja, tmp_path: Path, staged: Graph) -> None:
    text = ninja.explain(tmp_path)
    assert "no work to do" in text
    assert "explain" not in text
    assert "no work to do" in ninja(tmp_path)
    assert work(ninja, tmp_path, staged) == set()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my include/a b.h", {COMPILE_ONE, LINK}),
        ("my include/both.h", {COMPILE_ONE, COMPILE_UE, LINK}),
        ("inc:lude/old.h", {COMPILE_OLD, LINK}),
        ("src/ü.c", {COMPILE_UE, LINK}),
    ],
)
def test_touched_file(ninja: Ninja, tmp_path: Path, staged: Graph, name: str, expected: set[str]) -> None:
    touch(tmp_path / name)
    assert work(ninja, tmp_path, staged) == expected


def test_equal_times_are_clean(ninja: Ninja, tmp_path: Path, staged: Graph) -> None:
    output = (tmp_path / COMPILE_ONE).stat().st_mtime_ns
    os.utime(tmp_path / "my include/a b.h", ns=(output, output))
    assert work(ninja, tmp_path, staged) == set()


def test_deps_older_than_the_output(ninja: Ninja, tmp_path: Path, staged: Graph) -> None:
    entries = rebuilt_deps(staged)
    write_deps(
        str(tmp_path / "logs/.ninja_deps"),
        [replace(entry, mtime_ns=entry.mtime_ns - 1) for entry in entries[:1]] + entries[1:],
    )
    assert work(ninja, tmp_path, staged) == {COMPILE_ONE, LINK}


def test_missing_deps(ninja: Ninja, tmp_path: Path, staged: Graph) -> None:
    write_deps(str(tmp_path / "logs/.ninja_deps"), rebuilt_deps(staged)[:1])
    assert work(ninja, tmp_path, staged) == {COMPILE_UE, LINK}


@pytest.mark.usefixtures("staged")
def test_another_command(ninja: Ninja, tmp_path: Path) -> None:
    Path(tmp_path, "build.ninja").write_text(BUILD.replace("-DN=2", "-DN=02"))
    assert work(ninja, tmp_path, read_graph(str(tmp_path))) == {COMPILE_UE, LINK}


@pytest.mark.usefixtures("staged")
def test_another_response_file(ninja: Ninja, tmp_path: Path) -> None:
    Path(tmp_path, "build.ninja").write_text(BUILD.replace("rspfile_content = $in", "rspfile_content = $in "))
    assert work(ninja, tmp_path, read_graph(str(tmp_path))) == {LINK}


def test_log_of_another_version(ninja: Ninja, tmp_path: Path, staged: Graph) -> None:
    other = 5 if ninja.log_version == 7 else 7
    write_log(str(tmp_path / "logs/.ninja_log"), rebuilt_log(staged, other))
    assert work(ninja, tmp_path, staged) == {edge.outputs[0] for edge in staged.edges}


CMAKE = """
cmake_minimum_required(VERSION 3.18)
project(sample C)
file(WRITE "${CMAKE_BINARY_DIR}/tool.sh" "cp \\"$1\\" \\"$2\\"\\n")
add_custom_command(OUTPUT "gen dir/gen.h"
  COMMAND sh tool.sh "${CMAKE_SOURCE_DIR}/gen in.txt" "gen dir/gen.h"
  COMMAND ${CMAKE_COMMAND} -E echo "dollar $ semi \\\\; quote \\" ü"
  DEPENDS "gen in.txt" VERBATIM)
add_library(objects OBJECT "sub dir/o.c" "gen dir/gen.h")
target_include_directories(objects PRIVATE "${CMAKE_BINARY_DIR}/gen dir")
target_compile_definitions(objects PRIVATE "NAME=\\"it's ü $x\\"")
add_library(still STATIC s.c)
add_library(shared SHARED d.c $<TARGET_OBJECTS:objects>)
set_target_properties(shared PROPERTIES VERSION 1.2.3 SOVERSION 1)
add_executable("prog" main.c)
target_link_libraries(prog PRIVATE still shared m)
set_target_properties(prog PROPERTIES OUTPUT_NAME "the prog")
enable_testing()
add_test(NAME t COMMAND prog)
install(TARGETS prog shared)
"""
CMAKE_SOURCES = {
    "CMakeLists.txt": CMAKE,
    "gen in.txt": "#define G 0\n",
    "sub dir/o.c": '#include "gen.h"\nconst char *name(void) { return &NAME[G]; }\n',
    "s.c": '#include "s.h"\nint s(void) { return S; }\n',
    "s.h": "#define S 0\n",
    "d.c": "const char *name(void);\nint d(void) { return name()[0] - 'i'; }\n",
    "main.c": "int s(void), d(void);\nint main(void) { return s() + d(); }\n",
}


@pytest.fixture
def cmake_build(ninja: Ninja, tmp_path: Path) -> Path:
    source = tmp_path / "so urce"
    for name, text in CMAKE_SOURCES.items():
        Path(source, name).parent.mkdir(exist_ok=True, parents=True)
        Path(source, name).write_text(text)
    build = tmp_path / "bu ild"
    if not shutil.which("cmake"):
        pytest.skip("no cmake on the system")
    subprocess.run(
        ["cmake", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja.program}", "-S", source, "-B", build],
        check=True,
        capture_output=True,
    )
    return build


def test_cmake(ninja: Ninja, cmake_build: Path) -> None:
    graph = read_graph(str(cmake_build))
    assert compdb(ninja, cmake_build) == commands(graph)
    assert graph.defaults == ("all",)
    for edge in graph.edges:
        for output in edge.outputs:
            if edge.rule != "RERUN_CMAKE":  # its hundreds of inputs are compared by compdb's $in
                assert query(ninja, cmake_build, output) == (edge.rule, edge.inputs, edge.implicit, edge.order_only)
    ninja(cmake_build, "-d", "keepdepfile")
    theirs = read_log(str(cmake_build / ".ninja_log"))
    ours = rebuilt_log(graph, ninja.log_version)
    assert {entry.output: entry.command_hash for entry in theirs.entries}.items() <= {
        entry.output: entry.command_hash for entry in ours.entries
    }.items()
    for name in (".ninja_log", ".ninja_deps"):
        (cmake_build / name).unlink()
    write_log(str(cmake_build / ".ninja_log"), ours)
    write_deps(str(cmake_build / ".ninja_deps"), rebuilt_deps(graph))
    assert re.search("no work to do", ninja.explain(cmake_build))
    touch(cmake_build.parent / "so urce/s.h")
    assert work(ninja, cmake_build, graph) == {
        "CMakeFiles/still.dir/s.c.o",
        "libstill.a",
        "the prog",
    }
