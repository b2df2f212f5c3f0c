"""The Makefiles that CMake writes, read as a build graph.

CMake's "Unix Makefiles" are three layers: `Makefile` (for people), `CMakeFiles/Makefile2` (order between targets) and
one `build.make` for each target with its `flags.make` and `link.txt`. Recipes run in the build directory; every step
of a target follows all steps of the targets that Makefile2 puts before it. Only the small part of make's language
that CMake writes is read: simple variables, rules, recipes, continuation lines.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from splitphase.errors import BuildGraphError
from splitphase.graph import Edge, Graph
from splitphase.steps import COMPILER, LINKER, Kind, classify

_ASSIGNMENT = re.compile(r"^([A-Za-z_][\w.]*) = ?(.*)$")
_RULE = re.compile(r"^((?:\\.|[^:=\\])+?) ?: ?(.*)$")
_REFERENCE = re.compile(r"\$\((\w+)\)|\$\{(\w+)\}|\$(\$)")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_LINK_SCRIPT = re.compile(
    r"^(?P<cd>cd (?P<where>\S+|\"[^\"]*\") && )?\S+ -E cmake_link_script (?P<script>\S+|\"[^\"]*\") .*$"
)
_BOOKKEEPING = re.compile(
    r"(?:flags\.make|build\.make|link\.txt|compiler_depend\.ts|depend\.make|(?:includes_\w+|linkLibs|objects\d*)\.rsp)$"
)
_WITHOUT_RESULT = re.compile(r" -E cmake_echo_color | -E cmake_progress| -P \S*cmake_clean_target\.cmake$")
"""Recipe lines that print, or that remove an archive which `ar` is about to make."""
_TARGET_ALL = re.compile(r"^(?P<first>.+\.dir)/all: (?P<second>.+\.dir)/all$", re.MULTILINE)
_FOLDER_ALL = re.compile(r"^(?P<first>.+/all|all): (?P<second>.+/all)$", re.MULTILINE)
_HINT = "configure the package again; splitphase reads the Makefiles of CMake 3.13 and newer"


@dataclass(slots=True)
class _Rule:
    """One rule of a build.make: words unescaped, recipe lines with variables expanded."""

    target: str
    inputs: list[str] = field(default_factory=list)
    recipe: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Target:
    """One target's folder (`CMakeFiles/x.dir`, relative to the build directory) and its edges."""

    folder: str
    edges: tuple[Edge, ...]
    before: tuple[str, ...]
    """Folders of the targets that Makefile2 puts before it."""
    generated: tuple[str, ...]
    """Files that must exist before the target's compiles."""


def read_makefiles(directory: str) -> Graph:
    """Read the Makefiles of a CMake build directory (absolute)."""
    edges: list[Edge] = []
    for target in _targets(directory):
        order = (*target.generated, *(f"{folder}/all" for folder in target.before))
        members = [
            Edge(edge.rule, edge.outputs, edge.inputs, order_only=order, command=edge.command) for edge in target.edges
        ]
        outputs = tuple(output for edge in members for output in edge.outputs)
        edges += members
        edges.append(Edge("phony", (f"{target.folder}/all",), outputs, order_only=order))
    defaults = _defaults(_read(Path(directory, "CMakeFiles/Makefile2")))
    return Graph(directory, tuple(edges), defaults, {output: edge for edge in edges for output in edge.outputs})


def _defaults(text: str) -> tuple[str, ...]:
    """The targets that `make all` builds: `all` and the folders' own `all` name them in Makefile2."""
    below: dict[str, list[str]] = {}
    for match in _FOLDER_ALL.finditer(text):
        (first,), (second,) = _words(match["first"]), _words(match["second"])
        below.setdefault(first, []).append(second)
    found: list[str] = []
    pending = ["all"]
    seen = set(pending)
    while pending:
        for name in below.get(pending.pop(), ()):
            if name in seen:
                continue
            seen.add(name)
            (found if name.endswith(".dir/all") else pending).append(name)
    return tuple(sorted(found))


def generation_commands(directory: str, outputs: list[str], jobs: int) -> list[list[str]]:
    """The make commands that make these outputs of custom commands, in an order in which they can run."""
    wanted = set(outputs)
    targets = {target.folder: target for target in _targets(directory)}
    producer = {
        output: target
        for target in targets.values()
        for edge in target.edges
        for output in edge.outputs
        if classify(edge, directory).kind in (Kind.COMPILE, Kind.LINK)
    }
    commands: list[list[str]] = []
    for target in _ordered(targets):
        mine = [edge for edge in target.edges if not wanted.isdisjoint(edge.outputs)]
        if not mine:
            continue
        tools = {producer[path].folder for edge in mine for path in edge.inputs if path in producer}
        before = sorted(tools & set(target.before))
        commands += (["make", f"-j{jobs}", "-f", "CMakeFiles/Makefile2", f"{folder}/all"] for folder in before)
        names = [edge.outputs[0] for edge in mine]
        commands.append(["make", f"-j{jobs}", "-f", f"{target.folder}/build.make", *names])
    return commands


def _ordered(targets: dict[str, _Target]) -> Iterator[_Target]:
    """Targets, those that come before a target first."""
    done: set[str] = set()

    def visit(folder: str) -> Iterator[_Target]:
        if folder in done or folder not in targets:
            return
        done.add(folder)
        for before in targets[folder].before:
            yield from visit(before)
        yield targets[folder]

    for folder in targets:
        yield from visit(folder)


def _targets(directory: str) -> list[_Target]:
    before: dict[str, list[str]] = {}
    for match in _TARGET_ALL.finditer(_read(Path(directory, "CMakeFiles/Makefile2"))):
        (first,), (second,) = _words(match["first"]), _words(match["second"])
        before.setdefault(first, []).append(second)
    targets = []
    for line in _read(Path(directory, "CMakeFiles/TargetDirectories.txt")).splitlines():
        folder = os.path.relpath(line, directory)
        if os.path.exists(f"{line}/build.make"):
            targets.append(_target(directory, folder, tuple(before.get(folder, ()))))
    return targets


def _target(directory: str, folder: str, before: tuple[str, ...]) -> _Target:
    variables: dict[str, str] = {}
    for name in ("flags.make", "build.make"):
        path = Path(directory, folder, name)
        if path.exists():
            variables |= _variables(_read(path))
    rules = _rules(_read(Path(directory, folder, "build.make")), variables)
    generated: list[str] = []
    aliases: dict[str, list[str]] = {}
    made = []
    for rule in rules:
        if rule.target == f"{folder}/depend":
            generated = rule.inputs
        elif rule.inputs == ["cmake_force"] or (
            rule.target.startswith(f"{folder}/") and not rule.inputs and (rule.target.endswith("/clean"))
        ):
            continue
        elif rule.recipe and all(" -E touch_nocreate " in line for line in rule.recipe):
            aliases.setdefault(rule.inputs[0], []).append(rule.target)
        elif rule.recipe:
            made.append(rule)
    edges = []
    for rule in made:
        inputs = tuple(path for path in rule.inputs if not _BOOKKEEPING.search(path))
        outputs = (rule.target, *aliases.get(rule.target, ()))
        edges.append(Edge(_kind(folder, rule), outputs, inputs, command=_command(directory, rule)))
    return _Target(folder, tuple(edges), before, tuple(generated))


def _kind(folder: str, rule: _Rule) -> str:
    """A rule name that says what a recipe does, as CMake's Ninja rules do."""
    if any(_LINK_SCRIPT.match(line) for line in rule.recipe):
        return f"make{LINKER}"
    if rule.target.startswith(f"{folder}/") and rule.target.endswith((".o", ".obj", ".gch", ".pch")):
        return f"make{COMPILER}"
    return "make"


def _command(directory: str, rule: _Rule) -> str:
    """The recipe as one shell text. Each line of a recipe starts in the build directory again."""
    lines = []
    for line in rule.recipe:
        match = _LINK_SCRIPT.match(line)
        if match is None:
            lines.append(line)
            continue
        where = Path(directory, (match["where"] or ".").strip('"'))
        script = _read(where / match["script"].strip('"'))
        lines += [(match["cd"] or "") + command for command in script.splitlines() if command.strip()]
    if any(line.startswith("cd ") for line in lines):
        lines = [line if line.startswith("cd ") else f"cd {shlex.quote(directory)} && {line}" for line in lines]
    return " && ".join(lines)


def _variables(text: str) -> dict[str, str]:
    return {match[1]: match[2] for line in text.splitlines() if (match := _ASSIGNMENT.match(line))}


def _rules(text: str, variables: dict[str, str]) -> list[_Rule]:
    rules: dict[str, _Rule] = {}
    current: _Rule | None = None
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            command = line[1:].lstrip("@-+ ")
            if current is not None and not _WITHOUT_RESULT.search(command):
                current.recipe.append(_expand(command, variables))
            continue
        current = None
        if not line.strip() or _ASSIGNMENT.match(line) or line.startswith(("#", "include ", ".")):
            continue
        match = _RULE.match(line)
        if match is None:
            continue
        target = _words(_expand(match[1], variables))[0]
        current = rules.setdefault(target, _Rule(target))
        current.inputs += _words(_expand(match[2], variables))
    return list(rules.values())


def _words(text: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", word) for word in _WORD.findall(text)]


def _expand(text: str, variables: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[3]:
            return "$"
        name = match[1] or match[2]
        return _expand(variables[name], variables) if name in variables else ""

    return _REFERENCE.sub(value, text)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="surrogateescape")
    except OSError as error:
        raise BuildGraphError(f"{path}: {error.strerror}", hint=_HINT) from error
