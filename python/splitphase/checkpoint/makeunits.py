"""Units of a build with plain make (autotools, hand-written Makefiles), from the dependency files that it left.

make's graph cannot be read. What is known of a build is what a dry run prints and the files that compilers report, so
objects are reused only where the dry run is the same and nothing differs but the content of files that compiles report.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitphase.checkpoint.facts import Facts, walk
from splitphase.checkpoint.record import Checkpoint, Observed, Unit
from splitphase.depfile import has_one_rule, read_rule

TOOL = "plain make"
_DEPFILE = re.compile(r"\.(?:d|Po|Plo|TPo|dep|deps)$")
_OBJECT = re.compile(r"\.(?:o|lo|obj|os)$")
_LIBTOOL = re.compile(r"^(?:pic|non_pic)_object='([^']*)'$", re.MULTILINE)
_LOG = re.compile(r"(?:^|/)config\.log$")
_AUTOCONF = "This file contains any messages produced by compilers while"


@dataclass(frozen=True, slots=True)
class MakeBuild:
    """A build in one working directory, and below."""

    facts: Facts
    observed: Observed
    own: str
    tool: str = TOOL
    made: frozenset[str] = frozenset()
    custom: bool = False
    """What other commands leave depends on nothing that may differ."""

    def units(self, top: str) -> Iterator[tuple[Unit, str]]:
        """Each object of the finished build that a dependency file names, and why it cannot be reused."""
        seen: dict[str, tuple[Unit, str]] = {}
        before = self.observed.listing
        for path in walk(top, self.own):
            place = f"{top}/{path}"
            if not _DEPFILE.search(path) or not os.path.isfile(place) or os.path.islink(place):
                continue
            name = self.facts.escape.text(path)
            if name in before and before[name].split()[-1] == self.facts.digest(place):
                continue
            for unit, refused in self._of_depfile(top, path):
                if unit.output in seen:
                    seen[unit.output] = (unit, "several dependency files name it")
                else:
                    seen[unit.output] = (unit, refused)
        yield from (seen[output] for output in sorted(seen))

    def _of_depfile(self, top: str, path: str) -> Iterator[tuple[Unit, str]]:
        targets, reads = read_rule(Path(top, path))
        for target in targets:
            if not _OBJECT.search(target):
                continue
            folder = _folder(top, path, target, reads)
            if folder is None:
                continue
            output = _joined(folder, target)
            extra = _libtool_objects(top, output) if output.endswith(".lo") else ()
            refused = "" if has_one_rule(Path(top, path)) else "its dependency file has several rules"
            for file in (output, *extra):
                if file in self.observed.listing:
                    refused = "it was there before the build"
                elif not os.path.isfile(f"{top}/{file}"):
                    refused = "an object that libtool names is missing"
            name = os.path.basename(output)
            known = self.observed.compiles.get(name, "make does not say how it compiles it")
            yield Unit(output, extra, "", tuple(_joined(folder, read) for read in reads)), refused or known

    def declared(self, top: str) -> frozenset[str]:  # noqa: ARG002 - as a graph's
        """Nothing is known of that."""
        return frozenset()

    def commands(self, top: str) -> Mapping[str, str] | None:  # noqa: ARG002 - as a graph's
        """They are compared all at once."""
        return None

    def refusal(self, checkpoint: Checkpoint, now: Observed, top: str) -> str:
        """Why nothing of the checkpoint may be used in this build, or nothing."""
        if now.reason:
            return now.reason
        if checkpoint.observed.commands != now.commands:
            return "make --dry-run prints other commands"
        before = checkpoint.observed.listing
        for path in sorted(before.keys() | now.listing.keys()):
            first, second = before.get(path, "-"), now.listing.get(path, "-")
            if first != second and (_is_program(first) or _is_program(second)):
                return f"{path} differs, which a compile may run"
        if not now.custom:
            return ""
        compiled = {os.path.normpath(path) for unit in checkpoint.units for path in unit.reads}
        for path in sorted(before.keys() | now.listing.keys()):
            first, second = before.get(path, "-"), now.listing.get(path, "-")
            if first == second or _is_log(top, path):
                continue
            if first[0] != "f" or second[0] != "f":
                return f"{path} is new, gone or of another kind, and {now.custom} may read it"
            if path not in compiled:
                return f"{path} differs, and {now.custom} may read it"
        return ""

    def record(self, units: Iterable[Unit], times: Mapping[str, int], top: str) -> None:
        """Make keeps no records."""


def _is_program(entry: str) -> bool:
    """Whether an entry of a listing is an executable file, or a link, which may lead to one."""
    kind, mode = entry.split(" ", 2)[:2] if " " in entry else (entry, "0")
    return kind == "l" or (kind == "f" and int(mode, 8) & 0o111 != 0)


def _is_log(top: str, path: str) -> bool:
    """Whether a file is autoconf's log, which says when it was written and by what environment."""
    if not _LOG.search(path):
        return False
    try:
        with open(f"{top}/{path}", "rb") as stream:
            return _AUTOCONF.encode() in stream.read(200)
    except OSError:
        return False


def _folder(top: str, depfile: str, target: str, reads: Iterable[str]) -> str | None:
    """The working directory of the compile, relative to the top: the only folder in which all names fit."""
    found = []
    folder = os.path.dirname(depfile)
    while True:
        place = os.path.join(top, folder)
        if os.path.isfile(os.path.join(place, target)) and all(
            os.path.exists(os.path.join(place, path)) for path in reads
        ):
            found.append(folder)
        if not folder:
            break
        folder = os.path.dirname(folder)
    return found[0] if len(found) == 1 else None


def _joined(folder: str, path: str) -> str:
    """Relative to the top; `..` stays where links may stand before it."""
    return path if path.startswith("/") else os.path.join(folder, path).removeprefix("./")


def _libtool_objects(top: str, path: str) -> tuple[str, ...]:
    """The objects behind a libtool object."""
    text = Path(top, path).read_text(errors="surrogateescape")
    names = [name for name in _LIBTOOL.findall(text) if name != "none"]
    return tuple(dict.fromkeys(os.path.join(os.path.dirname(path), name) for name in names))
