"""objcache without Nix: a tree is recorded, its actions are built by the real builder, and it is replayed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shimmed import OUTPUT, PYTHON, ROOT, splitphase, stock, tools

BUILDER = ROOT / "lib/hooks/action-builder.sh"
ENVIRONMENT_TEXT = ROOT / "lib/hooks/intercept.bash"
PATIENCE = 180
MAKE = ("make",)
Contents = dict[str, tuple[int, bytes]]
Process = subprocess.Popen[str]


@dataclass
class Replayed:
    """What came of a replayed build."""

    status: int
    said: str
    summary: str
    notes: list[dict[str, str]]
    log: str
    contents: Contents

    def named(self, outcome: str) -> list[str]:
        """The sources and outputs of the calls with this outcome, sorted."""
        return sorted(note["source"] for note in self.notes if note["outcome"] == outcome)

    def reason(self, name: str) -> str:
        """Why a call was not taken."""
        return next(note["reason"] for note in self.notes if note["source"] == name and "taken" not in note["outcome"])

    def reasons(self) -> dict[str, str]:
        """Why, of each that was not."""
        return {note["source"]: note["reason"] for note in self.notes if "taken" not in note["outcome"]}


@dataclass
class Build:
    """A package. All its builds run in `top`, one after the other, as all of them run in /build under Nix."""

    folder: Path
    command: tuple[str, ...] = MAKE
    environment: Mapping[str, str] = field(default_factory=dict)
    output: str = OUTPUT
    jobs: int = 2

    def __post_init__(self) -> None:
        self.top = self.folder / "build"
        self.kept = self.folder / "kept"
        """The tree as it is before buildPhase."""
        self.kept.mkdir(exist_ok=True)
        self.manifest: dict[str, Any] = {}
        self.outputs: list[Path] = []

    @property
    def work(self) -> Path:
        """The working directory of the build."""
        return self.top / "source"

    def write(self, files: Mapping[str, str]) -> None:
        """Change the package's tree."""
        for name, text in files.items():
            path = self.kept / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode(errors="surrogateescape"))

    def program(self, name: str, text: str) -> dict[str, str]:
        """Put a wrapper of a compiler of our own first on PATH; returns the environment for that."""
        folder = self.folder / "wrapper"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "nix-support").mkdir(exist_ok=True)
        (folder / "nix-support/orig-cc").write_text("/usr\n")
        (folder / "bin" / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / "bin" / name).chmod(0o755)
        return {"PATH": f"{folder}/bin:{stock()['PATH']}"}

    def stock(self) -> Contents:
        """What the build makes without us."""
        self._fresh()
        done = self._run(stock())
        assert done.returncode == 0, done.stdout
        return self.contents()

    def contents(self) -> Contents:
        """All that is in the tree."""
        return {
            str(path.relative_to(self.top)): (
                path.lstat().st_mode,
                os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b"",
            )
            for path in sorted(self.top.rglob("*"))
        }

    def record(
        self, options: Iterable[str] = (), *, while_it_runs: Callable[[Process], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the build with stubs; what was recorded is in `manifest`."""
        self._fresh()
        scratch, results = self._scratch(), self.folder / "recorded"
        shutil.rmtree(results, ignore_errors=True)
        words = ["--top", self.top, "--output", f"out={self.output}", "--scratch", scratch, "--jobs", str(self.jobs)]
        words += ["--shim", tools() / "shim"]
        for name in ("manifest", "known", "packs"):
            words += [f"--{name}", results / name]
        started = splitphase("record", *map(str, words), *options)
        assert started.returncode == 0, started.stderr
        self.recorded_in = scratch
        done = self._run(stock() | {"BASH_ENV": str(scratch / "env"), "MAKEFLAGS": "k"}, while_it_runs)
        self.recorded_tree = self.contents()
        ended = self._end(scratch)
        self.record_log = (scratch / "log").read_text()
        assert ended.returncode == 0, self.record_log
        shutil.rmtree(scratch)
        self.manifest = json.loads((results / "manifest/manifest.json").read_text())
        return done

    def build(self) -> None:
        """Build every action from its pack, as its derivation does."""
        shutil.rmtree(self.folder / "store", ignore_errors=True)
        self.outputs = []
        for number, action in enumerate(self.manifest["actions"]):
            self.outputs.append(self.folder / "store" / f"{number}-{action['name']}")
            self.build_action(number)

    def build_action(self, number: int) -> str:
        """One of them; returns its log."""
        action = self.manifest["actions"][number]
        shutil.rmtree(self.top, ignore_errors=True)
        self.top.mkdir()
        out = self.outputs[number]
        shutil.rmtree(out, ignore_errors=True)
        out.parent.mkdir(exist_ok=True)
        environment = {
            "name": action["name"],
            "kind": action["kind"],
            "PATH": os.environ["PATH"],
            "pack": str(self.folder / "recorded/packs" / action["pack"]),
            "store": " ".join(action["store"]),
            "out": str(out),
            "HOME": "/homeless-shelter",
            "NIX_STORE": "/nix/store",
            "NIX_BUILD_TOP": str(self.top),
            "TMPDIR": str(self.top),
        }
        if action["inputs"]:
            path = self.folder / "inputs"
            path.write_text("".join(f"{self.outputs[one]}\n" for one in action["inputs"]))
            environment["inputsPath"] = str(path)
        if action["proof"]:
            environment["helper"] = str(helper())
        done = subprocess.run(
            ["bash", BUILDER], cwd=self.top, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def replay(self, options: Iterable[str] = (), environment: Mapping[str, str] | None = None) -> Replayed:
        """Run the build for real, and take the results of the actions."""
        self._fresh()
        scratch = self._scratch()
        artifacts = self.folder / "artifacts"
        artifacts.write_text("".join(f"{output}\n" for output in self.outputs))
        words = ["--top", self.top, "--output", f"out={self.output}", "--scratch", scratch, "--jobs", str(self.jobs)]
        words += ["--package", "p", "--system", "s", "--artifacts", artifacts]
        words += ["--known", self.folder / "recorded/known/actions.json"]
        started = splitphase("serve", *map(str, words), *options)
        assert started.returncode == 0, started.stderr
        done = self._run(stock() | {"BASH_ENV": str(scratch / "env"), **(environment or {})})
        contents = self.contents()
        ended = self._end(scratch)
        notes = [
            json.loads(line) for path in sorted(scratch.glob("notes-*.jsonl")) for line in path.read_text().splitlines()
        ]
        log = (scratch / "log").read_text()
        shutil.rmtree(scratch)
        return Replayed(done.returncode, done.stdout, ended.stdout, notes, log, contents)

    def whole(self) -> Replayed:
        """Record, build and replay."""
        self.record()
        self.build()
        return self.replay()

    def _fresh(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)
        shutil.copytree(self.kept, self.top / "source", symlinks=True)

    def _scratch(self) -> Path:
        # A name of always: it stands in the environment.
        scratch = self.folder / "served"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        text = ENVIRONMENT_TEXT.read_text()
        for place, value in (("@shim@", tools() / "shim"), ("@socket@", scratch / "socket"), ("@chain@", "-")):
            text = text.replace(place, shlex.quote(str(value)))
        (scratch / "env").write_text(text)
        return scratch

    def _run(
        self, environment: Mapping[str, str], while_it_runs: Callable[[Process], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            **environment,
            "LC_ALL": "C.UTF-8",
            "out": self.output,
            "NIX_BUILD_TOP": str(self.top),
            **self.environment,
        }
        process = subprocess.Popen(
            self.command, cwd=self.work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        if while_it_runs is not None:
            while_it_runs(process)
        said, _ = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(self.command, process.returncode, said, "")

    def _end(self, scratch: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tools() / "shim", "--end", scratch / "socket"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


def helper() -> Path:
    path = tools() / "helper"
    if not path.exists():
        path.write_text(f'#!/bin/sh\nPYTHONPATH={PYTHON} exec {sys.executable} -S -m splitphase "$@"\n')
        path.chmod(0o755)
    return path


def new_folder() -> Path:
    """A folder with a short path: sockets have no room for a long one."""
    return Path(os.path.realpath(tempfile.mkdtemp(prefix="sp-obj-")))
