"""Objects and the name of the source tree's folder.

An object is taken into a tree of another name where that name is no part of it: it does not hold the name, has no debug
information, and its compiler, if its command says the name, does not see it behind the preprocessor.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from splitphase.checkpoint.proof import Call, run_compiler
from splitphase.checkpoint.record import Unit
from splitphase.environment import packages_own, wrapper_flags

_ASKED = re.compile(rb"__builtin_(?:FILE|source_location)|source_location|__PRETTY_FUNCTION__")
"""What the preprocessor leaves to the compiler and that may say the name of a file."""
_TIED = re.compile(
    r"-g(?!0$)|.*-prefix-map=(?!/nix/store/)|-funique-internal-linkage-names|--debug|-Wa,(?:.*,)?--?(?:g|debug)"
)
"""Words with which an object may hold the name in a form in which it is not found: compressed, or as a hash."""


class Name:
    """The name of a folder as compilers may leave it in what they write, cleaned or not."""

    def __init__(self, top: str, folder: str) -> None:
        # Where a byte is no letter or digit, they may write another one, or several: `\\"`, `_`.
        parts = re.split(rb"[^A-Za-z0-9]+", f"{top}/{folder}".encode(errors="surrogateescape"))
        self._pattern = re.compile(rb"[^A-Za-z0-9]+".join(parts))

    def stands_in(self, data: bytes) -> bool:
        """Whether it stands in there."""
        return self._pattern.search(data) is not None

    def tied(self, call: Call, contents: Iterable[bytes]) -> bool:
        """Whether files that a call made may hold the name."""
        words = (*call.words, *wrapper_flags(os.environ))
        if any(_TIED.match(word) for word in words):
            return True
        return any(self.stands_in(data) for data in contents)

    def seen(self, call: Call) -> bool:
        """Whether a compiler sees the name, or that cannot be told."""
        environment = packages_own(os.environ)
        if not self.stands_in("\n".join([*call.words, *wrapper_flags(environment)]).encode(errors="surrogateescape")):
            return False
        for variant in call.variants:
            text = run_compiler([*call.front(), *variant, "-E", "-P"], call.directory, environment)
            if text is None or self.stands_in(text) or _ASKED.search(text):
                return True
        return False


def refused(units: Sequence[Unit], call: Callable[[Unit], Call], name: Name, jobs: int) -> dict[str, str]:
    """Which of these units cannot be taken into a folder of this name, by output, and why."""
    differs = "the source's folder has another name"
    found = {unit.output: f"{differs}, which it holds" for unit in units if unit.tied}
    asked = [unit for unit in units if not unit.tied]
    with ThreadPoolExecutor(jobs) as pool:
        seen = pool.map(lambda unit: name.seen(call(unit)), asked)
        for unit, saw in zip(asked, seen, strict=True):
            if saw:
                found[unit.output] = f"{differs}, which its compiler sees"
    return found
