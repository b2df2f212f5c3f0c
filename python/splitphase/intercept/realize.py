"""Make a program for real that is only recorded, because the build runs it: a generator, in most cases.

Its objects are compiled, its archives made again from them, and then it is linked by its own recorded call, in the
tree. This takes the place of the stubs. A program of many objects is not made, nor one of many programs that are run
behind the last compile (for manual pages, as tests): what needs it is not predicted, and the final build, where it is
there, compiles for itself.
"""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from splitphase.environment import without_bash_env
from splitphase.errors import SplitphaseError
from splitphase.intercept import linked, stub
from splitphase.intercept.apart import TEMPORARY
from splitphase.intercept.journal import REAL, STUBS, Recorded, recorded
from splitphase.intercept.prove import front

LIMIT = 300
"""Compiles for the sake of one program, at most."""
IDLE = 20
"""Programs that are made while no call is recorded, at most."""
_HINT = "what needs it is compiled by the final build itself"


class Realizer:
    """Makes programs of one recorded build. Only one at a time is made; `jobs` compilers run for it."""

    def __init__(self, top: str, scratch: Path, jobs: int) -> None:
        self._top = top
        self._scratch = scratch
        self._jobs = jobs
        self._real = scratch / "real"
        self._real.mkdir(exist_ok=True)
        self._calls: dict[str, Recorded] = {}

    def program(self, key: str) -> str:
        """Make what a link was to make; returns its path. Raises SplitphaseError where that cannot be."""
        with (self._scratch / "realize.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._calls = {call.key: call for call in recorded(self._scratch)}
            if not (self._real / key).exists():
                self._note_progress()
            self._link(key, set())
            place, made = self._calls[key].written[0], self._real / key
            # What was run may have been moved, and something else be in its first place.
            there = os.path.exists(place) and filecmp.cmp(place, made, shallow=False)
            return place if there else str(made)

    def _note_progress(self) -> None:
        """Note how many calls there are when a program is made. Raises SplitphaseError where none was new for long."""
        path = self._scratch / "progress"
        known = path.read_text().split() if path.exists() else []
        now = str(len(self._calls))
        if known[-IDLE:] == [now] * IDLE:
            raise SplitphaseError(f"{IDLE} programs were made since the last compile or link", hint=_HINT)
        path.write_text(" ".join([*known[-IDLE:], now]))

    def _link(self, key: str, pending: set[str]) -> None:
        call = self._calls.get(key)
        if call is None or key in pending:
            raise SplitphaseError(f"{key} is not recorded", hint=_HINT)
        # Whoever made it keeps a copy: the build may have moved or removed it.
        made = self._real / key
        if not made.exists():
            between = self._between(call)
            try:
                self._from_stubs(call, made, pending)
            finally:
                for path in between:
                    os.unlink(path)
        elif stub.calls_in(call.written[0]) == (key,):
            _put(made, call.written[0])

    def _from_stubs(self, call: Recorded, made: Path, pending: set[str]) -> None:
        """Make all that a link reads, put it in the place of the stubs, and link."""
        found = linked.inputs_of(call.words, call.directory, ())
        stubs = [file for file in found.files if file.calls and file.path.startswith(self._top + "/")]
        needed = {one for file in stubs for one in file.calls}
        self._compile(needed)
        for one in sorted(needed):
            if self._calls[one].kind == "link":
                self._link(one, pending | {call.key})
        for file in stubs:
            self._replace(file)
        self._in_place(call, made)
        self._remember(made, call.key)

    def _between(self, call: Recorded) -> list[str]:
        """Put stubs where those of the temporary objects were that a call made for its own link."""
        paths = {
            one.path: one.call for one in call.given if one.call and TEMPORARY.fullmatch(os.path.basename(one.path))
        }
        made = {path: one for path, one in paths.items() if not os.path.lexists(path)}
        for path, one in made.items():
            shutil.copyfile(self._scratch / STUBS / f"{one}.o", path)
        return list(made)

    def _in_place(self, call: Recorded, made: Path) -> None:
        """Link where the call links, and keep a copy. What another call made there meanwhile stays."""
        place = call.written[0]
        aside = f"{place}.splitphase-aside"
        others = os.path.lexists(place) and stub.calls_in(place) != (call.key,)
        if others:
            os.rename(place, aside)
        self._run(call, [call.program, *call.words], place)
        shutil.copy2(place, made)
        if others:
            os.rename(aside, place)

    def _compile(self, keys: Iterable[str]) -> None:
        calls = []
        for key in sorted(keys):
            call = self._calls.get(key)
            if call is None:
                raise SplitphaseError(f"{key} is not recorded", hint=_HINT)
            if call.kind == "compile" and not (self._real / key).exists():
                calls.append(call)
        if len(calls) > LIMIT:
            raise SplitphaseError(f"it is made from {len(calls)} compiles, more than {LIMIT}", hint=_HINT)
        with ThreadPoolExecutor(self._jobs) as pool:
            list(pool.map(self._object, calls))

    def _object(self, call: Recorded) -> None:
        target = self._real / call.key
        self._run(call, [call.program, *front(call.words), "-c", "-o", str(target)], str(target))
        self._remember(target, call.key)

    def _remember(self, made: Path, key: str) -> None:
        """Let a later link know what made this file."""
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        (self._scratch / REAL / digest).write_text(key)

    def _replace(self, file: linked.Input) -> None:
        """Put what is real in the place of a stub, or of an archive of stubs."""
        if not file.members:
            if len(file.calls) > 1:
                self._join(file)
            else:
                _put(self._real / file.calls[0], file.path)
            return
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            places = []
            for number, member in enumerate(file.members):
                place = Path(folder, str(number), os.path.basename(member.name))
                place.parent.mkdir()
                if len(member.calls) != 1:
                    raise SplitphaseError(f"{file.path} has a member of several objects", hint=_HINT)
                shutil.copyfile(self._real / member.calls[0], place)
                places.append(str(place))
            made = Path(folder, "made.a")
            program = shutil.which("ar", path=next(iter(self._calls.values())).full.get("PATH"))
            done = subprocess.run([program or "ar", "qcs", made, *places], capture_output=True, check=False)
            if done.returncode:
                raise SplitphaseError(f"{file.path} cannot be made: {done.stderr.decode(errors='replace')}", hint=_HINT)
            _put(made, file.path)

    def _join(self, file: linked.Input) -> None:
        """What `ld -r` made of several objects."""
        call = self._calls[file.calls[0]]
        objects = [str(self._real / key) for key in file.calls]
        target = str(self._real / f"joined-{os.path.basename(file.path)}")
        self._run(call, [call.program, "-r", "-nostdlib", *objects, "-o", target], target)
        _put(Path(target), file.path)

    def _run(self, call: Recorded, command: list[str], target: str) -> None:
        environment = without_bash_env(call.full)
        if os.path.lexists(target):
            os.unlink(target)
        done = subprocess.run(
            command, cwd=call.directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode or not os.path.exists(target):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise SplitphaseError(f"{call.shown} cannot be made: {said[-1] if said else 'no message'}", hint=_HINT)


def _put(source: Path, target: str) -> None:
    """A fresh file with the content, and with the mode of what was there."""
    mode = os.stat(target).st_mode
    os.unlink(target)
    shutil.copyfile(source, target)
    os.chmod(target, mode)
