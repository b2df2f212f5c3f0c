"""A small source tree under the real shim and server."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from shimmed import Server, served, stock

PATIENCE = 120


class Project:
    """`top` is the build's top folder, `source` the tree in it, `checkpoint` where results are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = folder / "build"
        self.source = self.top / "source"
        self.source.mkdir(parents=True)
        self.checkpoint = folder / "checkpoint"
        self.write("a.c", '#include "a.h"\nint a(void) { return A; }\n')
        self.write("a.h", "#define A 1\n")

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def keep(self, **options: object) -> AbstractContextManager[Server]:
        return served(self.top, keep=self.checkpoint, **options)

    def take(self, **options: object) -> AbstractContextManager[Server]:
        return served(self.top, take=self.checkpoint, **options)

    def run(self, command: str | list[str], server: Server | None = None, **options: object) -> tuple[int, bytes]:
        """Run a command; its status and all that it printed, in order."""
        environment = server.environment() if server else stock()
        done = subprocess.run(
            command.split() if isinstance(command, str) else command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, timeout=PATIENCE,
            **{"cwd": self.source, "env": environment | {"LC_ALL": "C.UTF-8"}, "stdin": subprocess.DEVNULL, **options},
        )  # fmt: skip
        return done.returncode, done.stdout

    def result(self, name: str = "a.o") -> bytes:
        """A file that a call wrote; it is gone afterwards."""
        data = (self.source / name).read_bytes()
        (self.source / name).unlink()
        return data

    def stock(self, command: str | list[str], name: str = "a.o", **options: object) -> tuple[tuple[int, bytes], bytes]:
        """What a command does without us."""
        return self.run(command, **options), self.result(name)

    def alike(self, command: str, *, taken: int | None = None, **options: object) -> None:
        """A command leaves the same tree, status and words in keep and in replay mode; so many objects are taken."""
        before = self.folder / "before"
        shutil.copytree(self.source, before, symlinks=True)
        known = self.run(command, **options), _tree(self.source)
        for mode in (self.keep, self.take):
            shutil.rmtree(self.source)
            shutil.copytree(before, self.source, symlinks=True)
            with mode() as server:
                assert (self.run(command, server, **options), _tree(self.source)) == known, mode
                server.end()
                assert server.log() == ""
                found = len(server.sources("taken"))
        assert taken is None or found == taken


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }
