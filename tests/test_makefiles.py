"""CMake's Makefiles as a graph, against what make itself says and does."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from cmake_project import LINKS, OBJECTS, CMakeProject
from splitphase.command import Unreadable, split
from splitphase.errors import BuildGraphError
from splitphase.generate import Generation
from splitphase.graph import Graph
from splitphase.makefiles import generation_commands, read_makefiles
from splitphase.steps import Kind, classify


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> CMakeProject:
    return CMakeProject(tmp_path_factory.mktemp("my make"), "make")


@pytest.fixture(scope="module")
def graph(project: CMakeProject) -> Graph:
    return read_makefiles(str(project.build))


def _of_kind(graph: Graph, kind: Kind) -> list[list[list[str]]]:
    """The simple commands of each edge of a kind, each with the folder that it runs in first."""
    found = []
    for edge in graph.edges:
        step = classify(edge, graph.directory)
        if step.kind is kind:
            found.append([[step.directory, *command] for command in step.commands if command[0] != "cd"])
    return found


def _said(project: CMakeProject, log: str) -> set[tuple[str, ...]]:
    """The simple commands of make's log, each with its folder."""
    found = set()
    for line in log.replace("\\\n", "").splitlines():
        commands = split(line)
        if isinstance(commands, Unreadable):
            continue
        where = str(project.build)
        for command in commands:
            if command[0] == "cd":
                where = command[1]
            else:
                found.add((where, *command))
    return found


def test_commands_are_makes_own(project: CMakeProject, graph: Graph, tmp_path: Path) -> None:
    """Each compile and each command of a link is what a real build runs, and the other way round."""
    shutil.copytree(project.build, tmp_path / "saved", symlinks=True)
    real = _said(project, project.make("VERBOSE=1"))
    compiles = {tuple(commands[0]) for commands in _of_kind(graph, Kind.COMPILE)}
    assert compiles == {command for command in real if "-c" in command and "-o" in command}
    assert len(compiles) == 10
    links = {tuple(command[1:]) for commands in _of_kind(graph, Kind.LINK) for command in commands}
    said = {command[1:] for command in real}  # cmake_link_script does not say where it runs its commands
    assert links <= said
    tools = ("/cc", "/ar", "/ranlib")
    wanted = {command for command in said if command[0].endswith(tools) and "-c" not in command}
    assert {command for command in links if command[0].endswith(tools)} == wanted
    shutil.rmtree(project.build)
    (tmp_path / "saved").rename(project.build)


def test_outputs(graph: Graph) -> None:
    outputs = {kind: set[str]() for kind in Kind}
    for edge in graph.edges:
        outputs[classify(edge, graph.directory).kind].update(edge.outputs)
    assert {Path(path).name for path in outputs[Kind.COMPILE]} == OBJECTS
    assert outputs[Kind.LINK] >= LINKS
    assert outputs[Kind.LINK] - LINKS <= {"libshown.so.1", "libshown.so"}
    assert {"made/generated.h", "plain.h"} <= outputs[Kind.OTHER]


def test_per_source_flags_and_spaces(graph: Graph) -> None:
    (command,) = [
        commands[0] for commands in _of_kind(graph, Kind.COMPILE) if "with_space.c.o" in shlex.join(commands[0])
    ]
    assert "-DSPECIAL=1" in command
    assert '-DTEXT="two words"' in command
    assert command[-1].endswith("/src/with space.c")


def test_order_of_targets(graph: Graph) -> None:
    """A target's steps follow those of the targets that it depends on."""
    (main,) = [edge for edge in graph.edges if any(path.endswith("main.c.o") for path in edge.outputs)]
    reached = set()
    pending = list(main.order_only)
    while pending:
        path = pending.pop()
        if path in graph.producers and path not in reached:
            reached.add(path)
            edge = graph.producers[path]
            pending += [*edge.inputs, *edge.order_only]
    assert {"made/generated.h", "plain.h", "libbase.a", "libshown.so.1.2.3"} <= reached
    assert "libplug.so" not in reached


def test_generation_builds_no_more_than_the_tool(project: CMakeProject, graph: Graph) -> None:
    targets = Generation(graph).needed()
    assert {"made/generated.h", "plain.h"} <= set(targets)
    for command in generation_commands(str(project.build), targets, 2):
        project.run(*command)
    assert (project.build / "made/generated.h").read_text() == "#define GENERATED 6\n"
    assert (project.build / "plain.h").exists()
    assert project.objects() == {"tool.c.o"}


@pytest.mark.parametrize("missing", ["CMakeFiles/Makefile2", "CMakeFiles/TargetDirectories.txt"])
def test_unreadable_trees(tmp_path: Path, missing: str) -> None:
    (tmp_path / "CMakeFiles").mkdir()
    for name in {"CMakeFiles/Makefile2", "CMakeFiles/TargetDirectories.txt"} - {missing}:
        (tmp_path / name).write_text("")
    with pytest.raises(BuildGraphError, match=missing.rsplit("/", maxsplit=1)[-1]) as caught:
        read_makefiles(str(tmp_path))
    assert caught.value.hint
