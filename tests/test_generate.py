"""Generating sources with real Ninja: what compiles need is made, and no object on the way but the tool's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmake_project import ENVIRONMENT, CMakeProject
from splitphase import buildtool
from splitphase.errors import SplitphaseError
from splitphase.generate import Generation
from splitphase.graph import Edge, Graph
from splitphase.ninja.parser import read_graph

BROKEN = {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.13)\nproject(broken C)\n"
    "add_custom_command(OUTPUT g.h COMMAND ${CMAKE_COMMAND} -E false)\nadd_executable(x x.c g.h)\n",
    "x.c": "int main;\n",
}


@pytest.mark.parametrize("tool", ["ninja", "make"])
def test_real_generation(tmp_path: Path, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = CMakeProject(tmp_path / "a b", tool)
    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])
    found = buildtool.detect(str(project.build))
    assert found == buildtool.BuildDirectory(tool, str(project.build))
    assert isinstance(found, buildtool.BuildDirectory)
    buildtool.generate(found, Generation(buildtool.read(found)), 2)
    assert (project.build / "made/generated.h").read_text() == "#define GENERATED 6\n"
    assert (project.build / "plain.h").read_text() == "#define PLAIN 7\n"
    assert project.objects() == {"tool.c.o"}
    assert not (project.build / ".splitphase.ninja").exists()
    project.make()
    times = {path: path.stat().st_mtime_ns for path in (project.build / "made/generated.h", project.build / "tool")}
    project.make()
    assert times == {path: path.stat().st_mtime_ns for path in times}


@pytest.mark.parametrize("tool", ["ninja", "make"])
def test_a_generator_that_fails(tmp_path: Path, tool: str, capfd: pytest.CaptureFixture[str]) -> None:
    project = CMakeProject(tmp_path, tool, BROKEN)
    build = buildtool.BuildDirectory(tool, str(project.build))
    with pytest.raises(SplitphaseError, match="generating sources failed") as caught:
        buildtool.generate(build, Generation(buildtool.read(build)), 1)
    assert "output above" in caught.value.hint
    assert capfd.readouterr()


def test_needed(tmp_path: Path) -> None:
    graph = read_graph(str(CMakeProject(tmp_path, "ninja").build))
    needed = set(Generation(graph).needed())
    assert {"made/generated.h", "plain.h"} <= needed
    assert not {path for path in needed if path.endswith((".o", ".a", ".so", "app", "tool"))}


def _graph(*edges: Edge) -> Graph:
    return Graph("/b", edges, (), {output: edge for edge in edges for output in edge.outputs})


def _compile(output: str, *inputs: str, order_only: tuple[str, ...] = ()) -> Edge:
    return Edge(
        "C_COMPILER__x", (output,), inputs, order_only=order_only, command=f"/usr/bin/cc -o {output} -c {inputs[0]}"
    )


def test_needed_through_phony_and_custom_edges() -> None:
    graph = _graph(
        Edge("custom", ("a.h",), ("b.h",), command="make-a"),
        Edge("custom", ("b.h",), (), command="make-b"),
        Edge("custom", ("unused.h",), (), command="make-unused"),
        Edge("custom", ("late.txt",), ("x.o",), command="strip x.o"),
        Edge("phony", ("headers",), ("a.h",)),
        _compile("x.o", "x.c", order_only=("headers",)),
    )
    assert Generation(graph).needed() == ["a.h", "b.h"]


def test_files_that_a_link_alone_reads() -> None:
    """A version script is made before the link is planned; what needs an object first is not."""
    graph = _graph(
        _compile("x.o", "x.c"),
        Edge("custom", ("x.map",), (), command="make-map"),
        Edge("custom", ("x.list",), ("x.o",), command="nm x.o"),
        Edge("C_LINKER__x", ("x",), ("x.o",), implicit=("x.map", "x.list"), command="/usr/bin/cc -o x x.o"),
    )
    assert Generation(graph).needed() == ["x.map"]


def test_commands_that_run_once_more() -> None:
    once = Edge("CUSTOM", ("once.h",), ("in",), command="c")
    always = Edge("CUSTOM", ("util",), (), command="d")
    stale = Edge("CUSTOM", ("stale.h",), ("in",), implicit=("PHONY",), command="e")
    phony = Edge("phony", ("PHONY",), ())
    alias = Edge("phony", ("all-headers",), ("once.h",))
    other = Edge("CUSTOM", ("unasked",), (), command="f")
    there = {"in", "once.h", "stale.h"}.__contains__
    one = _compile("a.o", "a.c", order_only=("all-headers",))
    assert not Generation(_graph(once, alias, other, one)).repeats(there)
    assert Generation(_graph(once, always, _compile("a.o", "a.c", order_only=("util", "once.h")))).repeats(there)
    assert Generation(_graph(stale, phony, _compile("a.o", "stale.h"))).repeats(there)
