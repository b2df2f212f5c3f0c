"""Record: note each compile and link, keep what it reads, and leave a stub in the place of its result.

What a call reads is kept at the moment of the call, since builds rewrite and delete sources. Everything here only
predicts what the final build will ask for: where it is wrong, that build compiles for itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

from splitphase.environment import narrow_environment, without_folders
from splitphase.errors import SplitphaseError
from splitphase.intercept import linked, protocol, stub
from splitphase.intercept.apart import Parts, apart, placed
from splitphase.intercept.call import Call, Judged, Kind, judge
from splitphase.intercept.ccalls import NO_COMPILES
from splitphase.intercept.folders import Folder
from splitphase.intercept.journal import REAL, STUBS, File, Journal, Left, Recorded
from splitphase.intercept.keys import Key, Keys
from splitphase.intercept.lazily import compiled_lazily, lazily
from splitphase.intercept.links import Given, Links, given, link_environment
from splitphase.intercept.outputs import written
from splitphase.intercept.protocol import Asked, How, Put
from splitphase.intercept.session import CHANGED, Build, Pending
from splitphase.intercept.variables import dates, relevant
from splitphase.rewrite import Rewriter
from splitphase.scan.facts import ScanResult

CAPTURED = "captured"


class Recorder:
    """One worker's part of a recorded build."""

    def __init__(self, build: Build, shim: Path) -> None:
        self._build = build
        self._escape = Rewriter.escaping(build.outputs)
        self._keys = Keys(build.top, self._escape, build.outputs, build.fixed, build.added)
        self._templates: dict[tuple[str, ...], bytes] = {}
        self._shim = shim.read_bytes()
        self._captured = build.scratch / CAPTURED
        self._stubs = build.scratch / STUBS
        self._own: dict[str, bool] = {}
        """Whether an output's hash stands in a captured file, by digest."""
        for folder in (self._captured, self._stubs, build.scratch / REAL):
            folder.mkdir(exist_ok=True)
        self._links = Links(build.top, self._escape, build.added)
        self._journal = Journal(build.scratch)

    def asked(self, asked: Asked) -> tuple[bytes, Pending | None]:
        """The answer to a call: a stub, or that it is to run."""
        call = asked.call
        judged = judge(call, self._build.top)
        if judged.kind is Kind.LINK:
            return self._link(call, judged), None
        parts = apart(call, judged, self._build.top)
        if parts is not None:
            # With one source it may be a probe, which must be able to fail: then it is noted after it has succeeded.
            if len(parts.compiles) == 1 and not self._reads_stubs(*parts.link):
                return protocol.KEEP, Pending(0, call, judged, Key("", ""), b"", ())
            reply = self._in_parts(parts)
            if reply:
                return reply, None
        if judged.kind is not Kind.COMPILE:
            return self._other(call, judged), None
        try:
            key = self._keys.of(call, judged)
            if not key.reason:
                return self._compile(call, judged, key), None
            reason = key.reason
        except SplitphaseError as error:
            reason = error.message
        except OSError as error:
            reason = f"what it reads cannot be looked at: {error.strerror}"
        self._leave(call, judged, reason)
        return protocol.RUN, None

    def _other(self, call: Call, judged: Judged) -> bytes:
        """The answer to a call that no action can do."""
        link = lazily(call, judged, self._build.top, self._links.inputs)
        if link:
            return self._link(call, link, judged.reason)
        compiled = compiled_lazily(call, judged, self._build.top)
        if compiled:
            return self._left_compile(call, compiled, judged.reason)
        if "-c" in call.words and judged.reason not in NO_COMPILES:
            self._leave(call, judged, judged.reason)
        return protocol.RUN

    def made(self, pending: Pending, messages: bytes) -> bytes:  # noqa: ARG002 - as a session's
        """Note what has compiled and linked in one call; nothing is kept of what runs."""
        parts = apart(pending.call, pending.judged, self._build.top)
        if parts is not None:
            self._in_parts(parts)
        return protocol.OK

    def failed(self, _pending: Pending) -> bytes:
        """See above."""
        return protocol.OK

    def stub(self, call: str) -> bytes:
        """Make a program that the build runs."""
        from splitphase.intercept.realize import Realizer  # noqa: PLC0415 - it reads what is recorded here

        try:
            path = Realizer(self._build.top, self._build.scratch, self._build.jobs).program(call)
        except SplitphaseError as error:
            self._ran(call, error.message)
            raise
        self._ran(call, "")
        return protocol.program(path)

    def _ran(self, call: str, reason: str) -> None:
        with (self._build.scratch / f"ran-{os.getpid()}.jsonl").open("a") as notes:
            notes.write(json.dumps({"call": call, "reason": reason}) + "\n")

    def _in_parts(self, parts: Parts) -> bytes | None:
        """Note a call that compiles and links as several; the stub of its link, unless a compile is to be left."""
        try:
            found = [(call, judged, self._keys.of(call, judged), self._keys.last) for call, judged in parts.compiles]
            if not all(key.gcc and not key.reason for _, _, key, _ in found):
                return None
            for call, judged, key, scan in found:
                self._note_compile(call, judged, key, scan)
            with placed({judged.output: self._object(call, judged, key.exact) for call, judged, key, _ in found}):
                return self._link(*parts.link)
        except (SplitphaseError, OSError):
            return None

    def _reads_stubs(self, call: Call, judged: Judged) -> bool:
        try:
            return any(file.calls for file in self._links.inputs(call, judged).files)
        except (SplitphaseError, OSError):
            return False

    def _recorded(self, call: Call, judged: Judged, key: str, kind: str) -> Recorded:
        """What is noted of every call."""
        source = judged.source or judged.output
        return Recorded(
            key=key,
            kind=kind,
            program=os.path.realpath(call.program),
            words=judged.words,
            directory=call.directory,
            environment={},
            full=self._journal.same(call.environment),
            source=source,
            shown=self._shown(call, source),
            written=tuple(written(call, judged)),
        )

    def _note_compile(self, call: Call, judged: Judged, key: Key, scan: ScanResult) -> None:
        environment = relevant(call.environment, "compile")
        if scan.date or scan.timestamps:
            environment |= dates(call.environment)
        files = (self._captured_file(path, key.digests[path].hex(), own=path in key.owning) for path in key.read)
        outside = sorted(path for path in scan.files if not path.startswith(self._build.top + "/"))
        self._journal.call(
            replace(
                self._recorded(call, judged, key.exact, "compile"),
                words=tuple(without_folders(list(judged.words), scan.used_dirs)),
                environment=self._journal.same(narrow_environment(environment, scan.used_dirs)),
                files=tuple(files),
                links=tuple((link, os.readlink(link)) for link in sorted(scan.symlinks)),
                folders=tuple(sorted(scan.dirs)),
                times=tuple(key.times.items()),
                store=self._journal.same(tuple(outside)),
            ),
        )

    def _compile(self, call: Call, judged: Judged, key: Key) -> bytes:
        self._note_compile(call, judged, key, self._keys.last)
        return self._stubs_of(call, judged, key.exact)

    def _left_compile(self, call: Call, judged: Judged, reason: str) -> bytes:
        """Stubs of a compile that is left to the compiler, so that no more than what is run is compiled here."""
        words = [os.path.realpath(call.program), call.directory, *call.words, reason]
        words += [f"{name}={value}" for name, value in relevant(call.environment, "compile").items()]
        key = hashlib.sha256(b"\0".join(map(os.fsencode, words))).hexdigest()
        self._journal.call(replace(self._recorded(call, judged, key, "compile"), words=call.words, reason=reason))
        return self._stubs_of(call, judged, key)

    def _stubs_of(self, call: Call, judged: Judged, key: str) -> bytes:
        """The answer that puts stubs where a compile would write."""
        files = [Put(How.OBJECT, judged.output, self._object(call, judged, key))]
        if judged.depfile:
            # As little as build tools can do with: the object and its source.
            text = f"{_spelled(judged.output)}: {_spelled(judged.source)}\n"
            content = self._content(f"{key}.d", text.encode(errors="surrogateescape"))
            files.insert(0, Put(How.TEXT, judged.depfile, content))
        files += [Put(How.OBJECT, path, self._content("empty", b"")) for path in judged.extra]
        return protocol.hit("", reversed(files))

    def _link(self, call: Call, judged: Judged, reason: str = "") -> bytes:
        """A stub of a link; `reason` says why no action can do it, if so."""
        if any(word in ("-r", "-Wl,-r", "-Wl,--relocatable") for word in judged.words):
            # The linker itself makes an object that holds all notes.
            return protocol.RUN
        files: tuple[Given, ...] = ()
        outside: tuple[str, ...] = ()
        key = self._links.key(call, judged)
        try:
            if not reason:
                inputs = self._links.inputs(call, judged)
                outside = inputs.outside + inputs.needed_outside
                files = tuple(given(inputs, self._links, self._made))
        except SplitphaseError as error:
            reason = error.message
        except OSError as error:
            reason = f"what it reads cannot be looked at: {error}"
        try:
            if "-shared" in judged.words:
                content = self._library(call, judged, key)
            else:
                content = stub.program_stub(self._shim, key)
            captured = [self._captured_file(one.path, one.digest) for one in files if one.digest]
        except SplitphaseError as error:
            self._leave(call, judged, error.message)
            return protocol.RUN
        self._journal.call(
            replace(
                self._recorded(call, judged, key, "link"),
                environment=self._journal.same(link_environment(call.environment)),
                files=tuple(captured),
                folders=(call.directory,),
                store=outside,
                given=files,
                soname=_soname(judged.words) or "",
                archiver=shutil.which("ar", path=call.environment.get("PATH")) or "",
                reason=reason,
            ),
        )
        put = [Put(How.PROGRAM, judged.output, self._content(f"{key}.stub", content))]
        put += [Put(How.OBJECT, path, self._content("empty", b"")) for path in (judged.depfile, *judged.extra) if path]
        return protocol.hit("", reversed(put))

    def _made(self, digest: str) -> str:
        """The call that made a real file, if a program was made for real while recording."""
        path = self._build.scratch / REAL / digest
        return path.read_text() if digest and path.exists() else ""

    def _object(self, call: Call, judged: Judged, key: str) -> str:
        return self._content(f"{key}.o", stub.object_stub(self._template(call, judged), key))

    def _template(self, call: Call, judged: Judged) -> bytes:
        target = (call.program, *_target(judged.words))
        if target not in self._templates:
            self._templates[target] = stub.object_template(target)
        return self._templates[target]

    def _library(self, call: Call, judged: Judged, key: str) -> bytes:
        soname = _soname(judged.words)
        target = (call.program, *_target(judged.words))
        known = ("library", "soname" if soname else "", *target)
        if known not in self._templates:
            template = self._template(call, judged)
            self._templates[known] = stub.library_template(target, template, soname=soname is not None)
        return stub.library_stub(self._templates[known], key, soname)

    def _captured_file(self, path: str, digest: str, *, own: bool = False) -> File:
        """Keep a file's content, escaped, under this digest. Raises SplitphaseError where it has another one by now."""
        target = self._captured / digest
        known = self._own.get(digest)
        if known is None:
            data = Path(path).read_bytes()
            known = self._own[digest] = own or any(self._escape.strong.sift([path]))
            escaped = self._escape.data(data) if known else data
            plain = (hashlib.sha256(one).hexdigest() for one in (data, escaped))
            if digest not in plain and linked.input_at(path).digest != digest:
                raise SplitphaseError(CHANGED)
            beside = target.with_name(f"{digest}.{os.getpid()}")
            beside.write_bytes(escaped)
            beside.rename(target)
        file: File = self._journal.same(File(path, digest, known or own))
        return file

    def _content(self, name: str, data: bytes) -> str:
        path = self._stubs / name
        if not path.exists():
            beside = path.with_name(f"{name}.{os.getpid()}")
            beside.write_bytes(data)
            beside.rename(path)
        return str(path)

    def _leave(self, call: Call, judged: Judged, reason: str) -> None:
        kind = "link" if judged.kind is Kind.LINK else "compile"
        shown = self._shown(call, judged.source or judged.output or call.words[-1])
        self._journal.left(Left(shown, kind, reason))

    def _shown(self, call: Call, path: str) -> str:
        """As the manifest has it: relative to the top."""
        return Folder(self._build.top, "").shown(call.directory, path)


def _target(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that choose the target."""
    found = []
    for index, word in enumerate(words):
        if word.startswith(("-m", "--target=")) and not word.startswith(("-mllvm", "-mmacosx")):
            found.append(word)
        elif word in ("-target", "-arch") and index + 1 < len(words):
            found += [word, words[index + 1]]
    return tuple(found)


def _soname(words: tuple[str, ...]) -> str | None:
    """The name that a link gives its library."""
    parts = [
        part
        for word in words
        for part in (word[4:].split(",") if word.startswith("-Wl,") else [word])
        if part != "-Xlinker"
    ]
    for index, part in enumerate(parts):
        if part in ("-soname", "--soname", "-h") and index + 1 < len(parts):
            return parts[index + 1]
        for option in ("-soname=", "--soname="):
            if part.startswith(option):
                return part.removeprefix(option)
    return None


def _spelled(name: str) -> str:
    """A name as Makefiles have it."""
    return name.replace("$", "$$").replace(" ", "\\ ").replace("#", "\\#")
