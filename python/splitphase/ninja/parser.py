"""Read a build.ninja into a `Graph`.

Source of the language: "The Ninja manual", chapter "Ninja file reference", and ninja's src/manifest_parser.cc (1.13;
the `$^` of 1.14 as well). All of it is read: variables and their scopes, include and subninja, rules, pools, builds
with implicit outputs and inputs, order-only inputs and validations, defaults.

What a graph does not hold: pools and descriptions, which only concern the run, and validations, which are no inputs. A
dyndep file is named and not loaded: Ninja reads it only once it has been built. A file that was cut short between two
statements looks like a whole one, to Ninja too.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from splitphase.errors import BuildGraphError
from splitphase.ninja.cycles import find_cycle
from splitphase.ninja.evaluate import (
    PHONY,
    RULE_VARIABLES,
    EdgeValues,
    Rule,
    Scope,
    Text,
    VariableCycleError,
    expand,
)
from splitphase.ninja.graph import Edge, Graph
from splitphase.ninja.paths import CanonicalPaths, QuotedPaths, canonical_path
from splitphase.ninja.source import Source, load_text

_MOST_PROBLEMS = 20
_NEWLINE_ESCAPE_SINCE = (1, 14)
_REGENERATE = "run the package's configure step again; if the error stays, its build description is wrong"


@dataclass(frozen=True, slots=True)
class BuildFile:
    """A build.ninja with all that it includes."""

    graph: Graph
    builddir: str
    """The file's variable of that name, as it is spelled: `.ninja_log` and `.ninja_deps` lie there. Empty: they lie in
    the build directory."""
    files: tuple[str, ...]
    """Every file that was read, as its statement names it, in that order."""

    @property
    def log_directory(self) -> str:
        """Absolute path of the folder that holds `.ninja_log` and `.ninja_deps`."""
        return os.path.normpath(os.path.join(self.graph.directory, self.builddir))


def read_graph(directory: str, file: str = "build.ninja") -> Graph:
    """Read the graph of a build directory; `file` is relative to it.

    Raises BuildGraphError for a file that cannot be read, that Ninja would refuse, that includes itself, and for a
    dependency cycle.
    """
    return read_build_file(directory, file).graph


def read_build_file(directory: str, file: str = "build.ninja") -> BuildFile:
    """As `read_graph`, with what else the file says."""
    directory = os.path.abspath(directory)
    root = Scope(rules={PHONY.name: PHONY})
    reader = _Reader(directory)
    try:
        reader.read(file, root)
    except BuildGraphError as error:
        reader.report(last=error)
    edges = reader.expand_all()
    reader.report()
    cycle = find_cycle(edges, reader.producer)
    if cycle:
        place = reader.drafts[reader.producer[cycle[0]]].place()
        raise BuildGraphError(f"{place}dependency cycle: {' -> '.join(cycle)}", hint=_REGENERATE)
    producers = {path: edges[index] for path, index in reader.producer.items()}
    graph = Graph(directory, edges, tuple(reader.defaults), producers)
    return BuildFile(graph, root.lookup("builddir"), tuple(reader.files))


@dataclass(slots=True)
class _Draft:
    """An edge whose paths are known. Its values wait for the end of all files: they see what variables are by then."""

    source: Source
    start: int
    values: EdgeValues
    outputs: tuple[str, ...]
    implicit: tuple[str, ...]
    order_only: tuple[str, ...]
    validations: tuple[str, ...]
    dyndep: str

    def place(self) -> str:
        """`file:line: `."""
        return self.source.where(self.start)

    def inputs(self) -> tuple[str, ...]:
        """Of every kind."""
        return (*self.values.inputs, *self.implicit, *self.order_only)

    def edge(self) -> Edge:
        """The edge with every value expanded as Ninja does to run it. Raises VariableCycleError."""
        values = self.values
        rule, inputs, order_only = values.rule, tuple(values.inputs), self.order_only
        if rule is PHONY:
            if len(self.outputs) == 1 == len(values.outputs) and not self.implicit:
                # CMake 2.8.12 and 3.0 write phony targets that name themselves; Ninja drops that input.
                inputs = tuple(path for path in inputs if path != self.outputs[0])
                order_only = tuple(path for path in order_only if path != self.outputs[0])
            return Edge(rule.name, self.outputs, inputs, self.implicit, order_only, dyndep=self.dyndep)
        depfile, rspfile = values.plain_value("depfile"), values.plain_value("rspfile")
        return Edge(
            rule=rule.name,
            outputs=self.outputs,
            inputs=inputs,
            implicit=self.implicit,
            order_only=order_only,
            command=values.quoted_value("command"),
            depfile=depfile,
            deps=values.quoted_value("deps"),
            rspfile=rspfile,
            rspfile_content=values.quoted_value("rspfile_content"),
            dyndep=self.dyndep,
            restat=bool(values.quoted_value("restat")),
            generator=bool(values.quoted_value("generator")),
        )


class _Reader:
    """Reads statement by statement. A problem that leaves the rest readable is kept, and all are raised together."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.drafts: list[_Draft] = []
        self.producer: dict[str, int] = {}
        self.defaults: list[str] = []
        self.files: list[str] = []
        self._open_files: list[str] = []
        self._pools = {"", "console"}
        self._problems: list[BuildGraphError] = []
        self._problems_left_out = 0
        self._canonical = CanonicalPaths()
        self._quoted = QuotedPaths()
        self._newline_escape = False

    def expand_all(self) -> tuple[Edge, ...]:
        """The edges; to be called once all files are read."""
        edges = []
        for draft in self.drafts:
            try:
                edges.append(draft.edge())
            except VariableCycleError as error:
                self._problem(draft.source, f"cycle in rule variables: {error}", pos=draft.start)
        return tuple(edges)

    def report(self, last: BuildGraphError | None = None) -> None:
        """Raise what was found, in the order of the file."""
        found = [*self._problems, last] if last else self._problems
        if not found:
            return
        lines = [problem.message for problem in found]
        if self._problems_left_out:
            lines.append(f"... and {self._problems_left_out} more")
        hints = dict.fromkeys(problem.hint for problem in found)
        raise BuildGraphError("\n".join(lines), hint="; ".join(hints))

    def read(self, file: str, scope: Scope, blame: str = "") -> None:
        """Read one file into `scope`. Ninja opens every file, included ones too, relative to the build directory."""
        path = os.path.join(self.directory, file)
        identity = os.path.realpath(path)
        if identity in self._open_files:
            raise BuildGraphError(
                f"{blame}{file} includes itself", hint="remove the include or subninja that closes the circle"
            )
        source = Source(path, load_text(path, blame=blame))
        source.newline_escape = self._newline_escape
        self.files.append(file)
        self._open_files.append(identity)
        while not source.at_end():
            self._statement(source, scope)
        self._open_files.pop()

    def _problem(self, source: Source, message: str, *, pos: int, hint: str = _REGENERATE) -> None:
        # To find a line is slow in a large file, and nobody reads the thousandth problem.
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(BuildGraphError(source.where(pos) + message, hint=hint))
        else:
            self._problems_left_out += 1

    def _statement(self, source: Source, scope: Scope) -> None:
        start = source.pos
        word = source.read_word("a statement")
        if word == "build":
            self._build(source, scope, start)
        elif word == "rule":
            self._rule(source, scope, start)
        elif word == "pool":
            self._pool(source, start)
        elif word == "default":
            self._default(source, scope, start)
        elif word in ("include", "subninja"):
            path = self._one_path(source, scope)
            self.read(path, Scope(scope) if word == "subninja" else scope, source.where(start))
            source.newline_escape = self._newline_escape
        else:
            source.expect("=")
            value = expand(source.read_value(), scope.lookup)
            scope.bindings[word] = value
            if word == "ninja_required_version":
                self._newline_escape = source.newline_escape = _version(value) >= _NEWLINE_ESCAPE_SINCE

    def _one_path(self, source: Source, scope: Scope) -> str:
        paths = source.read_paths()
        if len(paths) != 1:
            raise source.error("expected one path")
        source.expect_newline()
        return expand(paths[0], scope.lookup)

    def _rule(self, source: Source, scope: Scope, start: int) -> None:
        name = source.read_word("a rule name")
        source.expect_newline()
        bindings: dict[str, Text] = {}
        while binding := source.read_binding():
            bindings[binding[0]] = binding[1]
        for unknown in bindings.keys() - RULE_VARIABLES:
            self._problem(source, f"unexpected variable '{unknown}' in rule '{name}'", pos=start)
        if name in scope.rules:
            self._problem(source, f"duplicate rule '{name}'", pos=start)
        if not bindings.get("command"):
            self._problem(source, f"rule '{name}' has no command", pos=start)
        if bool(bindings.get("rspfile")) != bool(bindings.get("rspfile_content")):
            self._problem(source, f"rule '{name}' needs both rspfile and rspfile_content, or none", pos=start)
        scope.rules[name] = Rule(name, bindings)

    def _pool(self, source: Source, start: int) -> None:
        name = source.read_word("a pool name")
        source.expect_newline()
        variables: set[str] = set()
        while binding := source.read_binding():
            variables.add(binding[0])
        if variables != {"depth"}:
            self._problem(source, f"pool '{name}' needs a depth and nothing else", pos=start)
        if name in self._pools:
            self._problem(source, f"duplicate pool '{name}'", pos=start)
        self._pools.add(name)

    def _default(self, source: Source, scope: Scope, start: int) -> None:
        texts = source.read_paths()
        if not texts:
            raise source.error("expected a target name")
        source.expect_newline()
        for path in self._expanded(source, start, texts, scope):
            if path not in self.producer and not self._is_input(path):
                self._problem(source, f"unknown target '{path}'", pos=start)
            self.defaults.append(path)

    def _is_input(self, path: str) -> bool:
        return any(path in draft.validations or path in draft.inputs() for draft in self.drafts)

    def _expanded(self, source: Source, start: int, texts: list[Text], scope: Scope) -> tuple[str, ...]:
        """Canonical paths of a list."""
        raw = [text if isinstance(text, str) else expand(text, scope.lookup) for text in texts]
        if "" in raw:
            self._problem(source, "empty path", pos=start)
        return tuple(map(self._canonical.__getitem__, filter(None, raw)))

    def _build(self, source: Source, scope: Scope, start: int) -> None:
        outputs = source.read_paths()
        implicit_outputs = source.read_paths() if source.read_separator("|") else []
        if not outputs and not implicit_outputs:
            raise source.error("expected an output path")
        source.expect(":")
        rule_name = source.read_word("a rule name")
        inputs = source.read_paths()
        implicit = source.read_paths() if source.read_separator("|") else []
        order_only = source.read_paths() if source.read_separator("||") else []
        validations = source.read_paths() if source.read_separator("|@") else []
        source.expect_newline()
        own: dict[str, str] = {}
        while binding := source.read_binding():
            own[binding[0]] = expand(binding[1], scope.lookup)
        # Without bindings the file's scope is the edge's: see `evaluate`.
        edge_scope = Scope(scope, own) if own else scope

        rule = scope.rule(rule_name)
        if rule is None:
            self._problem(
                source,
                f"unknown rule '{rule_name}'",
                pos=start,
                hint="a rule stands before the build that uses it, in the same file or one around it",
            )
            return

        def paths(texts: list[Text]) -> tuple[str, ...]:
            return self._expanded(source, start, texts, edge_scope) if texts else ()

        explicit = paths(outputs)
        values = EdgeValues(rule, edge_scope, paths(inputs), explicit, self._quoted)
        try:
            pool, dyndep = values.quoted_value("pool"), canonical_path(values.plain_value("dyndep"))
        except VariableCycleError as error:
            self._problem(source, f"cycle in rule variables: {error}", pos=start)
            return
        draft = _Draft(
            source=source,
            start=start,
            values=values,
            outputs=explicit + paths(implicit_outputs),
            implicit=paths(implicit),
            order_only=paths(order_only),
            validations=paths(validations),
            dyndep=dyndep,
        )
        if pool not in self._pools:
            self._problem(source, f"unknown pool '{pool}'", pos=start)
        if dyndep and dyndep not in draft.inputs():
            self._problem(source, f"dyndep '{dyndep}' is not an input", pos=start)
        self._add(draft)

    def _add(self, draft: _Draft) -> None:
        index = len(self.drafts)
        for path in draft.outputs:
            other = self.producer.setdefault(path, index)
            if other != index:
                first = self.drafts[other].place().removesuffix(": ")
                message = f"multiple rules generate {path}: the other one is at {first}"
                self._problem(draft.source, message, pos=draft.start)
        if len(set(draft.outputs)) != len(draft.outputs):
            twice = next(path for path in draft.outputs if draft.outputs.count(path) > 1)
            self._problem(draft.source, f"{twice} is defined as an output multiple times", pos=draft.start)
        self.drafts.append(draft)


def _version(text: str) -> tuple[int, int]:
    """Major and minor number, 0 where there is none."""
    match = re.match(r"(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
