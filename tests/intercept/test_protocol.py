"""What shim and server say to each other: in bytes, and through the real shim with odd words."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorded_build import new_folder
from shimmed import stock, tools
from splitphase.errors import SplitphaseError
from splitphase.intercept import protocol
from splitphase.intercept.protocol import LENGTH, LONGEST, Asked, End, How, Made, Put, Stub, decode


@pytest.mark.parametrize(
    "payload", [b"", b"\0", b"nothing", b"call\0", b"call\0\0/\0gcc\0many\0", b"call\0t\0/", b"calls\0\0/\0gcc\0000\0"]
)
def test_damaged_messages(payload: bytes) -> None:
    with pytest.raises(SplitphaseError) as caught:
        decode(payload)
    assert caught.value.hint


def test_messages() -> None:
    asked = decode(b"call\0t\0/\0/bin/gcc\0002\0-c\0\0A=1=2\0B\0C=\0\xff=\xfe\0")
    assert isinstance(asked, Asked)
    assert asked.terminal
    assert asked.call.words == ("-c", "")
    assert asked.call.environment == {"A": "1=2", "C": "", "\udcff": "\udcfe"}
    assert decode(b"made\x000\0a\0b\n\0") == Made(b"a\0b\n")
    assert decode(b"made\x000\0\0") == Made(b"")
    assert decode(b"stub\0key\0\0\0") == Stub("key")
    assert decode(b"end\0") == End()


def test_answers() -> None:
    put = [Put(How.TEXT, "a\udcff.d", "/x"), Put(How.PROGRAM, "a", "/y")]
    assert protocol.hit("", put) == b"hit\0\0text\0a\xff.d\0/x\0program\0a\0/y\0"
    assert protocol.fail("no") == b"fail\0no\0"
    assert protocol.framed(b"run\0") == LENGTH.pack(4) + b"run\0"


class Listener:
    """A server of one call that notes what it was asked and gives one answer."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "socket")
        self.folder = folder
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self.asked = b""

    def serve(self, answer: bytes | Callable[[socket.socket], None]) -> threading.Thread:
        def run() -> None:
            with self._listener.accept()[0] as connection:
                size = LENGTH.unpack(_exactly(connection, 4))[0]
                self.asked = _exactly(connection, size)
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def call(
        self, *words: bytes | str, answer: bytes | Callable[[socket.socket], None]
    ) -> subprocess.CompletedProcess[bytes]:
        program = self.folder / "program"
        program.write_text('#!/bin/sh\nprintf "%s\\n" "ran $#"\nexit 3\n')
        program.chmod(0o755)
        thread = self.serve(answer)
        done = subprocess.run(
            [tools() / "shim", self.path, "-", program, *words],
            cwd=self.folder,
            env={"BASH_ENV": "/x", "ODD": "a\nb"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        thread.join(60)
        return done

    def close(self) -> None:
        self._listener.close()


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        assert more
        data += more
    return data


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener(new_folder())
    yield found
    found.close()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("", "", ""),
        (b"\xff\xfe", "a\nb", " "),
        tuple(f"-DNAME_{number}={'x' * 60}" for number in range(2800)),
        ("y" * 130_000,),
    ],
)
def test_words_arrive_whole_and_the_program_runs(listener: Listener, words: tuple[bytes | str, ...]) -> None:
    done = listener.call(*words, answer=protocol.framed(protocol.RUN))
    assert (done.returncode, done.stdout) == (3, b"ran %d\n" % len(words))
    asked = decode(listener.asked)
    assert isinstance(asked, Asked)
    assert tuple(map(os.fsencode, asked.call.words)) == tuple(map(os.fsencode, words))
    assert asked.call.environment["ODD"] == "a\nb"
    assert "BASH_ENV" not in asked.call.environment
    assert asked.call.directory == str(listener.folder)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x01",
        LENGTH.pack(0),
        LENGTH.pack(100) + b"run\0",
        LENGTH.pack(LONGEST + 1),
        LENGTH.pack(2**32 - 1),
        protocol.framed(b"unknown\0"),
        protocol.framed(b"hit"),
        protocol.framed(b"hit\0\0object\0"),
        protocol.framed(b"hit\0\0object\0out"),
        protocol.framed(b"hit\0\0object\0out\0"),
        protocol.framed(b"hit\0\0object\0out\0/none\0"),
        protocol.framed(b"hit\0\0object\0no/folder/out\0/dev/null\0"),
        protocol.framed(b"hit\0/none\0object\0no/folder/out\0/dev/null\0"),
    ],
)
def test_an_answer_that_is_no_use_runs_the_program(listener: Listener, answer: bytes) -> None:
    done = listener.call("x", answer=answer)
    assert (done.returncode, done.stdout) == (3, b"ran 1\n")


def test_a_hit_is_written(listener: Listener) -> None:
    source = listener.folder / "content"
    source.write_bytes(b"\0content" * 20_000)
    put = [Put(How.TEXT, "a b.d", str(source)), Put(How.PROGRAM, "p", str(source)), Put(How.REPLACED, "o", str(source))]
    (listener.folder / "a b.d").write_text("longer" * 50_000)
    messages = listener.folder / "messages"
    messages.write_text("said\n")
    done = listener.call("x", answer=protocol.framed(protocol.hit(str(messages), put)))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"said\n")
    for name, mode in (("a b.d", 0o644), ("p", 0o755), ("o", 0o644)):
        path = listener.folder / name
        assert path.read_bytes() == source.read_bytes()
        assert path.stat().st_mode & 0o777 == mode & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_no_server(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, Path("/" + "x" * 200)):
        done = subprocess.run(
            [tools() / "shim", path, "=/chain", "/bin/sh", "-c", "echo $BASH_ENV; exit 4"],
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (4, b"/chain\n")
    for words in ((), ("a",), ("a", "b"), ("--end",)):
        done = subprocess.run([tools() / "shim", *words], capture_output=True, check=False)
        assert done.returncode == 2
    assert subprocess.run([tools() / "shim", "--end", "/none"], capture_output=True, check=False).returncode == 1


def test_which_programs_are_wrappers(tmp_path: Path) -> None:
    (tmp_path / "gcc").symlink_to(f"{tools()}/wrapper/bin/gcc")
    found = {path: subprocess.run([tools() / "shim", "--is-wrapper", path], check=False).returncode
             for path in (f"{tools()}/wrapper/bin/gcc", str(tmp_path / "gcc"), "/bin/sh", "/none", "/")}  # fmt: skip
    assert list(found.values()) == [0, 0, 1, 1, 1]
    assert stock()["PATH"].startswith(str(tools()))
