"""See which blanked files are opened while a package is configured, by inotify(7) on the files themselves.

Every path to a file, and every program, is seen. A file that is only renamed, linked, removed, or looked at (stat) is
not opened: that something depends on the time or the size of a blanked file is not seen.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from splitphase.errors import SplitphaseError
from splitphase.hashes.trees import FILE, entries
from splitphase.skeleton.blank import CONTENT, Blanked
from splitphase.skeleton.sourcepaths import StandIns

IN_MODIFY, IN_OPEN, IN_Q_OVERFLOW, IN_DONT_FOLLOW, IN_ONESHOT = 0x2, 0x20, 0x4000, 0x02000000, 0x80000000
_EVENT = struct.Struct("iIII")
_ROOM = 1 << 16
RESULT, PROCESS = "seen.json", "pid"
OVERFLOW = "more files were opened than the kernel keeps events for"


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of blanked files."""

    began: int
    """When watching began: what the package makes has a later time. Nanoseconds."""
    opened: tuple[str, ...]
    """Paths that were opened, as they were called at the beginning."""
    blanked: tuple[tuple[str, str], ...]
    """Where blanked files are now, and what they were called at the beginning. One may have several names."""
    problem: str = ""

    def write(self, path: Path) -> None:
        """Write it, whole at any moment."""
        beside = path.with_suffix(".new")
        fields = {"began": self.began, "opened": self.opened, "blanked": self.blanked, "problem": self.problem}
        beside.write_text(json.dumps(fields) + "\n")
        beside.rename(path)

    @classmethod
    def read(cls, path: Path) -> Seen:
        """Read it; where there is nothing, that is the problem."""
        try:
            raw = json.loads(path.read_text())
            blanked = tuple((now, before) for now, before in raw["blanked"])
            return cls(raw["began"], tuple(raw["opened"]), blanked, raw["problem"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls(0, (), (), "what was opened is not known: the process that watched has ended")


class Watcher:
    """Watches files below a folder."""

    def __init__(self, top: Path, names: Iterable[str]) -> None:
        """Begin. Raises SplitphaseError where the kernel refuses."""
        self._top = top
        self._began = time.time_ns()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise self._error("inotify_init1")
        self._watches: dict[int, list[str]] = {}
        self._inodes: dict[tuple[int, int], str] = {}
        self._opened: set[str] = set()
        self._problem = ""
        flags = ctypes.c_uint32(IN_OPEN | IN_MODIFY | IN_ONESHOT | IN_DONT_FOLLOW)
        for name in names:
            path = os.path.join(top, name)
            number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), flags)
            if number < 0:
                raise self._error(path)
            # Hard links have one watch.
            self._watches.setdefault(number, []).append(name)
            status = os.lstat(path)
            self._inodes.setdefault((status.st_dev, status.st_ino), name)

    def _error(self, what: str) -> SplitphaseError:
        return SplitphaseError(
            f"files cannot be watched: {what}: {os.strerror(ctypes.get_errno())}",
            hint="look at fs.inotify.max_user_watches and fs.inotify.max_user_instances (sysctl)",
        )

    def fileno(self) -> int:
        """For `select`."""
        return int(self._descriptor)

    def take(self) -> None:
        """Take what has happened."""
        while True:
            try:
                data = os.read(self._descriptor, _ROOM)
            except BlockingIOError:
                return
            position = 0
            while position < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, position)
                position += _EVENT.size + length
                if mask & IN_Q_OVERFLOW:
                    self._problem = OVERFLOW
                elif mask & (IN_OPEN | IN_MODIFY):
                    self._opened.update(self._watches[number])

    def ended(self) -> Seen:
        """Look where the files are now, and say what was seen."""
        self.take()
        blanked = []
        for name, kind in entries(str(self._top)):
            if kind == FILE:
                path = Path(self._top, name)
                status = path.lstat()
                before = self._inodes.get((status.st_dev, status.st_ino))
                # The number of a file that was removed may be another one's by now, which has another content.
                if before is not None and before not in self._opened and _is_blank(path, status):
                    blanked.append((name, before))
        unprintable = [now for now, _ in blanked if not now.isprintable()]
        problem = self._problem or (f"{unprintable[0]!a} cannot be written down" if unprintable else "")
        os.close(self._descriptor)
        return Seen(self._began, tuple(sorted(self._opened)), () if problem else tuple(blanked), problem)


def _is_blank(path: Path, status: os.stat_result) -> bool:
    try:
        return status.st_size == len(CONTENT) and path.read_bytes() == CONTENT
    except OSError:
        return False


def start(top: Path, blanked: Blanked, scratch: Path) -> None:
    """Watch in the background until SIGTERM; returns when it has begun. `scratch` gets the process and the result.

    Where it cannot watch, that is the result.
    """
    try:
        stand_ins = StandIns(blanked.hidden)
        watcher = Watcher(top, blanked.names)
    except SplitphaseError as error:
        hint = f" ({error.hint})" if error.hint else ""
        Seen(0, (), (), f"{error.message}{hint}").write(scratch / RESULT)
        return
    # The end may come before there is a handler for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    process = os.fork()
    if process:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        (scratch / PROCESS).write_text(f"{process}\n")
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    # Nix waits until nobody has the build's own any more.
    for descriptor in range(3, 256):
        if descriptor != watcher.fileno():
            with suppress(OSError):
                os.close(descriptor)
    try:
        _until_ended(watcher)
        seen = watcher.ended()
        if stand_ins.were_followed():
            seen = replace(seen, problem="something looks for the source at its store path")
        seen.write(scratch / RESULT)
    finally:
        os._exit(0)


def _until_ended(watcher: Watcher) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    woken, wakes = socket.socketpair()
    wakes.settimeout(0)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    with selectors.DefaultSelector() as selector:
        selector.register(watcher, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while not any(key.fileobj is woken for key, _ in selector.select()):
            watcher.take()
