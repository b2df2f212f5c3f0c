"""Units of a build with plain make (autotools, hand-written Makefiles).

make's graph cannot be read. What is known of a build is the compile commands that a dry run prints; what they read, the
compiler is asked for after the build.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from splitphase import buildtool
from splitphase.checkpoint.dryrun import careless_dry_run, compiler_words, dry_run, sources_of
from splitphase.checkpoint.facts import Facts, absolute
from splitphase.checkpoint.proof import Call
from splitphase.checkpoint.record import PLAIN_MAKE, SCRATCH, Checkpoint, MakeCompile, Observed, Unit
from splitphase.depfile import read_rule
from splitphase.environment import packages_own

_LIBTOOL = re.compile(r"^(?:pic|non_pic)_object='([^']*)'$", re.MULTILINE)
_STAMP = re.compile(r"[^/]*stamp[^/]*$")
"""Files that say that something was done: automake's objects depend on a `.dirstamp` for each folder."""
_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx|inc|def)$")
"""Files that objects may depend on although no compile reads them."""
_HARMLESS = re.compile(
    r"(?<![Mm]akefile)\.(?:[chsSC]|cc|cpp|cxx|c\+\+|hh|hpp|hxx|inc|def|md|txt|rst|po|pot|gmo|texi|html|svg|png|[1-9])$"
    r"|(?:^|/)(?:README|NEWS|CHANGES|CHANGELOG|ChangeLog|AUTHORS|COPYING|THANKS|TODO|LICENSE|config\.(?:log|status|h|cache))$"
)
"""Sources, documentation, and what configure leaves that no rule includes."""
_GOES_NOWHERE = re.compile(r"(?!-)[^=]*$|-f|--file|--makefile|-C|--directory")
"""Arguments that mean something else in another directory: targets, Makefiles and folders."""
_LIBTOOL_FLAGS = ((), ("-fPIC", "-DPIC"))
"""libtool compiles without and with these."""


@dataclass(frozen=True, slots=True)
class MakeBuild:
    """A build in one working directory, and below."""

    facts: Facts
    observed: Observed
    arguments: tuple[str, ...]
    """Of make."""
    tool: str = PLAIN_MAKE
    options: tuple[str, ...] | None = None
    """Arguments without targets, where they are known apart."""
    places: tuple[Path, ...] = ()
    """The package's outputs."""

    def units(self, top: str, known: Collection[str]) -> Iterator[tuple[Unit, str]]:
        """Each compile of the finished build, less `known` outputs; and why it cannot be reused (empty: it can)."""
        compiles = sorted(item for item in self.observed.compiles.items() if item[0] not in known)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from pool.map(lambda item: self._unit(top, *item), compiles)

    def _unit(self, top: str, output: str, compile_: MakeCompile) -> tuple[Unit, str]:
        unit = Unit(output, (), compile_.digest, ())
        if compile_.refused:
            return unit, compile_.refused
        extra = _libtool_objects(top, output) if output.endswith(".lo") else ()
        for file in (output, *extra):
            if file in self.observed.listing:
                return unit, "it was there before the build"
            if not os.path.isfile(f"{top}/{file}"):
                return unit, "it was not built"
        made = compiled_again(_call(top, compile_, extra))
        if made is None:
            return unit, "it cannot be compiled again"
        objects, reads = made
        if not all(Path(top, file).read_bytes() in objects for file in extra or (output,)):
            return unit, "its command does not make it"
        spelled = tuple(_joined(compile_.directory, read) for read in reads)
        if any(os.path.exists(f"{absolute(top, read)}.gch") for read in spelled):
            return unit, "it may read a precompiled header"
        return Unit(output, extra, compile_.digest, spelled), ""

    def calls(self, top: str) -> Callable[[Unit], Call]:
        """Tells how a unit is compiled."""
        return lambda unit: _call(top, self.observed.compiles[unit.output], unit.extra)

    def doubted(self, top: str, units: Iterable[Unit]) -> Mapping[str, str]:
        """Which of these outputs cannot be reused after all, and why. The tree is of no use afterwards.

        Flags may come from files that the build makes: when all is built, make must still say the same commands.
        """
        chosen = [unit for unit in units if unit.output in self.observed.compiles]
        newer = max((os.stat(f"{top}/{unit.output}").st_mtime_ns for unit in chosen), default=0) + 10**10
        for unit in chosen:
            where = os.path.join(top, self.observed.compiles[unit.output].directory)
            words = compiler_words(where, self.observed.compiles[unit.output].command) or []
            os.utime(os.path.join(where, (sources_of(words) or [""])[0]), ns=(newer, newer))
        again = careless_dry_run(top, self.arguments, self.facts.spelling).compiles
        return {
            unit.output: "its command changes while the package is built"
            for unit in chosen
            if unit.output not in again or again[unit.output].digest != unit.command
        }

    def outputs(self, top: str) -> frozenset[str] | None:  # noqa: ARG002 - as a graph's
        """What the build makes is not known."""
        return None

    def commands(self, top: str) -> Mapping[str, str]:  # noqa: ARG002 - as a graph's
        """Digest of the command of each compile by its output, relative to the top."""
        return {
            output: "" if compile_.refused else compile_.digest for output, compile_ in self.observed.compiles.items()
        }

    def ahead(self, top: str, checkpoint: Checkpoint) -> frozenset[str] | None:
        """What make runs for the files that it made for compiles of the earlier build may need any object, or none."""
        return frozenset() if self._missing(top, checkpoint) else None

    def generation(self, jobs: int, checkpoint: Checkpoint) -> tuple[Callable[[], object], bool]:
        """Have make make these files, where it runs the same commands for them alone as in the whole build.

        Targets of which the earlier build left no file are made each time.
        """
        options = self.arguments if self.options is None else self.options
        there = checkpoint.left.keys() | checkpoint.observed.listing.keys()
        calls: list[list[str]] = []
        repeats = False
        for place, names in self._places(self._missing(self.facts.top, checkpoint), options).items():
            away = place != os.getcwd()
            given = self.observed.inherited.get(place)
            if away and not given:
                continue
            arguments = [*options, "--keep-going", *(("-C", place) if away else ()), *names]
            alone = dry_run(self.facts.top, SCRATCH, arguments, self.facts.spelling, self.places)
            if alone.reason or not alone.lines <= set(self.observed.lines):
                continue
            if away and alone.inherited.get(place) != given:
                continue
            calls.append(arguments)
            repeats = repeats or not alone.asked.keys() <= there
        return lambda: [buildtool.run(["make", f"-j{jobs}", *call], os.getcwd()) for call in calls], repeats

    def _places(self, missing: Iterable[str], options: Sequence[str]) -> dict[str, list[str]]:
        """Where make makes these files, and their names there; as many as can be asked for in other directories."""
        top, here = self.facts.top, os.getcwd()
        below = {here}
        if not any(_GOES_NOWHERE.match(option) for option in options):
            below |= set(self.observed.asked.values())
        found: dict[str, list[str]] = {}
        for path in missing:
            place = self.observed.asked.get(path, "")
            if place not in below:
                above = (folder for folder in below if f"{top}/{path}".startswith(f"{folder}/"))
                place = max(above, key=len, default=here)
            found.setdefault(place, []).append(os.path.relpath(f"{top}/{path}", place))
        return dict(sorted(found.items()))

    def _missing(self, top: str, checkpoint: Checkpoint) -> list[str]:
        """Files that compiles read or wait for and that the earlier build made, relative to the top."""
        found = {os.path.normpath(path) for path in checkpoint.read} & checkpoint.left.keys()
        found |= {path for path in checkpoint.left if _STAMP.search(path)}
        found |= {path for path in checkpoint.left.keys() & self.observed.asked.keys() if _HEADER.search(path)}
        return sorted(path for path in found if not os.path.lexists(f"{top}/{path}"))

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:  # noqa: ARG002 - as a graph's
        """Why nothing of the checkpoint may be used in this build, or nothing.

        Where a dry run does not get to the end, no file may differ that may say how objects are made.
        """
        partial = now.partial or checkpoint.observed.partial
        if now.reason or not partial:
            return now.reason
        before, after = checkpoint.observed.listing, now.listing
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path) and not _HARMLESS.search(path):
                return f"make --dry-run ends early ({partial}), and {path} differs"
        return ""

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """Make keeps no records."""


def _call(top: str, compile_: MakeCompile, extra: tuple[str, ...]) -> Call:
    where = os.path.join(top, compile_.directory)
    words = compiler_words(where, compile_.command) or ["false"]
    return Call(where, tuple(words), _LIBTOOL_FLAGS if extra else ((),))


def compiled_again(call: Call) -> tuple[list[bytes], tuple[str, ...]] | None:
    """What a call makes, for each variant, and what the compiler says that it reads; None if it fails.

    A dry run prints commands that do not run in the end: only so it is known that this one made the object.
    """
    objects: list[bytes] = []
    found: dict[str, None] = {}
    for variant in call.variants:
        with tempfile.TemporaryDirectory() as folder:
            target, rule = Path(folder, "object.o"), Path(folder, "reads")
            run = subprocess.run(
                [*call.front(), *variant, "-c", "-o", str(target), "-MD", "-MF", str(rule)], cwd=call.directory,
                env=packages_own(os.environ), stdin=subprocess.DEVNULL, capture_output=True, check=False,
            )  # fmt: skip
            if run.returncode or not target.exists() or not rule.exists():
                return None
            objects.append(target.read_bytes())
            found |= dict.fromkeys(read_rule(rule)[1])
    return objects, tuple(found)


def _joined(folder: str, path: str) -> str:
    """Relative to the top; `..` stays where links may stand before it."""
    return path if path.startswith("/") else os.path.join(folder, path).removeprefix("./")


def _libtool_objects(top: str, path: str) -> tuple[str, ...]:
    """The objects behind a libtool object."""
    if not os.path.isfile(f"{top}/{path}"):
        return ()
    text = Path(top, path).read_text(errors="surrogateescape")
    names = [name for name in _LIBTOOL.findall(text) if name != "none"]
    return tuple(dict.fromkeys(os.path.join(os.path.dirname(path), name) for name in names))
