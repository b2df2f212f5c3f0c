"""The parser against real Ninjas: what they say about the same file must be what it reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from real_ninja import Ninja, commands
from splitphase.ninja.graph import Graph
from splitphase.ninja.parser import read_graph
from splitphase.ninja.paths import canonical_path

BUILD = r"""
top = t$$op
ninja_required_version = 1.5
rule cc
  command = cc -I$inc $flags -c $in -o $out -MF $depfile
  depfile = $out.d
  deps = gcc
rule link
  command = ld @$rspfile -o $out
  rspfile = $out.rsp
  rspfile_content = $in_newline $
    $libs
  restat = 1
inc = include
build obj/a$ b.o | obj/a.dwo: cc src/./a$ b.c | gen/x.h || order
  flags = $top -D'A="$inc"'
inc = later
build obj/ü.o: cc src/../src//ü.c
build $top/lib$:1: link obj/a$ b.o $
    obj/ü.o obj/it's.o
  libs = -lm $in
build gen/x.h order: cc gen/in
subninja sub.ninja
build all: phony $top/lib$:1 sub | gen/x.h
default all
"""
SUB = (
    "rule link\n  command = other $in $inc > $out\nflags = F\nbuild sub: link obj/ü.o || order\nbuild sub.o: cc sub.c\n"
)


def compdb(ninja: Ninja, directory: Path) -> dict[str, str]:
    text = ninja(directory, "-t", "compdb", *_rules(directory))
    return {canonical_path(entry["output"]): entry["command"] for entry in json.loads(text, strict=False)}


def _rules(directory: Path) -> list[str]:
    """Ninja 1.9 shows nothing without names of rules; with them every version shows the same."""
    return sorted({edge.rule for edge in read_graph(str(directory)).edges})


def query(ninja: Ninja, directory: Path, output: str) -> tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Rule, explicit, implicit and order-only inputs of a target."""
    lines = ninja(directory, "-t", "query", output).split("\n")
    rule = lines[1].removeprefix("  input: ")
    kinds: dict[str, list[str]] = {"": [], "| ": [], "|| ": []}
    for line in lines[2 : lines.index("  outputs:")]:
        match = re.match(r"    (\|\| |\| |)(.*)", line, re.DOTALL)
        assert match
        kinds[match[1]].append(match[2])
    return rule, tuple(kinds[""]), tuple(kinds["| "]), tuple(kinds["|| "])


def make(directory: Path) -> Graph:
    Path(directory, "build.ninja").write_text(BUILD)
    Path(directory, "sub.ninja").write_text(SUB)
    return read_graph(str(directory))


def test_compdb(ninja: Ninja, tmp_path: Path) -> None:
    graph = make(tmp_path)
    assert compdb(ninja, tmp_path) == commands(graph)


def test_query(ninja: Ninja, tmp_path: Path) -> None:
    for edge in make(tmp_path).edges:
        for output in edge.outputs:
            expected = (edge.rule, edge.inputs, edge.implicit, edge.order_only)
            assert query(ninja, tmp_path, output) == expected


def test_commands(ninja: Ninja, tmp_path: Path) -> None:
    graph = make(tmp_path)
    shown = ninja(tmp_path, "-t", "commands", "all", "sub.o").rstrip("\n").split("\n")
    assert sorted(shown) == sorted(edge.command for edge in graph.edges if edge.command)


def test_the_edges_scope_quirk(ninja: Ninja, tmp_path: Path) -> None:
    """A variable of the file hides the rule's for an edge without bindings of its own, and only there."""
    text = "depfile = FILE\nrule r\n  command = $depfile $in\n  depfile = RULE\nbuild a: r x\nbuild b: r x\n  k = 1\n"
    Path(tmp_path, "build.ninja").write_text(text)
    assert commands(read_graph(str(tmp_path))) == compdb(ninja, tmp_path) == {"a": "FILE x", "b": "RULE x"}


# Left out: what ends at the root directory, which Ninja spelled "" up to 1.11.
PATHS = st.lists(
    st.sampled_from(["..", ".", "", "a", "b c", ".x", "..y", "z..", "it's", "é"]), min_size=1, max_size=7
).map("/".join)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(PATHS.filter(lambda path: canonical_path(path) not in ("", "/")), min_size=40, max_size=40))
def test_canonical_paths(ninja: Ninja, tmp_path: Path, paths: list[str]) -> None:
    lines = ["rule r", "  command = $in"]
    lines += (f"build out{number}: r {path.replace(' ', '$ ')}" for number, path in enumerate(paths))
    Path(tmp_path, "build.ninja").write_text("\n".join(lines) + "\n")
    assert compdb(ninja, tmp_path) == commands(read_graph(str(tmp_path)))


NAMES = st.sampled_from(["x", "y", "z", "flags", "depfile", "description", "in", "out"])
PIECES = st.sampled_from(
    ["a", "B", " ", "$$", "$:", "$ ", "$\n   ", "'", "#", "é", "$x", "${y}", "$z", "$flags", "${in}", "$out", "|", ":"]
)
VALUES = st.lists(PIECES, max_size=6).map("".join)
BLOCK = st.lists(st.tuples(NAMES, VALUES), max_size=3)
RULE_BLOCK = st.lists(st.tuples(st.sampled_from(["depfile", "description", "deps"]), VALUES), max_size=2)


@st.composite
def ninja_files(draw: st.DrawFn) -> str:
    """Statements in any order: scopes are where readers differ."""
    lines = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["let", "rule", "build", "build", "comment"]))
        name = f"r{number}"
        if kind == "let":
            lines.append("{} = {}".format(*draw(st.tuples(NAMES, VALUES))))
        elif kind == "comment":
            lines.append("  # x = $")
        else:
            block = draw(RULE_BLOCK)
            lines += [f"rule {name}", f"  command = :{draw(VALUES)} $depfile"]
            lines += (f"  {key} = {value}" for key, value in block)
            if kind == "build":
                lines.append(f"build @{number} | @{number}i$y: {name} i${{x}}j ./k/../l | m")
                lines += (f"  {key} = {value}" for key, value in draw(BLOCK))
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outer=ninja_files(), inner=ninja_files(), word=st.sampled_from(["include", "subninja"]), after=ninja_files())
def test_scopes(newest_ninja: Ninja, tmp_path: Path, outer: str, inner: str, word: str, after: str) -> None:
    Path(tmp_path, "build.ninja").write_text(_named(outer, "o") + f"{word} inner.ninja\n" + _named(after, "p"))
    Path(tmp_path, "inner.ninja").write_text(_named(inner, "n"))
    assert compdb(newest_ninja, tmp_path) == commands(read_graph(str(tmp_path)))


def _named(text: str, letter: str) -> str:
    """Names of rules and outputs of one file, different from those of the others."""
    return re.sub(r"(rule|i:|\$y:) r(\d)", rf"\1 {letter}\2", text.replace("@", letter))
