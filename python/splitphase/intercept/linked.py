"""What a link reads: its files as the linker finds them, and the places where it looks for one in vain.

A link's result depends on both. A library that appears in an earlier folder is taken instead of the one that was there,
and no file that was read has changed then.

The linkers differ in where they look for a file that a script names. All their places are looked at here, so that the
list may hold a place too many.

Sources: the manual of GNU ld 2.40 ("Options", "Implicit Linker Scripts", "File Commands"), and what GNU ld, gold and
lld do with `-t`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from splitphase import elf
from splitphase.hashes.archives import AR, THIN
from splitphase.hashes.sources import Opened
from splitphase.intercept import stub
from splitphase.scan import arguments

SCRIPTS = frozenset(("T", "script", "dT", "default-script"))
_READS = SCRIPTS | frozenset(
    """
    version-script dynamic-list retain-symbols-file just-symbols export-dynamic-symbol-list symbol-ordering-file
    section-ordering-file R
    """.split()
)
_TAKING = _READS | frozenset(("l", "library", "L", "library-path", "sysroot", "rpath", "rpath-link"))
# Options whose value is the next word, and is no file that is read.
_VALUED = frozenset(
    """
    A architecture e entry f auxiliary F filter G gpsize h soname I dynamic-linker m u undefined require-defined
    Y assert defsym fini init oformat sort-section section-start Tbss Tdata Ttext Ttext-segment
    Trodata-segment Tldata-segment export-dynamic-symbol wrap hash-size hash-style unresolved-symbols audit depaudit P
    exclude-libs z b format max-page-size common-page-size image-base o output Map dependency-file out-implib plugin
    plugin-opt a y trace-symbol version-exports-section ignore-unresolved-symbol
    """.split()
)
_STATIC = frozenset(("static", "Bstatic", "dn", "non_shared"))
_DYNAMIC = frozenset(("Bdynamic", "dy", "call_shared"))
_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(rb'"[^"]*"|[(){},;]|[^\s(){},;"]+')
_SCRIPT_SIZE = 4 << 20
"""Bytes. A longer text is no linker script."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that a link reads.

    `path` is absolute, as the linker spells it. `digest` is SHA-256 in hex of the content; of an archive it is that of
    its members' names and digests, and of whether it has an index: an archive's headers hold times. `calls` are those
    that it names, if it is a stub or holds some; `members` are an archive's, and `indexed` and `thin` what kind it is.
    """

    path: str
    digest: str
    calls: tuple[str, ...] = ()
    members: tuple[stub.Member, ...] = ()
    indexed: bool = False
    thin: bool = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a link reads, in the order in which it does, each file once; and where it looks in vain, absolute.

    `needed` are those of the files that no word leads to, but a shared library that needs them.
    """

    files: tuple[Input, ...]
    absent: tuple[str, ...]
    needed: frozenset[str] = frozenset()


def inputs_of(
    words: Iterable[str], directory: str, folders: Sequence[str], look: Callable[[str], Input] | None = None
) -> Inputs:
    """What a link by the compiler driver reads.

    `words` are those of the call without the driver's name; those in response files are read as well. What the driver
    adds (its start files, `-lc`) counts where the caller adds it to the words. `folders` are those that the linker
    searches after the ones of `-L`, absolute. `look` gives the Input at a path: a caller that remembers digests has
    its own, since they are nearly all that this costs; else it is `input_at`.

    Raises OSError where a file cannot be read, SplitphaseError where a response file includes itself.
    """
    # An option in front: words before the first one may be programs that launch the compiler.
    read = arguments.read(["cc", "-pipe", *words], directory)
    return _Search(directory, folders, look or input_at).run(read.response_files, list(_for_linker(read.options)))


class _Search:
    def __init__(self, directory: str, folders: Sequence[str], look: Callable[[str], Input]) -> None:
        self._look = look
        self._directory = directory
        self._folders: list[str] = []
        self._later = list(folders)
        self._sysroot = ""
        self._static = False
        self._saved: list[bool] = []
        self._files: dict[str, Input] = {}
        self._absent: dict[str, None] = {}
        self._target: tuple[int, int] | None = None
        self._unfit: set[str] = set()
        self._run_folders: dict[str, list[str]] = {"rpath-link": [], "rpath": []}

    def run(self, responses: Iterable[str], words: list[str]) -> Inputs:
        for path in responses:
            self._add(path)
        options = list(_options(words))
        for name, value in options:
            if name == "sysroot":
                self._sysroot = value
        for name, value in options:
            # A folder counts for every library, also for those that are named in front of it.
            if name in {"L", "library-path"}:
                self._folders.append(self._placed(value))
            elif name in self._run_folders:
                self._run_folders[name] += [self._placed(folder) for folder in value.split(":")]
        for name, value in options:
            self._option(name, value)
        named = set(self._files)
        self._needed()
        return Inputs(tuple(self._files.values()), tuple(self._absent), frozenset(self._files.keys() - named))

    def _option(self, name: str, value: str) -> None:
        if name in _STATIC | _DYNAMIC:
            self._static = name in _STATIC
        elif name == "push-state":
            self._saved.append(self._static)
        elif name == "pop-state" and self._saved:
            self._static = self._saved.pop()
        elif name in {"l", "library"}:
            self._library(value)
        elif name in SCRIPTS:
            self._script(self._found(value, [self._directory, *self._everywhere()]))
        elif name in _READS:
            self._add(self._found(value, [self._directory]))
        elif not name:
            self._input(self._found(value, [self._directory]))

    def _everywhere(self) -> list[str]:
        return self._folders + self._later

    def _placed(self, path: str) -> str:
        for prefix in ("=", "$SYSROOT"):
            if path.startswith(prefix):
                return self._sysroot + path.removeprefix(prefix)
        return os.path.join(self._directory, path)

    def _found(self, name: str, folders: Iterable[str]) -> str:
        """The first of these places where the file is; nothing if it is in none."""
        if name.startswith(("=", "$SYSROOT", "/")):
            folders, name = [""], self._placed(name)
        for folder in folders:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return path
            # `-R` takes folders as well.
            if not os.path.isdir(path):
                self._absent[path] = None
        return ""

    def _library(self, library: str) -> None:
        """Folder by folder, the shared library before the archive; one for another target is passed over."""
        if library.startswith(":"):
            names = [library[1:]]
        else:
            names = [f"lib{library}.a"] if self._static else [f"lib{library}.so", f"lib{library}.a"]
        for folder in self._everywhere():
            for name in names:
                path = self._found(name, [folder])
                if path and self._input(path):
                    return

    def _input(self, path: str) -> bool:
        """An object, a library or a script; return whether it is for the link's target."""
        if not path or path in self._files:
            return bool(path) and path not in self._unfit
        self._add(path)
        with open(path, "rb") as file:
            head = file.read(20)
        if head.startswith(elf.MAGIC) and len(head) == 20:
            target = head[4], int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
            self._target = self._target or target
            if target != self._target:
                self._unfit.add(path)
            return target == self._target
        if head[:8] not in (AR, THIN):
            self._script(path)
        return True

    def _needed(self) -> None:
        """The libraries that shared libraries need: GNU ld looks at their symbols, gold and lld do not.

        Not followed: LD_RUN_PATH and LD_LIBRARY_PATH of the linker, /etc/ld.so.conf.
        """
        given = [folder for folders in self._run_folders.values() for folder in folders]
        queue, known = list(self._files), {os.path.basename(path) for path in self._files}
        read = {path: _dynamic(path) for path in queue if path not in self._unfit}
        # What one needs may be given behind it.
        known.update(value for entries in read.values() for tag, value in entries if tag == elf.SONAME)
        for path in queue:
            if path not in read:
                read[path] = _dynamic(path) if path not in self._unfit else ()
            entries = read[path]
            known.update(value for tag, value in entries if tag == elf.SONAME)
            own = [
                folder.replace("$ORIGIN", os.path.dirname(path)).replace("${ORIGIN}", os.path.dirname(path))
                for tag, value in entries
                if tag in {elf.RPATH, elf.RUNPATH}
                for folder in value.split(":")
            ]
            for name in [value for tag, value in entries if tag == elf.NEEDED]:
                if name not in known:
                    found = self._found(name, given + own + self._later)
                    self._input(found)
                    queue += [found] if found else []
                known.add(name)

    def _script(self, path: str) -> None:
        """Read what a script names. One that is no text names nothing."""
        if not path:
            return
        self._add(path)
        if os.path.getsize(path) > _SCRIPT_SIZE:
            return
        with open(path, "rb") as file:
            text = file.read()
        if b"\0" in text:
            return
        near = [os.path.dirname(path), self._directory, *self._everywhere()]
        tokens = iter([os.fsdecode(token.strip(b'"')) for token in _TOKEN.findall(_COMMENT.sub(b" ", text))])
        for token in tokens:
            if token in {"INPUT", "GROUP", "STARTUP"}:
                for name in _listed(tokens):
                    if name.startswith("-l"):
                        self._library(name[2:])
                    else:
                        self._input(self._found(name, near))
            elif token == "SEARCH_DIR":  # noqa: S105 - a command's name
                self._later += [self._placed(folder) for folder in _listed(tokens)]
            elif token == "INCLUDE":  # noqa: S105 - a command's name
                included = self._found(next(tokens, ""), near)
                if included not in self._files:
                    self._script(included)

    def _add(self, path: str) -> None:
        if path and path not in self._files:
            self._files[path] = self._look(path)


def _listed(tokens: Iterator[str]) -> Iterator[str]:
    """The names in the brackets that follow, those in AS_NEEDED too."""
    depth = 0
    for token in tokens:
        if token == "(":  # noqa: S105 - a bracket
            depth += 1
        elif token == ")":  # noqa: S105 - a bracket
            depth -= 1
        elif token not in {",", "AS_NEEDED"}:
            yield token
        if depth <= 0:
            return


def _for_linker(options: Iterable[arguments.Option]) -> Iterator[str]:
    """The words that the driver hands to the linker and that say what it reads, in order."""
    value_of_linker = False
    for option in options:
        word = option.words[0] if option.words else ""
        if option.wrapper:
            continue
        if word.startswith("-Wl,"):
            yield from word[4:].split(",")
        elif option.name == "-Xlinker":
            yield option.value
        elif not option.name:
            if not value_of_linker:
                yield option.value
        elif option.name in {"-l", "-L", "-T"}:
            yield from (option.name, option.value)
        elif option.name == "--sysroot":
            yield f"--sysroot={option.value}"
        elif word.startswith("--sysroot="):
            yield word
        elif word in {"-static", "-static-pie"}:
            yield "-static"
        # Words for the linker that drivers pass on without a wrapper.
        value_of_linker = word in {"-rpath", "-soname", "-h", "-R"}


def _options(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and value of the linker's options that matter here; files have no name."""
    stream = iter(words)
    for word in stream:
        if not word.startswith("-") or word == "-":
            yield "", word
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if name in _VALUED:
            if not equals:
                next(stream, "")
        elif word[1] in "lLTR" and len(word) > 2 and name not in {"library", "library-path"}:
            # `-L=folder` is below the sysroot.
            yield word[1], word[2:]
        elif name in _TAKING:
            yield name, value if equals else next(stream, "")
        else:
            yield name, value


def _dynamic(path: str) -> tuple[tuple[int, str], ...]:
    with open(path, "rb") as file:
        if file.read(4) != elf.MAGIC:
            return ()
        return tuple(elf.Image(Opened(file.fileno(), os.fstat(file.fileno()).st_size)).dynamic())


def input_at(path: str) -> Input:
    """A file that a link reads. Raises OSError."""
    with open(path, "rb") as file:
        head = file.read(68)
        if head[:8] not in (AR, THIN):
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Input(path, digest, stub.calls_in(path) or ())
    members = stub.members(path) or ()
    indexed = head[8:24].rstrip() in {b"/", b"/SYM64/"} or b"__.SYMDEF" in head[8:] or head[8:11] == b"#1/"
    calls = tuple(call for member in members for call in member.calls)
    digest = archive_digest([(member.name, member.digest) for member in members], indexed=indexed)
    return Input(path, digest, calls, members, indexed, head[:8] == THIN)


def archive_digest(members: Iterable[tuple[str, str]], *, indexed: bool) -> str:
    """The digest of an archive with these members (name, digest)."""
    lines = "".join(f"{digest} {name}\0" for name, digest in members)
    return hashlib.sha256(f"{indexed} {lines}".encode(errors="surrogateescape")).hexdigest()
