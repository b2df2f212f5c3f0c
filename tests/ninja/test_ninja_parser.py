"""The language of build.ninja, statement by statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitphase.ninja.graph import Edge, Graph
from splitphase.ninja.parser import read_build_file, read_graph
from splitphase.ninja.paths import canonical_path, shell_quoted

CC = "rule cc\n  command = cc $in -o $out\n"


def graph(directory: Path, text: str, **others: str) -> Graph:
    Path(directory, "build.ninja").write_bytes(text.encode("utf-8", "surrogateescape"))
    for name, content in others.items():
        Path(directory, f"{name}.ninja").write_text(content)
    return read_graph(str(directory))


def edge(directory: Path, text: str, **others: str) -> Edge:
    return graph(directory, text, **others).edges[-1]


def test_all_kinds_of_paths(tmp_path: Path) -> None:
    found = edge(tmp_path, CC + "build a b | c d: cc e f | g || h i |@ j\n")
    assert found == Edge(
        rule="cc",
        outputs=("a", "b", "c", "d"),
        inputs=("e", "f"),
        implicit=("g",),
        order_only=("h", "i"),
        command="cc e f -o a b",
    )


def test_graph(tmp_path: Path) -> None:
    found = graph(tmp_path, CC + "build a: cc b\nbuild c | d: cc a\nbuild all: phony c\ndefault all $\n  c\n")
    assert found.directory == str(tmp_path)
    assert found.defaults == ("all", "c")
    assert {path: edge.outputs[0] for path, edge in found.producers.items()} == {
        "a": "a",
        "c": "c",
        "d": "c",
        "all": "all",
    }
    assert found.edges[-1] == Edge("phony", ("all",), ("c",))


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("a$ b", "a b"),
        ("C$:/x", "C:/x"),
        ("$$x", "$x"),
        ("$$$$", "$$"),
        ("a$\n      b", "ab"),
        ("a$\r\n  b", "ab"),
        ("${v}x", "valuex"),
        ("$v.x", "value.x"),
        ("${v.w}", "dotted"),
        ("$v-w", "dash"),
        ("x#y", "x#y"),
        ("./x//y/../z", "x/z"),
        ("ä\x85\u2028", "ä\x85\u2028"),
        ("\udcff", "\udcff"),
        ("a\tb", "a\tb"),
        ('"quoted"', '"quoted"'),
    ],
)
def test_escapes_in_paths(tmp_path: Path, written: str, path: str) -> None:
    text = f"v = value\nv-w = dash\nv.w = dotted\n{CC}build out: cc first {written} last\n"
    assert edge(tmp_path, text).inputs == ("first", path, "last")


@pytest.mark.parametrize("space", [" ", "  ", " $\n", "$\n$\n ", " $\r\n  "])
def test_space_between_tokens(tmp_path: Path, space: str) -> None:
    text = (
        f"rule{space} cc\n  command{space}={space}run $in\nbuild{space} a{space}:{space}cc{space} b{space} |{space}c\n"
    )
    assert edge(tmp_path, text) == Edge("cc", ("a",), ("b",), ("c",), command="run b")


def test_values_keep_spaces_at_their_end(tmp_path: Path) -> None:
    assert edge(tmp_path, "rule r\n  command =   a | b : c  \nbuild x: r\n").command == "a | b : c  "


def test_value_over_lines(tmp_path: Path) -> None:
    assert edge(tmp_path, "rule r\n  command = a $\n     b$\n  c $$ $: $ |\nbuild x: r\n").command == "a bc $ :  |"


def test_comments_and_empty_lines(tmp_path: Path) -> None:
    text = (
        "# head\n\n   # in\nrule r\n# first\n  command = $v\n   # more\n\n  \n"
        "build x: r\n# here\n  v = 1 # no comment\n\n#\n"
    )
    assert edge(tmp_path, text).command == "1 # no comment"


def test_windows_newlines(tmp_path: Path) -> None:
    assert edge(tmp_path, (CC + "build a: cc b\n").replace("\n", "\r\n")).command == "cc b -o a"


def test_nul_ends_the_file(tmp_path: Path) -> None:
    assert len(graph(tmp_path, CC + "build a: cc b\n\0build c: cc d\n").edges) == 1


def test_file_bindings_are_eager_and_rule_bindings_lazy(tmp_path: Path) -> None:
    """So lazy that a rule sees what the file says after the edge: Ninja expands when it runs the command."""
    text = "x = 1\ny = $x\nx = 2\nrule r\n  command = $x $y $z\nbuild a: r\n  z = $x\nx = 3\nbuild b: r\n"
    assert [found.command for found in graph(tmp_path, text).edges] == ["3 1 2", "3 1 "]


def test_edge_bindings_see_the_file_and_not_each_other(tmp_path: Path) -> None:
    text = "x = file\nrule r\n  command = $x $y\nbuild ${x}-$y: r\n  x = edge\n  y = $x\n"
    found = edge(tmp_path, text)
    assert found.command == "edge file"
    assert found.outputs == ("edge-file",)


def test_rule_variables_see_each_other(tmp_path: Path) -> None:
    text = (
        "rule r\n  command = link @$rspfile\n  rspfile = $out.rsp\n  rspfile_content = $in_newline\n"
        "build a$ b: r c d$ e\n"
    )
    found = edge(tmp_path, text)
    assert found.command == "link @'a b'.rsp"
    assert found.rspfile == "a b.rsp"
    assert found.rspfile_content == "c\n'd e'"


def test_depfile_and_dyndep_are_not_quoted(tmp_path: Path) -> None:
    text = (
        "rule r\n  command = c $depfile\n  depfile = $out.d\n  deps = gcc\n"
        "build a$ b: r c || x/../$$dd\n  dyndep = ./$$dd\n"
    )
    found = edge(tmp_path, text)
    assert (found.command, found.depfile, found.deps) == ("c 'a b'.d", "a b.d", "gcc")
    assert (found.dyndep, found.order_only) == ("$dd", ("$dd",))


def test_restat_and_generator_are_true_for_any_value(tmp_path: Path) -> None:
    text = "rule r\n  command = c\n  restat = 0\n  generator =\nbuild a: r\nbuild b: r\n  generator = 1\n  restat =\n"
    assert [(found.restat, found.generator) for found in graph(tmp_path, text).edges] == [(True, False), (False, True)]


def test_in_and_out_cannot_be_hidden(tmp_path: Path) -> None:
    assert edge(tmp_path, CC + "in = x\nbuild a: cc b\n  out = y\n").command == "cc b -o a"


def test_file_variable_hides_the_rule_for_an_edge_without_bindings(tmp_path: Path) -> None:
    """Ninja gives such an edge the file's scope as its own."""
    text = "depfile = file.d\nrule r\n  command = c\n  depfile = rule.d\nbuild a: r\nbuild b: r\n  x = 1\n"
    assert [found.depfile for found in graph(tmp_path, text).edges] == ["file.d", "rule.d"]


def test_include_shares_the_scope_and_subninja_does_not(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        "v = 1\ninclude one.ninja\nsubninja two.ninja\nbuild c: r\nv = 3\n",
        one="v = 2\nrule r\n  command = outer $v\nbuild a: r\n",
        two="rule r\n  command = inner $v\nv = $v$v\nbuild b: r\nv = ${v}33\n",
    )
    assert [one.command for one in found.edges] == ["outer 3", "inner 2233", "outer 3"]


def test_files_and_builddir(tmp_path: Path) -> None:
    Path(tmp_path, "build.ninja").write_text("builddir = out/../logs\ninclude $builddir/x.ninja\n")
    Path(tmp_path, "out").mkdir()
    Path(tmp_path, "logs").mkdir()
    Path(tmp_path, "logs/x.ninja").write_text("include ./y.ninja\n")
    Path(tmp_path, "y.ninja").write_text("")
    found = read_build_file(str(tmp_path))
    assert found.files == ("build.ninja", "out/../logs/x.ninja", "./y.ninja")
    assert (found.builddir, found.log_directory) == ("out/../logs", str(tmp_path / "logs"))


def test_the_same_file_twice_is_no_circle(tmp_path: Path) -> None:
    assert edge(tmp_path, "subninja x.ninja\nsubninja x.ninja\ninclude x.ninja\nbuild a: cc\n", x=CC).rule == "cc"


def test_another_file_name(tmp_path: Path) -> None:
    Path(tmp_path, "other.ninja").write_text(CC + "build a: cc b\n")
    assert len(read_graph(str(tmp_path), "other.ninja").edges) == 1


def test_pools(tmp_path: Path) -> None:
    text = (
        "pool p\n  depth = 1\nrule r\n  command = c\n  pool = p\n"
        "build a: r\nbuild b: r\n  pool = console\nbuild c: r\n  pool =\n"
    )
    assert len(graph(tmp_path, text).edges) == 3


def test_phony_that_names_itself(tmp_path: Path) -> None:
    assert edge(tmp_path, "build a: phony b a || a\n") == Edge("phony", ("a",), ("b",))


def test_newline_escape_of_the_next_ninja(tmp_path: Path) -> None:
    text = "ninja_required_version = 1.14\nrule r\n  command = a$^b\nbuild x: r\n"
    assert edge(tmp_path, text).command == "a\nb"


def test_deep_chain(tmp_path: Path) -> None:
    text = CC + "".join(f"build {n}: cc {n + 1}\n" for n in range(5000))
    assert len(graph(tmp_path, text).edges) == 5000


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("", ""),
        ("a/./b//c/", "a/b/c"),
        ("./", "."),
        ("a/..", "."),
        ("a/../..", ".."),
        ("../../a/../b", "../../b"),
        ("/", "/"),
        ("/..", "/.."),
        ("/a/..", "/"),
        ("//a", "/a"),
        (".a/..b/c..", ".a/..b/c.."),
        ("a\n", "a\n"),
    ],
)
def test_canonical_path(path: str, canonical: str) -> None:
    assert canonical_path(path) == canonical


@pytest.mark.parametrize(
    ("path", "quoted"),
    [("a+b_c-d.e/F9", "a+b_c-d.e/F9"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("ä", "'ä'"), ("a\n", "'a\n'")],
)
def test_shell_quoted(path: str, quoted: str) -> None:
    assert shell_quoted(path) == quoted
