"""The name of the source's folder.

Another version of a package is unpacked into a folder of another name, and a source that stays in the store has another
path after each edit. A result is taken into a folder of another name where that name is no part of it: it does not hold
the name, has no debug information, and its compiler, if its command says the name, does not see it behind the
preprocessor.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from splitphase.environment import wrapper_flags
from splitphase.intercept.wrapping import rewritten

_ASKED = re.compile(rb"__builtin_(?:FILE|source_location)|source_location|__PRETTY_FUNCTION__")
"""What the preprocessor leaves to the compiler and that may say the name of a file."""
_TIED = re.compile(
    r"-g(?!0$)|.*-prefix-map=(?!/nix/store/)|-funique-internal-linkage-names|--debug|-Wa,(?:.*,)?--?(?:g|debug)"
    r"|--coverage|-f(?:cs-)?profile-(?:generate|arcs|instr-generate)|-fcoverage-mapping"
)
"""Words with which an object may hold the name in a form in which it is not found: compressed, or as a hash."""
_HIDDEN = b"@source@"
_PLAIN = re.compile(r"[\w/.+-]*", re.ASCII)
"""Characters that stand for themselves in dependency files."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The first folder below the top on the way to where a call runs; no `name` where that is the top itself.

    Where the source is outside of the tree, the folder in which it lies, whose `name` is an absolute path.
    """

    top: str
    name: str

    @classmethod
    def of(cls, directory: str, top: str) -> Folder:
        """The folder of a working directory."""
        return cls(top, directory[len(top) + 1 :].partition("/")[0] if directory.startswith(top + "/") else "")

    @classmethod
    def of_call(cls, directory: str, top: str, place: str) -> Folder:
        """The folder of a call in a working directory whose source lies in `place`, if outside of the tree."""
        return cls(top, place) if place else cls.of(directory, top)

    @property
    def path(self) -> str:
        """Absolute."""
        return os.path.join(self.top, self.name)

    def shown(self, directory: str, path: str) -> str:
        """A path as a person reads it: relative to the source's folder, or to the top."""
        absolute = os.path.normpath(os.path.join(directory, path))
        for place in (self.path, self.top):
            if absolute.startswith(place.rstrip("/") + "/"):
                return absolute[len(place.rstrip("/")) + 1 :]
        return absolute

    def hidden(self, text: bytes) -> bytes:
        """The text with a placeholder for the folder's path."""
        return re.sub(re.escape(os.fsencode(self.path)) + rb"(?![A-Za-z0-9._+-])", _HIDDEN, text)

    def renamed(self, text: bytes, old: Folder) -> bytes:
        """A message of a compile in another folder, as it would be here."""
        return text.replace(os.fsencode(old.path) + b"/", os.fsencode(self.path) + b"/")

    def depfile(self, text: bytes, old: Folder, *, gcc: bool) -> bytes | None:
        """The same of a dependency file; None where the compiler may write it in another way."""
        if not _PLAIN.fullmatch(old.path + self.path):
            return None
        return rewritten(text, lambda part: self.renamed(part, old), gcc=gcc)

    def stands_in(self, data: bytes) -> bool:
        """Whether the path stands in there, as compilers may leave it in what they write, cleaned or not."""
        return _pattern(self.path).search(data) is not None

    def ties(self, words: Iterable[str], environment: Mapping[str, str], contents: Iterable[bytes]) -> bool:
        """Whether what a call made may hold the name."""
        if any(_TIED.match(word) for word in (*words, *wrapper_flags(environment))):
            return True
        return any(self.stands_in(data) for data in contents)

    def seen(self, command: list[str], directory: str, environment: Mapping[str, str]) -> bool:
        """Whether a compiler sees the name behind the preprocessor, or that cannot be told."""
        run = subprocess.run(
            [*command, "-E", "-P"],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return run.returncode != 0 or self.stands_in(run.stdout) or _ASKED.search(run.stdout) is not None


@lru_cache
def _pattern(path: str) -> re.Pattern[bytes]:
    # Where a byte is no letter or digit, they may write another one, or several: `\\"`, `_`. nixpkgs' GCC writes the
    # hash of a store path in upper case where it expands `__FILE__`. It begins with a letter or digit: in a long run of
    # other bytes each would be looked at as often as there are bytes in front of it.
    parts = re.findall(rb"[A-Za-z0-9]+", os.fsencode(path))
    return re.compile(rb"[^A-Za-z0-9]+".join(parts), re.IGNORECASE)
