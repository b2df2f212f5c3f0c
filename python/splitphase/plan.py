"""Decide: which edges become actions, what each reads, and why the others are left to the build tool."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from splitphase.environment import (
    compile_environment,
    forced_includes,
    link_environment,
    narrow_environment,
    without_folders,
    wrapper_flags,
)
from splitphase.errors import SplitphaseError
from splitphase.graph import Graph
from splitphase.linking import LinkReader
from splitphase.paths import Tree, store_paths
from splitphase.scan.closure import Compile, Scanner, ScanResult
from splitphase.steps import Kind, Step, classify, unsplit_flags


@dataclass(frozen=True, slots=True)
class Action:
    """One object or link derivation. Paths are absolute and still hold the real hashes."""

    number: int
    name: str
    kind: Kind
    source: str
    """What a message calls it: the source below the top, or the link's output."""
    directory: str
    command: str
    environment: Mapping[str, str]
    outputs: tuple[str, ...]
    extra_outputs: tuple[str, ...]
    """Outputs that the build tool does not know (depfiles, .dwo); kept where the command writes them."""
    inputs: tuple[int, ...]
    files: frozenset[str]
    folders: frozenset[str]
    timed: frozenset[str]
    store: frozenset[str]


@dataclass(frozen=True, slots=True)
class Left:
    """A compile or link that the build tool does itself."""

    output: str
    kind: Kind
    reason: str
    outputs: tuple[str, ...]
    """All its outputs, absolute."""


@dataclass(slots=True)
class Plan:
    """The result: actions by number, in an order in which inputs come first."""

    actions: list[Action] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the package decides."""

    environment: Mapping[str, str]
    added: Collection[str] = ()
    """Names of further variables that compilers see (`objcacheEnv`)."""
    leave: Collection[str] = ()
    """Sources and outputs to leave to the build tool (`objcacheLeave`), as path endings."""
    jobs: int = 1
    """Compilers that may run at a time where they must be asked about includes."""
    hashes: Collection[str] = ()
    """Hashes of the package's outputs; a path that holds one cannot be read or written by an action."""


class Planner:
    """Plans one build directory; generated files must exist by now."""

    def __init__(self, tree: Tree, graph: Graph, settings: Settings) -> None:
        self._tree = tree
        self._graph = graph
        self._settings = settings
        self._steps = [classify(edge, graph.directory) for edge in graph.edges]
        self._producer: dict[str, Step] = {}
        self._aliases: dict[int, list[Step]] = {}
        self._action_of: dict[int, Action] = {}
        self._reason_of: dict[int, str] = {}
        self._names: set[str] = set()
        self._placed: dict[str, tuple[str, ...]] = {}
        self._scans: dict[int, ScanResult | SplitphaseError] = {}
        self.plan = Plan()
        for step in self._steps:
            for output in step.edge.outputs:
                self._producer[self._absolute(output, step)] = step
        self._made = {os.path.basename(path) for path in self._producer}
        for step in self._steps:
            if step.kind is Kind.ALIAS:
                self._adopt_alias(step)

    def run(self) -> Plan:
        """Plan every compile and link."""
        compiles = [step for step in self._steps if step.kind is Kind.COMPILE and not step.left]
        scanner = Scanner(self._tree.top)
        forced = forced_includes(self._settings.environment)
        tasks = [
            Compile(
                step.directory,
                (*step.argv, *forced),
                self._absolute(step.edge.inputs[0], step),
                self._settings.environment,
            )
            for step in compiles
        ]
        found = scanner.scan_all(tasks, jobs=self._settings.jobs)
        self._scans = {id(step): scan for step, scan in zip(compiles, found, strict=True)}
        for wanted in (Kind.COMPILE, Kind.LINK):
            for step in self._steps:
                if step.kind is wanted:
                    self._decide(step)
        return self.plan

    def _adopt_alias(self, step: Step) -> None:
        """Versioned symlinks belong to the link that they point to."""
        for path in step.edge.inputs:
            link = self._producer.get(self._absolute(path, step))
            if link is not None and link.kind is Kind.LINK:
                self._aliases.setdefault(id(link), []).append(step)
                for output in step.edge.outputs:
                    self._producer[self._absolute(output, step)] = link
                return

    def _absolute(self, path: str, step: Step) -> str:
        return self._tree.absolute(path, step.edge.directory or self._graph.directory)

    def _decide(self, step: Step) -> str:
        """Plan one step, those it reads first; return why it is left, or nothing."""
        pending = [step]
        while pending:
            current = pending[-1]
            if id(current) in self._reason_of:
                pending.pop()
                continue
            before = (
                [] if current.left else [needed for needed in self._needs(current) if id(needed) not in self._reason_of]
            )
            if before:
                pending.extend(before)
                continue
            reason = self._reason_of[id(current)] = self._try(current)
            if reason:
                outputs = tuple(self._absolute(path, current) for path in current.edge.outputs)
                self.plan.left.append(Left(self._shown(outputs[0]), current.kind, reason, outputs))
            pending.pop()
        return self._reason_of[id(step)]

    def _needs(self, step: Step) -> list[Step]:
        """The compiles and links whose outputs a step reads."""
        needed = []
        for path in (*step.edge.inputs, *step.edge.implicit):
            producer = self._producer.get(self._absolute(path, step))
            if producer is not None and producer.kind in (Kind.COMPILE, Kind.LINK) and producer is not step:
                needed.append(producer)
        return needed

    def _try(self, step: Step) -> str:
        """Make the action of a step; return why that cannot be, or nothing."""
        if step.left:
            return step.left
        if any(own in path for own in self._settings.hashes for path in step.edge.outputs):
            return "its path holds the hash of an output of the package"
        shown = [self._shown(self._absolute(path, step)) for path in (*step.edge.outputs, *step.edge.inputs[:1])]
        for pattern in self._settings.leave:
            if any(path == pattern or path.endswith("/" + pattern) for path in shown):
                return f"objcacheLeave names {pattern!r}"
        return self._compile(step) if step.kind is Kind.COMPILE else self._link(step)

    def _compile(self, step: Step) -> str:  # noqa: PLR0911 - one list of reasons
        environment = compile_environment(self._settings.environment, self._settings.added)
        scan = self._scans[id(step)]
        if isinstance(scan, SplitphaseError):
            return f"its includes cannot be found out: {scan.message.splitlines()[0]}"
        if scan.modules:
            return "C++20 modules: what is read depends on other compiles"
        added = wrapper_flags(environment)
        unsplit = unsplit_flags([*step.argv, *added])
        if unsplit:
            return unsplit
        if any(word.startswith("-gsplit-dwarf") for word in added):
            return "-gsplit-dwarf in NIX_CFLAGS_COMPILE: the .dwo file is not an output of the command"
        made = sorted(name for name in scan.missing if os.path.basename(name) in self._made)
        if made:
            return f"it may include {made[0]}, which a step of the build that is not split makes before it"
        if scan.opaque:
            return f"{self._shown(min(scan.opaque))} names a file that only the assembler or the preprocessor knows"
        declared = {self._absolute(path, step) for path in (*step.edge.inputs, *step.edge.implicit)}
        found = self._sort({*scan.contents, *scan.symlinks, *declared})
        if isinstance(found, str):
            return found
        inputs, files, store = found
        used = {os.path.normpath(folder) for folder in scan.used_dirs}
        words = without_folders(list(step.argv), used)
        environment = narrow_environment(environment, used)
        if scan.date and "SOURCE_DATE_EPOCH" in self._settings.environment:
            environment["SOURCE_DATE_EPOCH"] = self._settings.environment["SOURCE_DATE_EPOCH"]
        self._add(step, shlex.join(words), environment, inputs, files, store, scan)
        return ""

    def _link(self, step: Step) -> str:
        aliases = self._aliases.get(id(step), [])
        reader = LinkReader(self._tree, self._graph.directory, set(self._producer))
        declared = {self._absolute(path, step) for path in (*step.edge.inputs, *step.edge.implicit)}
        found = self._sort({*declared, *reader.files(step)}, besides=step)
        if isinstance(found, str):
            return found
        inputs, files, store = found
        commands = [step.edge.command, *(alias.edge.command for alias in aliases)]
        if step.edge.rspfile:
            content, response = shlex.quote(step.edge.rspfile_content), shlex.quote(step.edge.rspfile)
            folder = shlex.quote(os.path.dirname(step.edge.rspfile) or ".")  # Ninja makes it, too
            commands.insert(0, f"mkdir -p {folder} && printf %s {content} > {response}")
        environment = link_environment(self._settings.environment, self._settings.added)
        only_archives = not any("-o" in command for command in step.commands)
        if only_archives:
            environment = {name: value for name, value in environment.items() if not name.startswith("NIX_")}
        self._add(step, " &&\n".join(f"( {command} )" for command in commands), environment, inputs, files, store, None)
        return ""

    def _sort(  # noqa: C901, PLR0912 - one list of cases, read from top to bottom
        self, paths: Collection[str], besides: Step | None = None
    ) -> tuple[set[int], set[str], set[str]] | str:
        """Sort what is read into other actions, files of the tree, and store paths; or say why it cannot be."""
        inputs: set[int] = set()
        files: set[str] = set()
        store: set[str] = set()
        for path in sorted(paths):
            normal = os.path.normpath(path)
            producer = self._producer.get(normal)
            if producer is besides and producer is not None:
                continue
            if producer is not None and producer.kind in (Kind.COMPILE, Kind.LINK):
                if self._reason_of.get(id(producer)):
                    return f"it needs {self._shown(normal)}, which is left to the build tool"
                if id(producer) in self._action_of:
                    inputs.add(self._action_of[id(producer)].number)
                    continue
            if any(own in normal for own in self._settings.hashes):
                return f"it reads {self._shown(normal)}, which lies in or is named after an output of the package"
            if self._tree.holds(normal):
                if not os.path.lexists(normal):
                    if producer is not None and producer.kind is Kind.PHONY:
                        continue
                    maker = "a step of the build that is not split" if producer else "nothing"
                    return f"it reads {self._shown(normal)}, which {maker} makes before it"
                for place in self._places(path):
                    if not self._tree.holds(place):
                        store |= store_paths(place)
                    elif os.path.islink(place) or not os.path.isdir(place):
                        files.add(place)
            else:
                store |= store_paths(path)
        return inputs, files, store

    def _places(self, path: str) -> tuple[str, ...]:
        places = self._placed.get(path)
        if places is None:
            places = self._placed[path] = tuple(self._tree.places(path))
        return places

    def _add(
        self,
        step: Step,
        command: str,
        environment: Mapping[str, str],
        inputs: set[int],
        files: set[str],
        store: set[str],
        scan: ScanResult | None,
    ) -> None:
        aliases = self._aliases.get(id(step), [])
        outputs = [self._absolute(path, part) for part in (step, *aliases) for path in part.edge.outputs]
        extra = [self._tree.absolute(path, step.directory) for path in step.extra_outputs]
        source = self._absolute(step.edge.inputs[0], step) if step.kind is Kind.COMPILE else outputs[0]
        text = command + "\n" + "\n".join(environment.values())
        action = Action(
            number=len(self.plan.actions),
            name=self._name(outputs[0]),
            kind=step.kind,
            source=self._shown(source),
            directory=step.directory,
            command=command,
            environment=dict(sorted(environment.items())),
            outputs=tuple(outputs),
            extra_outputs=tuple(path for path in extra if path not in outputs),
            inputs=tuple(sorted(inputs)),
            files=frozenset(files),
            folders=frozenset(scan.dirs) if scan else frozenset(),
            timed=frozenset(scan.timestamps) if scan else frozenset(),
            store=frozenset(store | store_paths(text)),
        )
        self.plan.actions.append(action)
        self._action_of[id(step)] = action

    def _shown(self, path: str) -> str:
        for own in self._settings.hashes:  # a report must not depend on them
            path = path.replace(own, "…")
        return self._tree.relative(path) if self._tree.holds(path) else path

    def _name(self, output: str) -> str:
        """A derivation name: the output below the build directory, without CMake's own folders, made unique."""
        path = os.path.relpath(output, self._graph.directory)
        plain = re.sub(r"(?:^|/)CMakeFiles/", "/", path).replace(".dir/", "/").lstrip("/")
        base = re.sub(r"[^0-9A-Za-z+._?=-]+", "-", plain).lstrip(".-")[-120:].lstrip(".-") or "action"
        name, count = base, 2
        while name.replace(".", "-") in self._names:  # the attribute name in passthru has no dots
            name, count = f"{base}-{count}", count + 1
        self._names.add(name.replace(".", "-"))
        return name
