"""The oracle: a checkpointed build equals the clean one, byte for byte, whatever was edited.

Both builds are made in the same folder one after the other, with the same output paths, so their files are compared
as they are. The helper and the build tools are the real ones; Nix is left out, which checks/checkpoint.nix is for.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from oracle_edits import GENERATED, Edit, edit
from oracle_project import build_files, project
from oracle_tree import State, clear, write

PYTHON = Path(__file__).resolve().parents[2] / "python"
_BASE32 = "0123456789abcdfghijklmnpqrsvwxyz"
_BOOKKEEPING = re.compile(
    r"(?:^|/)(?:\.ninja_log|\.ninja_deps|config\.log|meson-(?:logs|private|info)|CMakeFiles/CMake\w*\.log"
    r"|CMakeFiles/CMakeConfigureLog\.yaml|Progress|autom4te\.cache)(?:/|$)"
    r"|\.(?:d|Po|Plo)$|compiler_depend\.|/progress\.make$|/depend\.internal$|CMakeCache\.txt$"
)
"""What build tools remember: it differs between two clean builds as well, or says how a build was made."""


@dataclass
class Outcome:
    """One case."""

    edits: list[str]
    kept: int = 0
    anew: str = ""
    failed: bool = False
    restarted: bool = False
    differences: list[str] = field(default_factory=list)


class Oracle:
    """Builds states of one project with one tool, in one folder."""

    def __init__(self, tool: str, folder: Path, chance: random.Random, extra: tuple[str, ...] = ()) -> None:
        self.tool = tool
        self.folder = folder
        self.chance = chance
        self.extra = extra
        self.top = folder / "build"
        self.top.mkdir(parents=True)
        self.source = self.top / "source"
        self.prepared: dict[str, Path] = {}
        self.log = ""

    def configure(self, state: State, prefix: str) -> dict[str, str]:
        """Write the tree and configure it; returns the environment of the build."""
        clear(self.top)
        self.source = self.top / state.folder
        source = self.source
        source.mkdir()
        write(state, source, random.Random(prefix))
        if self.tool == "autotools" and "configure" not in state.tree:
            self._autoreconf(source)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("CFLAGS", "PYTHON", "MAKE"))
        }
        environment |= {"SOURCE_DATE_EPOCH": str(state.epoch), "LC_ALL": "C.UTF-8", "out": prefix}
        work = self.work
        work.mkdir(exist_ok=True)
        flags = list(self.extra)
        if self.tool.startswith("cmake"):
            generator = "Ninja" if self.tool == "cmake-ninja" else "Unix Makefiles"
            command = ["cmake", "..", "-G", generator, f"-DCMAKE_INSTALL_PREFIX={prefix}", "-DCMAKE_BUILD_TYPE=Release"]
        elif self.tool == "meson":
            command = ["meson", "setup", "..", f"--prefix={prefix}", "--buildtype=plain"]
        elif self.tool == "autotools":
            command = ["./configure", f"--prefix={prefix}", "-q"]
        else:
            command = ["true"]
        self._run([*command, *flags], environment, work)
        return environment | state.environment

    @property
    def work(self) -> Path:
        """The working directory of the build."""
        return self.source if self.tool in ("autotools", "make") else self.source / "work"

    def _autoreconf(self, source: Path) -> None:
        """What a source archive holds already, made once for the same inputs; all of it one time, as there."""
        names = ("configure.ac", "Makefile.am")
        key = hashlib.sha256(b"".join((source / name).read_bytes() for name in names)).hexdigest()
        if key not in self.prepared:
            work = self.folder / f"autoreconf-{len(self.prepared)}"
            work.mkdir()
            for name in names:
                shutil.copy(source / name, work)
            (work / "src").mkdir()
            (work / "src/main.c").touch()
            subprocess.run(["autoreconf", "-i"], cwd=work, check=True, capture_output=True)
            shutil.rmtree(work / "autom4te.cache")
            shutil.rmtree(work / "src")
            self.prepared[key] = work
        shutil.copytree(self.prepared[key], source, dirs_exist_ok=True)
        for name in ("configure.ac", "Makefile.am", "aclocal.m4", "configure", "config.h.in", "Makefile.in"):
            os.utime(source / name, (200_000_000, 200_000_000))

    def build(self, environment: dict[str, str]) -> bool:
        """Run the build tool."""
        tool = "ninja" if self.tool in ("cmake-ninja", "meson") else "make"
        return self._run([tool, "-j2", *self.arguments()], environment, self.work)

    def arguments(self) -> list[str]:
        """Of make."""
        return ["prefix=fixed"] if self.tool == "make" else []

    def helper(self, command: str, prefix: str, environment: dict[str, str], *options: str) -> str:
        """Run one of splitphase's commands in the build."""
        tool = "ninja" if self.tool in ("cmake-ninja", "meson") else "make"
        run = subprocess.run(
            [sys.executable, "-S", "-m", "splitphase", command, "--top", str(self.top), "--output", f"out={prefix}",
             "--package", "oracle", "--system", "here", "--tool", tool,
             *(f"--make-argument={argument}" for argument in self.arguments()), *options],
            cwd=self.work, env=environment | {"PYTHONPATH": os.environ.get("ORACLE_PYTHON", str(PYTHON))},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if run.returncode:
            raise AssertionError(f"splitphase {command}: {run.stderr}\n{run.stdout}")
        return run.stdout

    def result(self) -> dict[str, str]:
        """Everything that a build left, less what its tool remembers."""
        found = {}
        for place, folders, names in os.walk(self.top):
            for name in sorted([*names, *folders]):
                path = Path(place, name)
                relative = str(path.relative_to(self.top))
                if _BOOKKEEPING.search(relative):
                    continue
                if path.is_symlink():
                    found[relative] = f"link {os.readlink(path)}"
                elif path.is_file():
                    found[relative] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
                else:
                    found[relative] = "folder"
        return found

    def _run(self, command: list[str], environment: dict[str, str], work: Path) -> bool:
        run = subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, errors="replace", check=False
        )
        self.log = run.stdout + run.stderr
        return run.returncode == 0

    def case(self, state: State, sources: list[Path], number: int) -> tuple[Outcome, Path]:
        """Build a state clean (which leaves a checkpoint of it) and from one of the checkpoints; compare."""
        prefix = "/nix/store/" + "".join(self.chance.choice(_BASE32) for _ in range(32)) + f"-oracle-{state.version}"
        own = self.folder / f"checkpoint-{number}"
        environment = self.configure(state, prefix)
        self.helper("observe", prefix, environment, "--checkpoint", str(own))
        outcome = Outcome([])
        outcome.failed = not self.build(environment)
        self.helper("checkpoint", prefix, environment, "--checkpoint", str(own))
        if not sources:
            if outcome.failed:
                raise AssertionError(f"the first build fails:\n{self.log}")
            return outcome, own
        clean = self.result()
        environment = self.configure(state, prefix)
        chain = self.chance.random() < 0.3
        if chain:
            shutil.rmtree(own)
            self.helper("observe", prefix, environment, "--checkpoint", str(own))
        options = ["--carry", str(own)] if chain else []
        source = str(self.chance.choice(sources[-3:]))
        said = self.helper("reuse", prefix, environment, "--checkpoint", source, *options)
        kept = re.search(r"(\d+) objects taken", said)
        outcome.kept = int(kept[1]) if kept else 0
        outcome.anew = "" if kept else said.strip().removeprefix("splitphase: built anew: ")
        if self.build(environment) == outcome.failed:
            outcome.differences.append(f"one of the two builds fails:\n{self.log[-2000:]}")
        if not outcome.failed:
            said = self.helper("confirm", prefix, environment, "--checkpoint", source)
            outcome.restarted = bool(said)
        if outcome.restarted:
            outcome.kept, outcome.anew = 0, said.strip()
            environment = self.configure(state, prefix)
            if chain:
                shutil.rmtree(own)
                self.helper("observe", prefix, environment, "--checkpoint", str(own))
            self.build(environment)
        made = self.result()
        if not outcome.failed:
            outcome.differences += sorted(
                f"{path}: clean {clean.get(path)}, checkpointed {made.get(path)}"
                for path in clean.keys() | made.keys()
                if clean.get(path) != made.get(path)
            )
        if chain:
            self.helper("checkpoint", prefix, environment, "--checkpoint", str(own))
        return outcome, own


def run(
    tool: str,
    cases: int,
    seed: int,
    start: State | None = None,
    *,
    say: Callable[[str], None] | None = None,
    kinds: tuple[Edit, ...] = GENERATED,
    flags: tuple[str, ...] = (),
    maker: type[Oracle] = Oracle,
) -> Counter[str]:
    """Run this many cases; raises AssertionError for the first that differs. Returns counts."""
    counts: Counter[str] = Counter()
    done = 0
    sequence = 0
    while done < cases:
        chance = random.Random(f"{seed} {tool} {sequence}")
        sequence += 1
        state = start.copy() if start else project(chance)
        with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
            oracle = maker(tool, Path(os.path.realpath(folder)), chance, flags)
            history: list[str] = []
            finish = build_files if start is None else lambda state, _tool: state
            checkpoints = [oracle.case(finish(state, tool), [], 0)[1]]
            for number in range(1, min(6, cases - done) + 1):
                before = state.copy()
                edits = edit(state, chance, kinds)
                history.append(" + ".join(edits))
                outcome, checkpoint = oracle.case(finish(state, tool), checkpoints, number)
                if say:
                    failed = ", both builds fail" if outcome.failed else ""
                    said = outcome.anew or f"{outcome.kept} kept"
                    say(f"{tool} {sequence - 1}.{number}: {history[-1]}: {said}{failed}")
                if outcome.differences:
                    raise AssertionError(
                        f"{tool}, seed {seed}, sequence {sequence - 1}: after {history}:\n"
                        + "\n".join(outcome.differences[:20])
                    )
                counts["cases"] += 1
                counts["objects kept"] += outcome.kept
                counts["nothing kept"] += not outcome.kept
                counts["started again"] += outcome.restarted
                counts["both builds fail"] += outcome.failed
                done += 1
                if outcome.failed:
                    state = before
                else:
                    checkpoints.append(checkpoint)
            clear(oracle.top)
    return counts
