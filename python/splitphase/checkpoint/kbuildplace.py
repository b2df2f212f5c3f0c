"""Whether make runs a build with kbuild, where its trees are, and what of its call does not bear on objects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from splitphase.checkpoint.observe import digest
from splitphase.checkpoint.record import Observed
from splitphase.rewrite import Rewriter

DATES = frozenset(f"KBUILD_BUILD_{name}" for name in ("TIMESTAMP", "USER", "HOST", "VERSION"))
"""Read by what is generated only."""
_INCLUDED = re.compile(r"^include (/\S+|\S*\.\./?\S*)/Makefile$", re.MULTILINE)
_VARIABLE = re.compile(r"\$[({](\w+)[)}]")


@dataclass(frozen=True, slots=True)
class Trees:
    """Where a build is, absolute."""

    source: str
    objects: str

    def within(self, top: str, path: str) -> str | None:
        """A path below the top, relative to the tree that it belongs to."""
        for tree in (self.objects, self.source):
            if f"{top}/{path}".startswith(f"{tree}/"):
                return f"{top}/{path}".removeprefix(f"{tree}/")
        return None

    def exact(self) -> bool:
        """Whether kbuild compares commands word by word, in order; old ones compare sets of words."""
        try:
            with open(f"{self.source}/scripts/Kbuild.include", encoding="utf-8", errors="replace") as stream:
                return "space_escape" in stream.read()
        except OSError:
            return False


def find(directory: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Trees | None:
    """The trees of the build that make runs in `directory`, or None where it is no kbuild."""
    source = directory
    if not os.path.isfile(f"{directory}/scripts/Kbuild.include"):
        try:
            with open(f"{directory}/Makefile", encoding="utf-8", errors="replace") as stream:
                included = _INCLUDED.search(stream.read())
        except OSError:
            return None
        if included is None:
            return None
        source = os.path.normpath(os.path.join(directory, included[1]))
        if not os.path.isfile(f"{source}/scripts/Kbuild.include"):
            return None
    objects = environment.get("KBUILD_OUTPUT", "")
    for argument in arguments:
        if argument.startswith(("O=", "KBUILD_OUTPUT=")):
            objects = argument.split("=", 1)[1]
    objects = _VARIABLE.sub(lambda match: environment.get(match[1], ""), objects)
    return Trees(source, os.path.normpath(os.path.join(directory, objects)))


def observed(now: Observed, arguments: Iterable[str], escape: Rewriter) -> Observed:
    """What there is now, less dates that only generated files have."""
    kept = [argument for argument in arguments if argument.split("=")[0] not in DATES]
    environment = {name: value for name, value in now.environment.items() if name not in DATES}
    return replace(now, environment=environment, flags=digest(escape.text("\0".join(kept))))
