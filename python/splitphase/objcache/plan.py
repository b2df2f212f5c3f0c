"""Decide: which recorded calls become actions, and what each is given."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from splitphase.intercept.apart import TEMPORARY
from splitphase.intercept.journal import File, Left, Recorded
from splitphase.intercept.links import Given
from splitphase.intercept.variables import messages
from splitphase.paths import UNCHANGING, Tree, existing_store_paths, store_paths

_NAME = 120
"""Characters of a derivation's name at most."""


@dataclass(frozen=True, slots=True)
class Action:
    """One derivation. Paths are absolute and still hold the real hashes."""

    number: int
    name: str
    kind: str
    key: str
    source: str
    """What a message calls it."""
    directory: str
    command: str
    environment: Mapping[str, str]
    written: tuple[str, ...]
    """The object or program, the dependency file (empty: none), others."""
    files: tuple[File, ...]
    links: tuple[tuple[str, str], ...]
    folders: tuple[str, ...]
    times: Mapping[str, int]
    store: frozenset[str]
    inputs: tuple[int, ...] = ()
    """Earlier actions whose results it reads."""
    given: tuple[Given, ...] = ()
    """A link: what of the tree it reads, in order."""
    archiver: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the package decides."""

    added: Collection[str] = ()
    """Names of further variables that compilers see (`objcacheEnv`)."""
    leave: Collection[str] = ()
    """Sources and outputs to leave to the compiler (`objcacheLeave`), as path endings."""
    hashes: Collection[str] = ()
    """Hashes of the package's outputs; a path that holds one cannot be read or written by an action."""


@dataclass(slots=True)
class Plan:
    """The result: actions by number, and what is left."""

    actions: list[Action] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


class Planner:
    """Plans one recorded build."""

    def __init__(self, tree: Tree, settings: Settings) -> None:
        self._tree = tree
        self._settings = settings
        self._names: set[str] = set()
        self._numbers: dict[str, int | None] = {}
        """Of the action of a call; none where it is left."""
        self._libraries: dict[str, Recorded] = {}
        """Links of shared libraries, by call, with all that they are given."""
        self.plan = Plan()

    def run(self, calls: Iterable[Recorded]) -> Plan:
        """Plan every compile, then the links."""
        links: dict[str, Recorded] = {}
        for call in calls:
            if call.kind == "link":
                links.setdefault(call.key, call)
            elif call.key not in self._numbers:
                self._decide(call, ())
        for key in links:
            self._plan_link(key, links, set())
        return self.plan

    def _plan_link(self, key: str, links: Mapping[str, Recorded], pending: set[str]) -> None:
        """Plan a link, those that it reads first."""
        call = links[key]
        if key in self._numbers or key in pending:
            return
        needed = _calls(call)
        for one in needed:
            if one in links:
                self._plan_link(one, links, pending | {key})
        call = replace(call, given=(*call.given, *self._led_to(call)))
        if "-shared" in call.words:
            self._libraries[key] = call
        missing = next((one for one in needed if self._numbers.get(one) is None), None)
        if call.reason or missing is not None:
            reason = call.reason or "it reads what is left to the compiler"
            self.plan.left.append(Left(call.shown, call.kind, reason))
            self._numbers[key] = None
        else:
            self._decide(
                call, tuple(sorted({number for one in _calls(call) if (number := self._numbers[one]) is not None}))
            )

    def _led_to(self, call: Recorded) -> Iterator[Given]:
        """The libraries to which those that a link reads may lead: stubs of these do not say what they need."""
        known = {one.call for one in call.given if one.call}
        paths = {os.path.realpath(one.path) for one in call.given}
        for library in [self._libraries[one.call] for one in call.given if one.call in self._libraries]:
            for one in library.given:
                needed = self._libraries.get(one.call)
                if needed is not None and one.call not in known and self._numbers.get(one.call) is not None:
                    known.add(one.call)
                    name = needed.soname or os.path.basename(one.path)
                    path = os.path.join(os.path.realpath(os.path.dirname(needed.written[0])), name)
                    if os.path.realpath(path) not in paths:
                        yield Given(path, call=one.call, needed=True)

    def _decide(self, call: Recorded, inputs: tuple[int, ...]) -> None:
        reason = call.reason or self._reason(call)
        if reason:
            self.plan.left.append(Left(call.shown, call.kind, reason))
            self._numbers[call.key] = None
        else:
            self._numbers[call.key] = len(self.plan.actions)
            self.plan.actions.append(self._action(call, inputs))

    def _reason(self, call: Recorded) -> str:
        """Why a call is left, or nothing."""
        shown = [call.shown, *(self._tree.relative(path) for path in call.written if path)]
        for pattern in self._settings.leave:
            if any(path == pattern or path.endswith("/" + pattern) for path in shown):
                return f"objcacheLeave names {pattern!r}"
        if any(own in path for own in self._settings.hashes for path in (*call.written, call.source)):
            return "its path holds the hash of an output of the package"
        for path in call.store:
            if any(own in path for own in self._settings.hashes):
                return f"it reads {os.path.basename(path)} in an output of the package"
            if not path.startswith(UNCHANGING):
                return f"it reads {path}, which is neither in the tree nor in the store"
        for path in (*(file.path for file in call.files), *call.folders, *(link for link, _ in call.links)):
            if not self._tree.holds(path) and not path.startswith(UNCHANGING):
                return f"it reads {path}, which is neither in the tree nor in the store"
        return ""

    def _action(self, call: Recorded, inputs: tuple[int, ...]) -> Action:
        environment = {**call.environment, **messages(call.full)}
        environment |= {name: call.full[name] for name in self._settings.added if name in call.full}
        command = shlex.join([call.program, *call.words])
        text = "\n".join([command, call.archiver, *environment.values()])
        store = {found for path in call.store for found in store_paths(path)} | existing_store_paths(text)
        return Action(
            number=len(self.plan.actions),
            name=self._name(_named_after(call)),
            kind=call.kind,
            key=call.key,
            source=call.shown,
            directory=call.directory,
            command=command,
            environment=dict(sorted(environment.items())),
            written=call.written,
            files=tuple(file for file in call.files if self._tree.holds(file.path)),
            links=tuple(link for link in call.links if self._tree.holds(link[0])),
            folders=tuple(folder for folder in call.folders if self._tree.holds(folder)),
            times=dict(call.times),
            inputs=inputs,
            given=call.given,
            archiver=call.archiver,
            store=frozenset(path for path in store if not any(own in path for own in self._settings.hashes)),
        )

    def _name(self, output: str) -> str:
        """A derivation name: the output below the source's folder, without CMake's own folders, made unique."""
        path = self._tree.relative(output).partition("/")[2] or os.path.basename(output)
        plain = re.sub(r"(?:^|/)CMakeFiles/", "/", path.removeprefix("build/")).replace(".dir/", "/").lstrip("/")
        base = re.sub(r"[^0-9A-Za-z+._?=-]+", "-", plain).lstrip(".-")[-_NAME:].lstrip(".-") or "action"
        name, count = base, 2
        while name.replace(".", "-") in self._names:  # the attribute name in passthru has no dots
            name, count = f"{base}-{count}", count + 1
        self._names.add(name.replace(".", "-"))
        return name


def _named_after(call: Recorded) -> str:
    """The file whose name an action gets: what it makes, or what a temporary object is made of."""
    output = call.written[0]
    if call.kind == "compile" and TEMPORARY.fullmatch(os.path.basename(output)):
        return f"{os.path.normpath(os.path.join(call.directory, call.source))}.o"
    return output


def _calls(call: Recorded) -> list[str]:
    """The calls whose results a link reads, in order."""
    found = [one for file in call.given for one in (file.call, *(part.call for part in file.parts)) if one]
    return list(dict.fromkeys(found))
