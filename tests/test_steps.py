"""What an edge does: on real CMake trees of both tools, and by the words of single commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmake_project import LINKS, OBJECTS, CMakeProject
from splitphase import buildtool
from splitphase.graph import Edge
from splitphase.steps import Kind, Step, classify


@pytest.fixture(scope="module", params=["ninja", "make"])
def steps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    project = CMakeProject(tmp_path_factory.mktemp("a b"), request.param)
    graph = buildtool.read(buildtool.BuildDirectory(request.param, str(project.build)))
    return [classify(edge, graph.directory) for edge in graph.edges]


def _named(steps: list[Step], ending: str) -> Step:
    (step,) = [step for step in steps if any(path.endswith(ending) for path in step.edge.outputs[:1])]
    return step


def _outputs(steps: list[Step], kind: Kind) -> set[str]:
    return {step.edge.outputs[0] for step in steps if step.kind is kind}


def test_compiles(steps: list[Step]) -> None:
    assert {Path(path).name for path in _outputs(steps, Kind.COMPILE)} == OBJECTS
    assert [step.left for step in steps if step.kind is Kind.COMPILE and step.left] == []
    assert {step.extra_outputs[0].rsplit(".", 1)[-1] for step in steps if step.kind is Kind.COMPILE} == {"d"}


def test_links(steps: list[Step]) -> None:
    assert _outputs(steps, Kind.LINK) == LINKS
    left = {step.edge.outputs[0] for step in steps if step.kind is Kind.LINK and step.left}
    assert left == {"sub dir/copied", "sub dir/ran"}


def test_post_build_steps(steps: list[Step]) -> None:
    assert _named(steps, "/posted").left == ""
    assert "elsewhere" in _named(steps, "/copied").left
    assert "'ran'" in _named(steps, "/ran").left


def test_custom_commands_are_others(steps: list[Step]) -> None:
    others = {Path(path).name for path in _outputs(steps, Kind.OTHER)}
    assert {"generated.h", "plain.h"} <= others
    assert not others & (OBJECTS | {Path(path).name for path in LINKS})


CC, CXX = "/usr/bin/cc", "/usr/bin/g++"
COMMANDS = [
    (f"{CC} -o x.o -c x.c", Kind.COMPILE, ""),
    (f"{CXX} -MD -MT x.o -MF x.d -o x.o -c x.cc", Kind.COMPILE, ""),
    (f"{CC} -flto -fno-lto -o x.o -c x.c", Kind.COMPILE, ""),
    (f"{CC} -flto=auto -o x.o -c x.c", Kind.COMPILE, "link-time"),
    (f"{CC} -fno-lto -flto -o x.o -c x.c", Kind.COMPILE, "link-time"),
    (f"{CC} --coverage -o x.o -c x.c", Kind.COMPILE, "coverage"),
    (f"{CC} -save-temps=obj -o x.o -c x.c", Kind.COMPILE, "save-temps"),
    (f"{CXX} -fmodules-ts -o x.o -c x.cc", Kind.COMPILE, "modules"),
    ("cc -o x.o -c x.c", Kind.COMPILE, "absolute"),
    (f"ccache {CC} -o x.o -c x.c", Kind.COMPILE, "launcher"),
    (f"env A=1 {CC} -o x.o -c x.c", Kind.COMPILE, "launcher"),
    (f"cmake -E env A=1 {CC} -o x.o -c x.c", Kind.COMPILE, "launcher"),
    (f"{CC} -o x x.o", Kind.LINK, ""),
    (f"/usr/bin/ar qc x {CC}.o && /usr/bin/ranlib x", Kind.LINK, ""),
    (f": && {CC} -o x x.o && :", Kind.LINK, ""),
    (f"{CC} -flto -o x x.o", Kind.LINK, "link-time"),
    (f"{CC} -o x x.o -Wl,-Map=x.map", Kind.LINK, "does not declare"),
    (f"{CC} -o x x.o && strip x", Kind.LINK, ""),
    (f"{CC} -o x x.o && chmod 755 x", Kind.LINK, ""),
    (f"{CC} -o x x.o && cmake -E touch x", Kind.LINK, ""),
    (f"{CC} -o x x.o && cmake -E echo not a file", Kind.LINK, ""),
    (f"{CC} -o x x.o && cmake -E copy x y", Kind.LINK, "'y'"),
    (f"{CC} -o x x.o && strip x -o /b/y", Kind.LINK, "'/b/y'"),
    (f"{CC} -o x x.o && ./x --test", Kind.LINK, "'x'"),
    (f"{CC} -o x x.o && python3 after.py", Kind.LINK, "'python3'"),
    (f"{CC} -o x x.o && cmake -P after.cmake", Kind.LINK, "'cmake'"),
    ("cmake -E cmake_symlink_library x x.1 x.2", Kind.ALIAS, ""),
    ("python3 generate.py", Kind.OTHER, ""),
    ("cmake -E copy a b", Kind.OTHER, ""),
    (f"{CC} -E x.c", Kind.OTHER, ""),
    ("generate > x", Kind.OTHER, ""),
    ("CC=/usr/bin/gcc ./generate", Kind.OTHER, ""),
    ("", Kind.PHONY, ""),
]


RULES = {Kind.COMPILE: "C_COMPILER__x", Kind.LINK: "C_EXECUTABLE_LINKER__x"}
"""CMake's names: they, and not the command, tell a compile from a custom command."""


@pytest.mark.parametrize(("command", "kind", "left"), COMMANDS)
def test_single_commands(command: str, kind: Kind, left: str) -> None:
    output = "x.o" if kind is Kind.COMPILE else "x"
    step = classify(Edge(RULES.get(kind, "CUSTOM"), (output,), ("x.c",), command=command), "/b")
    assert step.kind is kind
    assert (left in step.left) if left else step.left == ""


def test_unreadable_commands_by_their_rule() -> None:
    command = f"{CC} $FLAGS -o x.o -c x.c"
    for rule, kind in (
        ("C_COMPILER__x", Kind.COMPILE),
        ("CXX_STATIC_LIBRARY_LINKER__x", Kind.LINK),
        ("CUSTOM", Kind.OTHER),
    ):
        step = classify(Edge(rule, ("y",), ("x.c",), command=command), "/b")
        assert step.kind is kind
        assert ("cannot be read" in step.left) == (kind is not Kind.OTHER)


def test_custom_commands_may_call_compilers() -> None:
    """Taken for a link, a generated header would not be made in prepare, and its includes not be seen."""
    for command in (
        f"{CC} -E -P -o x.h x.in",
        f"{CC} -I. -o gen gen.c",
        f"{CC} -o x.o -c x.c",
        "/usr/bin/ar qc x.a x.o",
    ):
        assert classify(Edge("CUSTOM_COMMAND", ("x",), ("x.c",), command=command), "/b").kind is Kind.OTHER


def test_unreadable_compiles_of_makefiles() -> None:
    """Taken for a custom command, it would be run in prepare as the maker of a generated source."""
    step = classify(Edge("make_COMPILER_", ("x.o",), ("x.c",), command=f"{CC} -DX=[1] -o x.o -c x.c"), "/b")
    assert step.kind is Kind.COMPILE
    assert "cannot be read" in step.left


def test_where_it_runs() -> None:
    for command, where in (("cd /x/y && ", "/x/y"), ("cd sub && ", "/b/sub"), ("", "/b")):
        step = classify(Edge("C_COMPILER__x", ("x.o",), ("x.c",), command=f"{command}{CC} -o x.o -c x.c"), "/b")
        assert (step.kind, step.directory, step.argv[0]) == (Kind.COMPILE, where, CC)


def test_dwo_and_depfiles() -> None:
    step = classify(Edge("C_COMPILER__x", ("x.o",), ("x.c",), command=f"{CC} -MD -gsplit-dwarf -o x.o -c x.c"), "/b")
    assert step.extra_outputs == ("x.d", "x.dwo")
