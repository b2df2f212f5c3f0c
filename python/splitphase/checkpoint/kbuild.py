"""Units of a build with kbuild: Linux, busybox, U-Boot. Each object has a `.cmd` file that says how it was made.

Only compiles are put in place, each with its `.cmd` file. kbuild then compares the command in it with what it would
run, and make the times; all that is linked or generated has no such file and is made anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from splitphase.checkpoint import kbuildcmd, kbuildtree
from splitphase.checkpoint.facts import Facts, absolute, fixed
from splitphase.checkpoint.kbuildconfig import ALL, ASKS, Config
from splitphase.checkpoint.kbuildplace import Trees
from splitphase.checkpoint.proof import Call
from splitphase.checkpoint.record import KBUILD, Checkpoint, Observed, Unit
from splitphase.contents import walk
from splitphase.environment import packages_own
from splitphase.errors import SplitphaseError

_OPTIONS = re.compile(r"^(?:-(?:j\d*|l[\d.]*|s|r|R|w|O\w*)|--[a-z-]+(?:=.*)?)$")
_UNUSUAL = ("KBUILD_NOCMDDEP", "KBUILD_EXTMOD", "M", "KBUILD_CHECKSRC", "C")
_PROGRAMS = ("tools/", "scripts/")
_HOST, _SHAPE = "host", "shape "


def read(
    trees: Trees, arguments: Sequence[str], directory: str, facts: Facts, observed: Observed, own: str
) -> KbuildBuild | str:
    """Read the build that runs in `directory`, or say why it cannot be read."""
    for argument in arguments:
        name, is_set, _ = argument.partition("=")
        if is_set and not argument.startswith("-"):
            if name in _UNUSUAL:
                return f"make gets {argument}"
        elif argument.startswith("-") and not _OPTIONS.match(argument):
            return f"make gets the option {argument}"
    for name in _UNUSUAL[:2]:
        if os.environ.get(name):
            return f"the variable {name} is set"
    if "$" in trees.objects:
        return f"make gets the folder {trees.objects}, which is not known"
    for tree in (trees.source, trees.objects):
        if not f"{tree}/".startswith(f"{facts.top}/"):
            return f"{tree} is outside of the build directory"
    return KbuildBuild(trees, directory, tuple(arguments), facts, observed, own)


class KbuildBuild:
    """A build of one configuration."""

    tool = KBUILD

    def __init__(
        self, trees: Trees, directory: str, arguments: tuple[str, ...], facts: Facts, observed: Observed, own: str
    ) -> None:
        self.trees = trees
        self.directory = directory
        self.arguments = arguments
        self.facts = facts
        self.observed = observed
        self.own = own
        self.checkpoint: Checkpoint | None = None

    def units(self, top: str, known: Collection[str]) -> Iterator[tuple[Unit, str]]:
        """Each object of the finished build that has a `.cmd` file, less `known`; and why it cannot be reused."""
        config = Config(self.trees.objects)
        always = self._always(config)
        refusal = self._unreadable(config)
        programs = tuple(f"{prefix}{folder}" for prefix in ("", f"{self.trees.objects}/") for folder in _PROGRAMS)
        for path, cmd in self._commands(top):
            folder = os.path.relpath(self.trees.objects, top)
            output = os.path.normpath(os.path.join(folder, cmd.target))
            place = f"{top}/{output}"
            if output.startswith("..") or not os.path.isfile(place) or not cmd.target.endswith(".o"):
                continue
            if output in known or cmd.target.startswith(_PROGRAMS):
                continue
            names = [os.path.join(folder, name) if not name.startswith("/") else name for name in cmd.reads]
            reads = tuple(name for name in names if os.path.normpath(absolute(top, name)) != config.path)
            unit = Unit(output, (path,), self._digest(config, always, reads), reads)
            yield unit, refusal or self._refused(config, top, unit, cmd, programs)

    def _refused(self, config: Config, top: str, unit: Unit, cmd: kbuildcmd.Cmd, programs: tuple[str, ...]) -> str:
        if any(path in self.observed.listing for path in (unit.output, *unit.extra)):
            return "it was there before the build"
        reason = kbuildcmd.refused(cmd, top, programs)
        if reason:
            return reason
        places = [absolute(top, path) for path in unit.reads if not fixed(path)]
        if any(ASKS in config.named(place) for place in places):
            return "it asks which files there are"
        if "-MMD" in cmd.command:
            contents = map(self.facts.content, places)
            if any(content and "system_header" in content.words for content in contents):
                return "it reports no system headers"
        return ""

    def _commands(self, top: str) -> Iterator[tuple[str, kbuildcmd.Cmd]]:
        """Each `.cmd` file below the tree of objects, relative to the top."""
        folder = os.path.relpath(self.trees.objects, top)
        for name in walk(self.trees.objects, ""):
            if name.endswith(".cmd") and os.path.basename(name).startswith("."):
                place = f"{self.trees.objects}/{name}"
                if os.path.isfile(place) and not os.path.islink(place):
                    with open(place, encoding="utf-8", errors="surrogateescape") as stream:
                        cmd = kbuildcmd.read(stream.read())
                    if cmd:
                        yield os.path.join(folder, name), cmd

    def _digest(self, config: Config, always: frozenset[str], reads: Iterable[str]) -> str:
        """Of the values of the configuration that a compile can see. Its command is what kbuild compares."""
        names = set(always)
        for path in reads:
            names |= config.named(absolute(self.facts.top, path))
        return config.text(names - {ASKS})

    def _always(self, config: Config) -> frozenset[str]:
        """Symbols that the rules for all compiles name."""
        names: set[str] = set()
        for name in ("Kbuild.include", "Makefile.build", "Makefile.lib"):
            names |= config.named(f"{self.trees.source}/scripts/{name}")
        return frozenset(names - {ALL, ASKS})

    def _unreadable(self, config: Config) -> str:
        """Why no object of this configuration can be reused, or nothing."""
        if not config.name:
            return "the build has no autoconf.h"
        if "CONFIG_TRIM_UNUSED_KSYMS" in config:
            return "CONFIG_TRIM_UNUSED_KSYMS is set"
        if "CONFIG_MODVERSIONS" in config:
            with open(f"{self.trees.source}/scripts/Makefile.build", encoding="utf-8", errors="replace") as stream:
                if "SYMVER" not in stream.read():
                    return "CONFIG_MODVERSIONS is set"
        return ""

    def notes(self, top: str) -> dict[str, str]:
        """What a later build must compare beside units: Makefiles, sources of programs that run, generated files."""
        exact = self.trees.exact()
        found: dict[str, str] = {}
        folder = os.path.relpath(self.trees.objects, top)
        for _, cmd in self._commands(top):
            # What is preprocessed only (.lds, .s) has such a file as well.
            if cmd.reads and os.access(f"{self.trees.objects}/{cmd.target}", os.X_OK):
                found[os.path.normpath(os.path.join(folder, cmd.reads[0]))] = _HOST
        for path in walk(top, self.own):
            name = self.facts.escape.text(path)
            within = self.trees.within(top, path)
            if within is None or os.path.isdir(f"{top}/{path}"):
                continue
            if kbuildtree.has_rules(within):
                found[name] = _SHAPE + kbuildtree.shape(f"{top}/{path}", exact=exact)
        config = Config(self.trees.objects)
        if not exact:
            found["*"] = config.strings()
        return found

    def calls(self, top: str) -> Callable[[Unit], Call]:
        """Tells how a unit is compiled."""

        def call(unit: Unit) -> Call:
            text = Path(top, unit.extra[0]).read_text(encoding="utf-8", errors="surrogateescape")
            cmd = kbuildcmd.read(text)
            return Call(self.trees.objects, kbuildcmd.compile_words(cmd) if cmd else ("false",))

        return call

    def doubted(self, top: str, units: Iterable[Unit]) -> Mapping[str, str]:  # noqa: ARG002 - as plain make's
        """None: kbuild compares commands by itself."""
        return {}

    def outputs(self, top: str) -> frozenset[str] | None:  # noqa: ARG002 - as a graph's
        """What the build makes is not known."""
        return None

    def ahead(self, top: str, checkpoint: Checkpoint) -> frozenset[str] | None:  # noqa: ARG002 - as a graph's
        """What is generated ahead needs no objects that could be reused."""
        return frozenset()

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:
        """Why nothing of the checkpoint may be used in this build, or nothing."""
        self.checkpoint = checkpoint
        if checkpoint.observed.flags != now.flags:
            return "make gets other arguments"
        return self._differing(checkpoint, checkpoint.observed.listing, now.listing, top)

    def _differing(self, checkpoint: Checkpoint, before: Mapping[str, str], after: Mapping[str, str], top: str) -> str:
        read = {os.path.normpath(path) for unit in checkpoint.units for path in unit.reads}
        host = {path for path, note in checkpoint.notes.items() if note == _HOST}
        shapes = {path: note.removeprefix(_SHAPE) for path, note in checkpoint.notes.items() if note.startswith(_SHAPE)}
        return kbuildtree.differing(self.trees, top, before, after, read, shapes, host)

    def generation(self, jobs: int, checkpoint: Checkpoint) -> tuple[Callable[[], object], bool]:  # noqa: ARG002 - as a graph's
        """What brings the tree into the state in which compiles start."""
        return lambda: self._prepare(jobs), False

    def _prepare(self, jobs: int) -> None:
        """Bring the tree into the state in which compiles start: headers that all of them may read."""
        with open(f"{self.trees.source}/Makefile", encoding="utf-8", errors="replace") as stream:
            if not re.search(r"^[\w -]*\bprepare\b[\w -]*:", stream.read(), re.MULTILINE):
                return
        arguments = [argument for argument in self.arguments if "=" in argument or argument.startswith("-")]
        sys.stdout.write("splitphase: make prepare, before objects of the checkpoint are looked at\n")
        sys.stdout.flush()
        run = subprocess.run(
            ["make", f"-j{jobs}", *arguments, "prepare"], check=False, cwd=self.directory,
            env=packages_own(os.environ), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if run.returncode:
            raise SplitphaseError("make prepare fails", hint="see what it says above")

    def commands(self, top: str) -> Mapping[str, str]:
        """For each unit of the checkpoint its digest in this build, or in words why it is compiled again."""
        checkpoint = self.checkpoint
        if checkpoint is None:
            return {}
        config = Config(self.trees.objects)
        always = self._always(config)
        reason = self._unreadable(config) or self._generated(checkpoint, config, top)
        if reason:
            return {unit.output: f"all: {reason}" for unit in checkpoint.units}
        found = {}
        for unit in checkpoint.units:
            value = self._digest(config, always, unit.reads)
            found[unit.output] = (
                value if value == unit.command else "a value of the configuration that it names differs"
            )
        return found

    def _generated(self, checkpoint: Checkpoint, config: Config, top: str) -> str:
        """Why what was generated now makes all the build new, or nothing."""
        exact = self.trees.exact()
        if not exact and checkpoint.notes.get("*", "") != config.strings():
            return "a string of the configuration differs, which may order flags"
        for path, note in sorted(checkpoint.notes.items()):
            if not note.startswith(_SHAPE) or not os.path.isfile(f"{top}/{path}"):
                continue
            if note != _SHAPE + kbuildtree.shape(f"{top}/{path}", exact=exact):
                return f"{path} differs: it has rules"
        for path in walk(top, self.own):
            within = self.trees.within(top, path)
            if within is None or not kbuildtree.has_rules(within) or self.facts.escape.text(path) in checkpoint.notes:
                continue
            if os.path.isfile(f"{top}/{path}") and kbuildtree.shape(f"{top}/{path}", exact=exact) != kbuildtree.EMPTY:
                return f"{path} is new: it has rules"
        return ""

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """The `.cmd` files are kbuild's records."""
