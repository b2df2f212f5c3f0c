"""Units of a build by cargo: what a package left in `target/`.

A package is taken where what cargo says of it, all files of its folder, what rustc and its build script say to have
read, and all packages that it needs are the same. cargo then finds it fresh, since everything that was put in place is
newer than all sources; nothing else is in `target/`, so cargo judges nothing itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from splitphase.checkpoint.cargograph import Package, Plan, plan
from splitphase.checkpoint.cargotarget import Found, read_target
from splitphase.checkpoint.decide import ANEW
from splitphase.checkpoint.facts import Facts, absolute, fixed
from splitphase.checkpoint.observe import EARLY, digest
from splitphase.checkpoint.proof import Call
from splitphase.checkpoint.record import CARGO, Checkpoint, Observed, Unit
from splitphase.contents import walk

_TAG = """Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by cargo.
# For information about cache directory tags see https://bford.info/cachedir/
"""
"""What cargo writes into a target folder that it makes, so that backups leave it out."""
_ASSEMBLER = re.compile(rb"\.inc(?:lude|bin)\s+\\?[\"']")
_VARIABLE = re.compile(rb"\bvar(?:_os)?\s*\(\s*\"(\w+)\"|\b(vars)(?:_os)?\s*\(\s*\)")


class CargoBuild:
    """A build that cargo makes, or has made."""

    tool = CARGO

    def __init__(self, facts: Facts, observed: Observed, own: str, outputs: Iterable[Path]) -> None:
        self.facts = facts
        self.observed = observed
        self.own = own
        self.targets = tuple(outputs)
        self.plan: Plan = plan(observed.cargo)
        self._commands: dict[str, str] = {}

    def ahead(self, top: str, checkpoint: Checkpoint) -> frozenset[str] | None:  # noqa: ARG002 - as a graph's
        """Nothing has to run before packages can be judged."""
        return None

    def generation(self, jobs: int, checkpoint: Checkpoint) -> tuple[Callable[[], object], bool]:  # noqa: ARG002 - as a graph's
        """So nothing is run."""
        return lambda: None, False

    def units(self, top: str, known: Collection[str]) -> Iterator[tuple[Unit, str]]:
        """Each package of the finished build, less `known` outputs; and why it cannot be reused (empty: it can)."""
        reason = self._other_work(top)
        found = {} if reason else read_target(top, self.plan)
        if isinstance(found, str):
            reason, found = found, {}
        marked = [] if reason else self._marked(top)
        for name, package in self.plan.packages.items():
            if reason or not found[name].files:
                yield Unit(name, (), "", ()), reason or "it was not built"
            elif min(found[name].files) not in known:
                yield self._unit(top, name, package, found[name], marked)

    def _unit(self, top: str, name: str, package: Package, found: Found, marked: list[str]) -> tuple[Unit, str]:
        reads, reason = self._reads(top, package, found)
        folders = tuple(f"{folder}/" for folder in package.folders)
        reads += [path for path in marked if package.wide or (package.script and path.startswith(folders))]
        files = sorted(found.files)
        command = f"{name} {package.digest} {self._times(package) if found.timed and not package.vendored else '-'}"
        refused = found.refused or reason or self._variables(top, package, found)
        return Unit(files[0], tuple(files[1:]), command, tuple(dict.fromkeys(reads))), refused

    def _reads(self, top: str, package: Package, found: Found) -> tuple[list[str], str]:
        """What it read outside of `target/`, and why that is not all."""
        reads = []
        reason = ""
        inside = f"{self.plan.target}/"
        for source in found.sources:
            spelled = os.path.join(top, self.plan.root, source)
            path = self._below(os.path.realpath(spelled))
            if path.startswith(inside):
                continue
            if os.path.exists(plain := os.path.normpath(spelled)):
                reads.append(self._below(plain))
            if path.startswith("/") and not fixed(path):
                reason = "it read a file outside of the build's folder"
            elif path.endswith(".rs") and not fixed(path) and _ASSEMBLER.search(Path(absolute(top, path)).read_bytes()):
                reason = "it may read files that no dependency record names"
            reads.append(path)
        for value in found.declared:
            more, why = self._declared(top, package, value)
            reads += more
            reason = reason or why
        return reads, reason

    def _declared(self, top: str, package: Package, value: str) -> tuple[list[str], str]:
        """The files that a build script names so, less those in the package's folder, and why that is not all."""
        reads: list[str] = []
        places = [self._below(os.path.normpath(os.path.join(top, folder, value))) for folder in package.folders]
        places = [path for path in places if os.path.exists(absolute(top, path))]
        if not places:
            return [], "its build script names a file that does not exist"
        inside = f"{self.plan.target}/"
        for path in places:
            if path.startswith(inside) or fixed(path):
                continue
            if path.startswith("/"):
                return [], "its build script reads a file outside of the build's folder"
            if os.path.isfile(absolute(top, path)):
                reads.append(path)
            elif any(f"{path}/".startswith(f"{folder}/") for folder in package.folders):
                continue
            elif package.vendored:
                return [], "its build script reads a folder outside of its own"
            else:
                below = (os.path.normpath(f"{path}/{one}") for one in _files(f"{top}/{path}"))
                reads += [one for one in below if not one.startswith(inside)]
        return reads, ""

    def _variables(self, top: str, package: Package, found: Found) -> str:
        """Why a variable that it reads makes it one that cannot be reused, or nothing."""
        names = set(found.variables)
        if package.wide:
            for folder in package.folders:
                for path in _files(f"{top}/{folder}"):
                    if path.endswith(".rs") and not f"{folder}/{path}".startswith(f"{self.plan.target}/"):
                        text = Path(top, folder, path).read_bytes()
                        names |= {(one or everything).decode() for one, everything in _VARIABLE.findall(text)}
        for name in sorted(names & (EARLY | {"vars"})):
            return f"it reads {'all variables' if name == 'vars' else f'the variable {name}'}, which may differ"
        escape = self.facts.escape
        for value in found.variables.values():
            if value and escape.found_in(value.encode(errors="surrogateescape")):
                return "it read a variable that holds an output path"
        return ""

    def _marked(self, top: str) -> list[str]:
        """Files of the tree that hold an output path, or ask for their own time."""
        found = []
        for path, entry in self.observed.listing.items():
            if entry.startswith("f "):
                content = self.facts.content(f"{top}/{path}")
                if content is not None and (content.own or "__TIMESTAMP__" in content.words):
                    found.append(path)
        return found

    def _times(self, package: Package) -> str:
        """Times in a package's folder, by which cargo judges a build script that declares nothing."""
        found = []
        for folder in package.folders:
            for path in _files(f"{self.facts.top}/{folder}"):
                name = f"{folder}/{path}"
                if name in self.observed.listing and not name.endswith("Cargo.lock"):
                    found.append(f"{name} {os.stat(f'{self.facts.top}/{name}').st_mtime_ns}")
        return digest("\n".join(sorted(found)))

    def _other_work(self, top: str) -> str:
        """Why not all of what the build did is what it left in `target/`, or nothing."""
        for output in self.targets:
            if os.path.lexists(output):
                return "the build writes to its outputs"
        if not os.path.isdir(f"{top}/{self.plan.target}"):
            return "it was not built"
        left = (f"{self.plan.target}/", *_homes(self))
        lock = f"{self.plan.root}/Cargo.lock".removeprefix("./")
        now = self.facts.listing(self.own, skip=self.plan.target)
        before = self.observed.listing
        for path in sorted(before.keys() | now.keys()):
            if before.get(path) != now.get(path) and path != lock and not f"{path}/".startswith(left):
                return f"the build writes {path}, outside of {self.plan.target}"
        return ""

    def calls(self, top: str) -> Callable[[Unit], Call]:
        """Packages are not compiled by one call."""
        return lambda _unit: Call(top, ("false",))

    def doubted(self, top: str, units: Iterable[Unit]) -> Mapping[str, str]:  # noqa: ARG002 - as plain make's
        """None: cargo says all that it runs."""
        return {}

    def outputs(self, top: str) -> frozenset[str] | None:  # noqa: ARG002 - as a graph's
        """What build scripts leave outside of `target/` makes the whole build one that cannot be reused."""
        return None

    def commands(self, top: str) -> Mapping[str, str]:  # noqa: ARG002 - as a graph's
        """What `refusal` found out."""
        return self._commands

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:  # noqa: ARG002 - as a graph's
        """Why nothing of the checkpoint may be used in this build, or nothing. Judges each package."""
        before = plan(checkpoint.observed.cargo)
        for what in sorted(before.general.keys() | self.plan.general.keys()):
            if before.general.get(what) != self.plan.general.get(what):
                return f"{what} differs"
        if before.target != self.plan.target or before.root != self.plan.root:
            return "the workspace is in another folder"
        old, new = checkpoint.observed.listing, now.listing
        differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
        if any("L" in (old.get(path, "-")[0], new.get(path, "-")[0]) for path in differing):
            return "a link to a folder is new, gone or different"
        sources = {path for unit in checkpoint.units for path in unit.reads if path.endswith(".rs")}
        unknown = sorted(
            path for path in differing if path not in sources or not _same_kind(old.get(path), new.get(path))
        )
        dated = not checkpoint.observed.epoch == now.epoch != ""
        reasons: dict[str, str] = {}
        by_name: dict[str, Unit] = {}
        for unit in checkpoint.units:
            name = unit.command.split(" ")[0]
            by_name[name] = unit
            package = self.plan.packages.get(name)
            if package is not None:
                reasons[name] = self._differs(unit, package, checkpoint.read, unknown, dated=dated)
        self._spread(reasons, by_name)
        self._commands = {
            by_name[name].output if name in by_name else name: (ANEW + reason if reason else by_name[name].command)
            for name, reason in reasons.items()
        }
        return ""

    def _differs(
        self, unit: Unit, package: Package, read: Mapping[str, str], unknown: list[str], *, dated: bool
    ) -> str:
        """Why a package is built anew, or nothing; `dated` where the build's date differs."""
        _, before, times = unit.command.split(" ")
        if before != package.digest:
            return "its folder, or what cargo says of it, differs"
        if any(
            not fixed(path) and self.facts.digest(absolute(self.facts.top, path)) != read[path] for path in unit.reads
        ):
            return "what it reads differs"
        if times != "-" and times != self._times(package):
            return "its build script declares nothing, and its files have other times"
        return self._dated(unit, package, dated=dated) or _may_read(unit, package, unknown)

    def _dated(self, unit: Unit, package: Package, *, dated: bool) -> str:
        if dated and (package.script or package.macros):
            return "SOURCE_DATE_EPOCH differs, which build scripts and macros may read"
        for path in unit.reads:
            content = self.facts.content(absolute(self.facts.top, path))
            words = content.words if content else frozenset()
            if "__TIMESTAMP__" in words or (dated and words & {"__DATE__", "__TIME__"}):
                return "it says __TIMESTAMP__, or __DATE__ or __TIME__ where SOURCE_DATE_EPOCH differs"
        return ""

    def _spread(self, reasons: dict[str, str], known: Mapping[str, Unit]) -> None:
        """A package is anew with anything that it needs."""
        for name in self.plan.packages:
            if name not in known:
                reasons[name] = "not in the checkpoint"
        while True:
            more = [
                name
                for name, package in self.plan.packages.items()
                if not reasons[name] and any(reasons[needed] for needed in package.needs)
            ]
            if not more:
                return
            reasons.update(dict.fromkeys(more, "a package that it needs is built anew"))

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:  # noqa: ARG002 - as Ninja's
        """What cargo does only where `target/` is new, and folders of build scripts that left nothing."""
        target = Path(top, self.plan.target)
        for folder in (target, *target.glob("*/*/.fingerprint")):
            place = folder.parent.parent if folder.name == ".fingerprint" else folder
            if place.is_dir() and not (place / "CACHEDIR.TAG").exists():
                (place / "CACHEDIR.TAG").write_text(_TAG)
        for unit in units:
            for path in (unit.output, *unit.extra):
                if re.search(r"/build/[^/]+/output$", path):
                    Path(top, path).with_name("out").mkdir(exist_ok=True)

    def _below(self, path: str) -> str:
        for top in (self.facts.top, os.path.realpath(self.facts.top)):
            if path.startswith(f"{top}/"):
                return path.removeprefix(f"{top}/")
        return path


def _may_read(unit: Unit, package: Package, unknown: list[str]) -> str:
    """Why a package may have read one of these paths though nothing says so, or nothing."""
    if package.wide and unknown:
        return f"its build script or a macro may read {unknown[0]}"
    beside = {os.path.dirname(path) for path in unit.reads if path.endswith(".rs") and not fixed(path)}
    own = tuple(f"{folder}/" for folder in package.folders)
    for path in unknown:
        if path.startswith(own) or not path.endswith(".rs"):
            continue
        if any(f"{path}/".startswith(f"{folder}/") for folder in beside):
            return "a module beside those that it reads is new or gone"
    return ""


def _same_kind(first: str | None, second: str | None) -> bool:
    """Whether two entries of a listing are files of one mode."""
    return (
        first is not None and second is not None and first.split(" ")[:2] == second.split(" ")[:2] and first[0] == "f"
    )


def _files(folder: str) -> list[str]:
    return [path for path in walk(folder, "") if os.path.isfile(f"{folder}/{path}")]


def _homes(build: CargoBuild) -> tuple[str, ...]:
    """Where cargo keeps what it fetched, as far as that is below the top."""
    top = os.path.realpath(build.facts.top)
    places = [os.environ.get("CARGO_HOME", ""), f"{os.environ.get('HOME', '')}/.cargo"]
    real = [os.path.realpath(place) for place in places if place.startswith("/")]
    return tuple(f"{os.path.relpath(place, top)}/" for place in real if place.startswith(f"{top}/"))
