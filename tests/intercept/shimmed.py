"""A build under the real shim and server, without Nix: what lib/hooks/intercept.sh does, for tests and oracles."""

from __future__ import annotations

import atexit
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "python"
COMPILERS = ("gcc", "g++", "cc", "c++", "clang", "clang++")
FIXED = ("/nix/store/", "/usr/", "/lib/", "/lib64/")
OUTPUT = "/nix/store/7rjqb1l2v0xk9m4z5dcf3wn8hspgiay6-package"


@cache
def tools() -> Path:
    """A folder, for as long as this process lives, with the shim and wrappers as nixpkgs has them."""
    folder = Path(tempfile.mkdtemp(prefix="sp-tools-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = PYTHON / "splitphase/intercept/shim/shim.c"
    subprocess.run(["gcc", "-std=c11", "-O2", "-static", "-o", folder / "shim", source], check=True)
    wrapper = folder / "wrapper"
    (wrapper / "bin").mkdir(parents=True)
    (wrapper / "nix-support").mkdir()
    (wrapper / "nix-support/orig-cc").write_text("/usr\n")
    for name in COMPILERS:
        if behind := shutil.which(name):
            (wrapper / "bin" / name).write_text(f'#!/bin/bash\nexec {behind} "$@"\n')
            (wrapper / "bin" / name).chmod(0o755)
    folder.chmod(0o755)
    return folder


def stock(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which the compilers are the wrappers, and nothing is intercepted."""
    base = dict(os.environ if environment is None else environment)
    base.pop("BASH_ENV", None)
    return base | {"PATH": f"{tools()}/wrapper/bin:{base.get('PATH', '')}"}


def splitphase(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the helper."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "splitphase", *words], cwd="/", capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.environ.get("ORACLE_PYTHON", str(PYTHON))},
    )  # fmt: skip


@dataclass
class Server:
    """The server of one build; `start` it, build in `environment`, `end` it."""

    top: Path
    take: Path | None = None
    keep: Path | None = None
    jobs: int = 2
    output: str = OUTPUT
    package: str = "package"
    system: str = "here"
    options: tuple[str, ...] = ()
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sp-")))

    @property
    def socket(self) -> str:
        return str(self.scratch / "socket")

    def start(self) -> subprocess.CompletedProcess[str]:
        """Start it, and write what BASH_ENV is to name."""
        words = ["--top", str(self.top), "--output", f"out={self.output}", "--scratch", str(self.scratch)]
        words += ["--jobs", str(self.jobs), "--package", self.package, "--system", self.system]
        for prefix in (*FIXED, f"{tools()}/"):
            words += ["--fixed", prefix]
        for name, checkpoint in (("--take", self.take), ("--keep", self.keep)):
            if checkpoint:
                words += [name, str(checkpoint)]
        return self.prepare(["serve", *words, *self.options])

    def prepare(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Start it by this command."""
        text = (ROOT / "lib/hooks/intercept.bash").read_text()
        for place, value in (("@shim@", f"{tools()}/shim"), ("@socket@", self.socket), ("@chain@", "-")):
            text = text.replace(place, shlex.quote(value))
        (self.scratch / "env").write_text(text)
        self.scratch.chmod(0o755)
        return splitphase(*command)

    def environment(self, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment in which compilers are intercepted."""
        return stock(environment) | {"BASH_ENV": str(self.scratch / "env")}

    def end(self) -> str:
        """Say that the build is over; returns what the server says. Raises CalledProcessError where there is none."""
        shim = str(tools() / "shim")
        return subprocess.run([shim, "--end", self.socket], check=True, capture_output=True, text=True).stdout

    def notes(self) -> list[dict[str, str]]:
        """What the workers noted of each call; the last note of a call counts."""
        found: dict[str, dict[str, str]] = {}
        for path in sorted(self.scratch.glob("notes-*.jsonl")):
            for line in path.read_text().splitlines():
                with suppress(ValueError):  # of a worker that was killed
                    note = json.loads(line)
                    found[note["call"]] = note
        return list(found.values())

    def sources(self, outcome: str) -> list[str]:
        """The sources of the calls with this outcome."""
        return sorted(note["source"] for note in self.notes() if note["outcome"] == outcome)

    def log(self) -> str:
        """What it complained about."""
        path = self.scratch / "log"
        return path.read_text() if path.exists() else ""

    def processes(self) -> list[int]:
        """Its processes."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
                if {b"serve", b"record"} & set(words) and os.fsencode(self.scratch) in words:
                    found.append(int(entry.name))
        return found

    def kill(self) -> None:
        """End all its processes without a warning."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def served(top: Path, **options: object) -> Iterator[Server]:
    """A server that listens while the block runs; whoever wants to know what it says, ends it in there."""
    server = Server(top, **options)  # type: ignore[arg-type]
    started = server.start()
    assert started.returncode == 0, started.stderr
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.scratch, ignore_errors=True)


def entries(checkpoint: Path) -> list[dict[str, object]]:
    """What a checkpoint holds."""
    found: list[dict[str, object]] = json.loads((checkpoint / "index.json").read_text())["entries"]
    return found


def kept_sources(checkpoint: Path) -> list[str]:
    """Sources of the objects in a checkpoint, as their calls spell them."""
    return sorted(str(entry["source"]) for entry in entries(checkpoint))


def contents(folder: Path, without: Iterable[str] = ()) -> dict[str, tuple[int, bytes]]:
    """Modes and contents of the files below a folder."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in set(without)
    }
