"""The server: one for each build, with a worker process for each core, on one Unix socket.

A worker serves many connections and answers one message at a time. A connection whose compiler runs stays open until
the shim says what became of it.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from splitphase.errors import SplitphaseError
from splitphase.intercept import protocol
from splitphase.intercept.protocol import LENGTH, LONGEST, Asked, End, Made, Stub
from splitphase.intercept.session import Pending

log = logging.getLogger(__name__)
_BACKLOG = 512
_READ = 1 << 18
_PATIENCE = 20
"""Seconds."""
NEVER_ACCEPTED = (BlockingIOError, InterruptedError, ConnectionAbortedError)


class Answering(Protocol):
    """What a worker asks: to take and keep results (`Session`), or to record (`Recorder`)."""

    def asked(self, asked: Asked) -> tuple[bytes, Pending | None]:
        """The answer to a call, and what to wait for, if anything."""

    def made(self, pending: Pending, messages: bytes) -> bytes:
        """The answer when the compiler of a call that was waited for has ended well."""

    def failed(self, pending: Pending) -> bytes:
        """The answer when it has failed."""

    def stub(self, call: str) -> bytes:
        """The answer when a program is run that is only recorded. This may take long."""


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    data: bytearray = field(default_factory=bytearray)
    pending: Pending | None = None


class Worker:
    """Serves connections until it is ended. `finish` makes the answer to the message that the build is over."""

    def __init__(self, listener: socket.socket, session: Answering, finish: Callable[[], bytes]) -> None:
        self._listener = listener
        self._session = session
        self._finish = finish
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Serve."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._accept()
                else:
                    self._read(key.data)

    def _accept(self) -> None:
        with suppress(*NEVER_ACCEPTED):
            accepted, _ = self._listener.accept()
            # One read takes a whole call in most cases; the shim waits for the answer in any. Who says nothing is left.
            accepted.settimeout(_PATIENCE)
            connection = _Connection(accepted)
            self._selector.register(accepted, selectors.EVENT_READ, connection)
            self._read(connection)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_READ)
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return
        connection.data += data
        while len(connection.data) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(connection.data)
            if length > LONGEST:
                self._close(connection)
                return
            end = LENGTH.size + length
            if len(connection.data) < end:
                return
            payload = bytes(connection.data[LENGTH.size : end])
            del connection.data[:end]
            if not self._answer(connection, payload):
                self._close(connection)
                return

    def _answer(self, connection: _Connection, payload: bytes) -> bool:
        """Answer a message; whether more may come."""
        try:
            reply: bytes | None = self._reply(connection, payload)
        except Exception:  # a fault of ours is never one of the build
            log.exception("a call is left to its compiler")
            reply = protocol.RUN
        if reply is None:
            return False
        try:
            connection.socket.sendall(protocol.framed(reply))
        except OSError:
            return False
        return connection.pending is not None

    def _reply(self, connection: _Connection, payload: bytes) -> bytes | None:
        message = protocol.decode(payload)
        if isinstance(message, Asked):
            reply, connection.pending = self._session.asked(message)
            return reply
        if isinstance(message, Made):
            pending, connection.pending = connection.pending, None
            if pending is None:
                return protocol.OK
            return self._session.failed(pending) if message.failed else self._session.made(pending, message.messages)
        if isinstance(message, Stub):
            self._apart(connection, message)
            return None
        assert isinstance(message, End)  # noqa: S101 - for the type checker
        return self._finish()

    def _apart(self, connection: _Connection, message: Stub) -> None:
        """Answer in a process of its own: others' compiles go on meanwhile."""
        if os.fork() == 0:
            try:
                reply = self._session.stub(message.call)
            except SplitphaseError as error:
                reply = protocol.fail(error.message)
            except BaseException:
                log.exception("a program is not made")
                reply = protocol.fail("it cannot be made, see the server's messages")
            with suppress(OSError):
                connection.socket.sendall(protocol.framed(reply))
            os._exit(0)

    def _close(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()


def listen(path: Path) -> socket.socket:
    """A listening socket. Raises SplitphaseError where there can be none."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise SplitphaseError(
            f"no socket can be made at {path}: {error.strerror}",
            hint="its path must be free, writable and below 108 bytes",
        ) from error
    listener.listen(_BACKLOG)
    listener.settimeout(0)
    return listener


def serve(
    listener: socket.socket, jobs: int, make: Callable[[], Answering], finish: Callable[[], str], log_file: Path
) -> None:
    """Serve in the background: returns at once in the process that calls, and never in those that serve.

    `finish` runs in one worker, after the build; then all of them end.
    """
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, null), (1, null), (2, errors)):
        os.dup2(source, target)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(jobs - 1):
        if os.fork() == 0:
            break
    leader = os.getpgrp()

    def ended() -> bytes:
        try:
            text = os.fsencode(finish())
        except SplitphaseError as error:
            text = protocol.fail(error.message)
        except OSError as error:
            log.exception("the build cannot be ended")
            text = protocol.fail(f"the results of this build cannot be kept: {error.strerror}")
        except Exception:
            log.exception("the build cannot be ended")
            text = protocol.fail("the end of the build failed, see the server's messages")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(leader, signal.SIGTERM)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.alarm(1)
        return text

    try:
        Worker(listener, make(), ended).run()
    except BaseException:
        log.exception("the server ends")
    finally:
        sys.stderr.flush()
        os._exit(1)


def notes(scratch: Path, pattern: str) -> list[dict[str, str]]:
    """What the workers noted of each call, in the order of time."""
    found = [json.loads(line) for path in scratch.glob(pattern) for line in path.read_text().splitlines()]
    return sorted(found, key=lambda note: note["time"])
