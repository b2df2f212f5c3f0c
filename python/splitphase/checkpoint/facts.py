"""Facts about files of the tree: what they hold, with hashes escaped, and what of it bears on who may reuse what."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass

from splitphase.checkpoint.folder import Spelling
from splitphase.contents import walk
from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter

MISSING = "-"
_TEMPORARY = re.compile(r"tmp\.[A-Za-z0-9]{10}$")
"""What `mktemp` makes in the build's top folder, as nixpkgs' hook for cargo does: its name is chance."""
_EXPORT = re.compile(r"(?<=/CMakeFiles/Export)/[0-9a-f]{32}(?=/|$)")
"""CMake names these folders by digests of where files are installed, output paths among them."""
_INCLUDE = re.compile(
    rb"(?:#|%:|\?\?=)(?:[ \t]|/\*.*?\*/)*(?:include_next|include|import|embed)\b(?:[ \t]|/\*.*?\*/)*([^\r\n]*)"
    rb"|__has_(?:include|include_next|embed)\b[ \t]*\(([^\r\n]*)"
)
_NAMED = re.compile(rb"[<\"]([^>\"\r\n]+)[>\"]")
_WATCHED = re.compile(rb"__TIMESTAMP__|__DATE__|__TIME__|incbin|\.include\b|system_header")
_WORDS = (b"__TIMESTAMP__", b"__DATE__", b"__TIME__", b"incbin", b".include", b"system_header")
TIMES = frozenset(("__TIMESTAMP__", "__DATE__", "__TIME__"))
_FILES = frozenset((b"incbin", b".include"))
_RAW_STRING = re.compile(rb'(?<![A-Za-z0-9_])(?:u8|[uUL])?R"[^\s()\\]{0,16}\(')
_STRING_OR_COMMENT = re.compile(rb"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says."""

    digest: str
    own: bool
    """Whether a hash of the package's own outputs, or a part of one, stands in it."""
    words: frozenset[str]
    """Which of the words that the preprocessor or assembler give a meaning stand in it."""


@dataclass(frozen=True, slots=True)
class Includes:
    """What a file may include, both branches of every `#if`."""

    names: frozenset[str]
    """The last component of each; every one where a name leads through folders and out again."""
    computed: bool
    """Whether a name is made by a macro."""


class Facts:
    """Reads each file once."""

    def __init__(self, top: str, escape: Rewriter, folder: str = "") -> None:
        self.top = top
        self.escape = escape
        self.spelling = Spelling(escape, top, folder)
        self.unlisted = ""
        """A folder whose files are not listed, relative to the top, ending with `/`; or nothing."""
        self._contents: dict[str, Content | None] = {}
        self._includes: dict[str, Includes] = {}

    def content(self, path: str) -> Content | None:
        """What the file at an absolute path says, links followed; None where there is no regular file."""
        if path not in self._contents:
            self._contents[path] = self._read(path)
        return self._contents[path]

    def digest(self, path: str) -> str:
        """Digest of its content, or MISSING."""
        content = self.content(path)
        return content.digest if content else MISSING

    def forget(self) -> None:
        """Read all files anew: a build tool ran."""
        self._contents.clear()
        self._includes.clear()

    def _read(self, path: str) -> Content | None:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return None
            with open(path, "rb") as stream:
                data = stream.read()
        except OSError:
            return None
        own = self.escape.found_in(data)
        if own:
            # What cannot be rewritten differs from every other build's.
            with suppress(RewriteError):
                data = self.escape.data(data)
        digest = hashlib.sha256(data).hexdigest()
        # Most files have none: to look for each is several times as fast.
        words = set(_WATCHED.findall(data)) if any(word in data for word in _WORDS) else set()
        if words & _FILES:
            words -= _FILES - set(_WATCHED.findall(_without_comments(data)))
        return Content(digest, own, frozenset(word.decode() for word in words))

    def includes(self, path: str) -> Includes:
        """What the file at an absolute path may include."""
        if path not in self._includes:
            names: set[str] = set()
            computed = False
            try:
                with open(path, "rb") as stream:
                    data = stream.read().replace(b"\\\r\n", b"").replace(b"\\\n", b"")
            except OSError:
                data = b""
            for match in _INCLUDE.finditer(data):
                found = _NAMED.findall(match[1] or match[2] or b"")
                computed = computed or not found
                for name in found:
                    parts = name.decode(errors="surrogateescape").split("/")
                    names.update(parts if ".." in parts else parts[-1:])
            if computed:
                # What comments say of includes is no include.
                found_again = _INCLUDE.finditer(_without_comments(data))
                computed = any(not _NAMED.findall(match[1] or match[2] or b"") for match in found_again)
            self._includes[path] = Includes(frozenset(names), computed)
        return self._includes[path]

    def kinds(self, own: str) -> dict[str, str]:
        """Every path below the top, less the folder `own`: its kind; of links where they lead, too."""
        entries = self.listing(own, contents=False).items()
        return {path: entry if entry[0] in "lL" else entry[0] for path, entry in entries}

    def listing(self, own: str, skip: str = "", *, contents: bool = True) -> dict[str, str]:
        """Every path below the top, less `own` and `skip`: kind, mode and what it holds, of files if asked for.

        Kinds are `f`, `d`, `l`, and `L` for a link to a folder.
        """
        found = {}
        for path in walk(self.top, own, skip):
            if self.unlisted and path.startswith(self.unlisted):
                continue
            status = os.lstat(f"{self.top}/{path}")
            mode = f"{stat.S_IMODE(status.st_mode):o}"
            name = self.escape.text(path)
            if _TEMPORARY.match(path) and stat.S_ISREG(status.st_mode):
                name = f"tmp.{self.digest(f'{self.top}/{path}')}"
            name = _EXPORT.sub("/-", name)
            if stat.S_ISLNK(status.st_mode):
                kind = "L" if os.path.isdir(f"{self.top}/{path}") else "l"
                found[name] = f"{kind} {self.escape.text(os.readlink(f'{self.top}/{path}'))}"
            elif stat.S_ISDIR(status.st_mode):
                found[name] = f"d {mode}"
            elif stat.S_ISREG(status.st_mode):
                digest = self.digest(f"{self.top}/{path}") if contents else "-"
                found[name] = f"f {mode} {digest}"
            else:
                found[name] = f"o {mode}"
        return found


def fixed(path: str) -> bool:
    """Whether a file cannot differ where the environment does not: it is in the store, or the system's."""
    return path.startswith(("/nix/store/", "/usr/", "/lib/", "/lib64/"))


def absolute(top: str, path: str) -> str:
    """Where a file is that a unit names."""
    return path if path.startswith("/") else f"{top}/{path}"


def _without_comments(data: bytes) -> bytes:
    """The text of a source less its comments; all of it where that is not certain."""
    if b"??/" in data or _RAW_STRING.search(data):
        return data
    return _STRING_OR_COMMENT.sub(lambda match: match[1] or b" ", data)
