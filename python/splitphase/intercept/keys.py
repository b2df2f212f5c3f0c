"""The key of a call: a digest of all that its result can depend on, hashes of the package's outputs escaped.

That is the compiler and its words, the working directory, the variables that compilers and wrappers read, and the
content of every file that the scanner says it may read. Files in the store and the host's own do not change: their
paths say it all.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from splitphase.environment import forced_includes, narrow_environment, without_folders
from splitphase.errors import RewriteError
from splitphase.intercept.call import Call, Judged
from splitphase.intercept.folders import Folder
from splitphase.intercept.variables import dates, messages, relevant
from splitphase.rewrite import Rewriter
from splitphase.scan import arguments as command
from splitphase.scan.closure import Compile, Scanner, ScanResult
from splitphase.scan.contents import Contents

FORMAT = b"splitphase call 1"
_SEED = "-frandom-seed="
_MARKS = re.compile(rb"\bimport\b|\b_Pragma\b")
GONE = "a file that it may read went away"
OPAQUE = "an .incbin names its file in a way that only the assembler knows"
MODULES = "it may read modules"
NO_DATE = "it sees the date, and SOURCE_DATE_EPOCH is not set"
CLANG_DATE = "it sees the date, which this compiler does not take from SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True)
class Key:
    """What a result is kept and looked up under."""

    exact: str
    """Of everything; empty where there is a `reason`."""
    moved: str
    """The same with a placeholder for the name of the source's folder."""
    reason: str = ""
    """Why the call has no key."""
    owning: tuple[str, ...] = ()
    """Files among those that it may read, in which an output's hash stands."""
    named: bool = False
    """Whether the command names an output, the random seed aside."""
    spelled: bool = False
    """Whether the command spells the source's folder."""
    folder: str = ""
    """The source's folder: the name of the first one below the top, or the absolute path of one in the store; empty
    where the call is in none."""
    read: tuple[str, ...] = ()
    """Files that may change and that it may read."""
    began: int = 0
    """When it was made, in nanoseconds of the clock of file times; 0 where `read` is all that the call may read."""
    digests: Mapping[str, bytes] = field(default_factory=dict)
    """Digests of `read`, of which it was made; empty where it is not made of them."""
    times: Mapping[str, int] = field(default_factory=dict)
    """Times that count, of some of `read`, in seconds: what the compiler may see, or any that are in the same order."""
    gcc: bool = True
    """Whether the compiler is GCC."""
    words: tuple[str, ...] = ()
    """The compiler and its words as far as they count."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The variables that count."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file's content, escaped."""

    digest: bytes
    own: bool
    once: bool
    """Whether it may ask GCC to include no second file of the same size, time and content."""
    marks: bool
    """Whether it may ask that for other files."""


class Keys:
    """Makes the keys of one build's calls.

    `fixed` are prefixes of paths that do not change, `outputs` excepted; `added` are names of variables that count
    besides those that compilers are known to read.
    """

    def __init__(
        self,
        top: str,
        escape: Rewriter,
        outputs: Mapping[str, str],
        fixed: tuple[str, ...],
        added: Collection[str] = (),
    ) -> None:
        self.top = top
        self._added = added
        self._escape = escape
        self._own = tuple(outputs.values())
        self._fixed = fixed
        self._scanner = Scanner(top, fixed=fixed, mutable=self._own)
        self.contents: Contents = self._scanner.contents
        self._held: dict[bytes, Held] = {}
        self.last: ScanResult
        """What the call of the last key may read, ..."""
        self._environments: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def of(self, call: Call, judged: Judged, *, terminal: bool = False) -> Key:
        """The key of a compile; `terminal` is whether its messages are shaped for one.

        Raises SplitphaseError where the compiler cannot be asked or a folder not be listed.
        """
        environment = relevant(call.environment, judged.kind.value)
        environment |= {name: call.environment[name] for name in self._added if name in call.environment}
        scan, digests = self._scan(call, judged, environment)
        self.last = scan
        reason = _reason(scan, call, self._scanner)
        if reason:
            return Key("", "", reason)
        # Of a source in the store the content counts: its folder's name is that of the whole source.
        beside = f"{judged.place}/" if judged.place else ()

        def fixed(path: str) -> bool:
            return self.unchanging(path) and not path.startswith(beside)

        read = tuple(sorted(path for path in scan.contents if not fixed(path)))
        files = {}
        for path in read:
            raw = digests.get(path)
            held = self.held(path, raw) if raw else None
            if held is None:
                return Key("", "", GONE)
            files[path] = held
        lines = [held.digest for held in files.values()]
        times = _times(scan, files)
        lines += [b"%s %d" % (os.fsencode(path), time) for path, time in times.items()]
        narrowed = narrow_environment(environment, scan.used_dirs)
        words = [os.path.realpath(call.program), call.directory, *without_folders(list(judged.words), scan.used_dirs)]
        variables = [f"{name}={value}" for name, value in sorted(narrowed.items())]
        seen = [f"{name}={value}" for name, value in sorted(messages(call.environment).items())]
        if scan.date or scan.timestamps:
            seen += [f"{name}={value}" for name, value in sorted(dates(call.environment).items())]
        said = _joined([*words, *variables])
        rest = [
            _joined([*seen, "terminal" if terminal else ""]),
            _joined(sorted(path for path in scan.files if fixed(path))),
            _joined(sorted(scan.files - scan.contents)),
            _joined(f"{link} {os.readlink(link)}" for link in sorted(scan.symlinks) if not fixed(link)),
            _joined(sorted(directory for directory in scan.dirs if not fixed(directory))),
        ]
        text = b"\0\0".join([FORMAT, said, *rest, _joined(read), b"\0".join(lines)])
        text = self._escape.plain(text)
        folder = Folder.of_call(call.directory, self.top, judged.place)
        return Key(
            hashlib.sha256(text).hexdigest(),
            hashlib.sha256(folder.hidden(text)).hexdigest() if folder.name else "",
            owning=tuple(path for path, held in files.items() if held.own),
            named=self._escape.found_in(_without_seed(said)),
            spelled=bool(folder.name) and folder.stands_in(said.replace(os.fsencode(call.directory) + b"\0", b"", 1)),
            folder=folder.name,
            read=read,
            digests={path: digests[path] for path in read},
            times=times,
            gcc=self._scanner.compilers.is_gcc(command.read((call.program,), call.directory)),
            words=(words[0], *words[2:]),
            variables=narrowed,
        )

    def _scan(self, call: Call, judged: Judged, environment: Mapping[str, str]) -> tuple[ScanResult, dict[str, bytes]]:
        given = {**environment, "PATH": call.environment.get("PATH", "")}
        # The scanner asks compilers once for each environment, which it knows by the object.
        same = self._environments.setdefault(tuple(sorted(given.items())), given)
        argv = (call.program, *judged.words, *forced_includes(same))
        return self._scanner.scan_contents(Compile(call.directory, argv, judged.source, same))

    def place(self, path: str) -> str:
        """The folder in the store, or the like, in which a path lies; empty where it is in none."""
        prefix = next((prefix for prefix in self._fixed if path.startswith(prefix)), "")
        name, _, rest = path[len(prefix) :].partition("/")
        return prefix + name if prefix and rest and self.unchanging(path) else ""

    def unchanging(self, path: str) -> bool:
        """Whether the path says all about a file."""
        return path.startswith(self._fixed) and not path.startswith(self._own)

    def held(self, path: str, raw: bytes) -> Held | None:
        """What a file with this digest holds; None where it has another one by now."""
        held = self._held.get(raw)
        if held is None:
            try:
                with open(path, "rb") as stream:
                    data = stream.read()
            except OSError:
                return None
            if hashlib.sha256(data).digest() != raw:
                return None
            own = self._escape.found_in(data)
            try:
                escaped = hashlib.sha256(self._escape.plain(data)).digest() if own else raw
            except RewriteError:
                escaped = raw
            held = self._held[raw] = Held(escaped, own, b"once" in data, bool(_MARKS.search(data)))
        return held


def _times(scan: ScanResult, files: Mapping[str, Held]) -> dict[str, int]:
    """Times of files where they count, in seconds: all for `__TIMESTAMP__`; for GCC's once, of equal files the ranks.

    Source of the second: libcpp/files.cc, has_unique_contents.
    """
    if scan.timestamps:
        return {path: int(os.stat(path).st_mtime) for path in files}
    marks = any(held.marks for held in files.values())
    equal: dict[bytes, list[str]] = {}
    for path, held in files.items():
        if held.once or marks:
            equal.setdefault(held.digest, []).append(path)
    found: dict[str, int] = {}
    for paths in equal.values():
        if len(paths) > 1:
            moments = [int(os.stat(path).st_mtime) for path in paths]
            ranks = {moment: rank for rank, moment in enumerate(sorted(set(moments)), 1)}
            found |= {path: ranks[time] for path, time in zip(paths, moments, strict=True)}
    return found


def _reason(scan: ScanResult, call: Call, scanner: Scanner) -> str:
    if scan.opaque:
        return OPAQUE
    if scan.modules:
        return MODULES
    if scan.date:
        if not call.environment.get("SOURCE_DATE_EPOCH"):
            return NO_DATE
        if not scanner.compilers.is_gcc(command.read((call.program, *call.words), call.directory)):
            return CLANG_DATE
    return ""


def _joined(words: Iterable[str]) -> bytes:
    return os.fsencode("\0".join(words))


def _without_seed(said: bytes) -> bytes:
    """The command without what stands behind `-frandom-seed=`, which is a part of the output's hash in every call."""
    first, *others = said.split(os.fsencode(_SEED))
    return first + b"".join(other.lstrip(b"0123456789abcdefghijklmnopqrstuvwxyz") for other in others)
