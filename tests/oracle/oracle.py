"""The oracle: a build with the shim in front of its compilers equals the stock one, byte for byte, whatever was edited.

All builds of a state are made in the same folder one after the other, from one configured tree and with the same output
paths, so their files are compared as they are, except those in which two stock builds differ as well. The shim, the
server and the build tools are the real ones; Nix is left out, which checks/checkpoint.nix is for.
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
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "intercept"))
import oracle_reach
from oracle_edits import GENERATED, Edit, edit
from oracle_project import build_files, project
from oracle_tree import State, clear, write
from shimmed import PYTHON, Server, served, stock

__all__ = ["PYTHON", "Oracle", "Outcome", "run"]
_BASE32 = "0123456789abcdfghijklmnpqrsvwxyz"
_PATIENCE = 300
"""Seconds after which a build hangs."""
NAMED = (
    "it uses an output path, and not only as text",
    "an .incbin names its file in a way that only the assembler knows",
)
"""Reasons for which an object is not kept, and which are no fault."""


@dataclass(frozen=True)
class Ways:
    """How the builds that take results are disturbed; what a build keeps must come to its end."""

    chaos: str = ""
    """As `splitphase serve --chaos` takes it."""
    verify: bool = False
    kill: bool = False
    """Whether the server is killed at a random moment."""

    @property
    def whole(self) -> bool:
        """Whether everything that could be taken is."""
        return not self.kill and not re.search("refuse|die", self.chaos)


@dataclass
class Checkpoint:
    """What a build kept."""

    folder: Path
    state: State
    dropped: dict[str, str] = field(default_factory=dict)
    """Sources that were compiled and not kept, and why."""


@dataclass
class Outcome:
    """One case."""

    taken: list[str] = field(default_factory=list)
    """Sources of the objects that were taken."""
    untouched: list[str] = field(default_factory=list)
    """Sources that no edit could reach."""
    left: dict[str, str] = field(default_factory=dict)
    """Sources whose compile is left to the compiler, and why."""
    failed: bool = False
    differences: list[str] = field(default_factory=list)

    def expect_taken(self, reasons: Mapping[str, str]) -> None:
        """What no edit could reach is to be taken; `reasons` say of sources why they are not."""
        for path in sorted({*self.untouched} - {*self.taken}):
            if reasons.get(path) not in NAMED:
                why = reasons.get(path, "no call")
                self.differences.append(f"{path}: no edit could reach it, and it was not taken: {why}")


@dataclass(frozen=True)
class Built:
    """A build with the shim."""

    failed: bool
    result: dict[str, str]
    taken: list[str]
    ran: list[str]
    left: dict[str, str]
    log: str


@dataclass(frozen=True)
class Stock:
    """What two builds without us make."""

    prefix: str
    """The output's path."""
    environment: dict[str, str]
    failed: bool
    log: str
    result: dict[str, str]
    unsure: set[str]
    """Files in which the two differ."""

    def differences(self, result: dict[str, str], log: str, *, failed: bool) -> list[str]:
        """What differs from another build."""
        if failed != self.failed:
            return [f"one of the two builds fails:\n{self.log[-2000:]}\n{log[-2000:]}"]
        if failed:
            return []
        return sorted(
            f"{path}: clean {self.result.get(path)}, with the shim {result.get(path)}"
            for path in self.result.keys() | result.keys()
            if path not in self.unsure and self.result.get(path) != result.get(path)
        )


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
        self.generated = True
        """Whether the project is one of ours."""
        self.ways = Ways()
        self.unsure: set[str] = set()
        """Files in which stock builds differed."""
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
        environment = stock(
            {name: value for name, value in os.environ.items() if not name.startswith(("CFLAGS", "PYTHON", "MAKE"))}
        )
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

    @property
    def command(self) -> list[str]:
        """The build tool and its arguments."""
        tool = "ninja" if self.tool in ("cmake-ninja", "meson") else "make"
        return [tool, "-j2", *(["prefix=fixed"] if self.tool == "make" else [])]

    def build(self, environment: dict[str, str]) -> bool:
        """Run the build tool."""
        return self._run(self.command, environment, self.work)

    def shimmed(
        self, environment: dict[str, str], prefix: str, take: Path | None, keep: Path | None
    ) -> tuple[Built, Server]:
        """Build with the shim in front of the compilers."""
        disturbed = self.ways if keep is None else Ways(verify=self.ways.verify)
        options = ["--chaos", disturbed.chaos] if disturbed.chaos else []
        options += ["--verify"] if disturbed.verify and take else []
        with served(self.top, take=take, keep=keep, output=prefix, package="oracle", options=tuple(options)) as server:
            killer = threading.Timer(self.chance.uniform(0, 1.5), server.kill)
            if disturbed.kill:
                killer.start()
            failed = not self.build(server.environment(environment))
            killer.cancel()
            log = self.log
            try:
                said = server.end()
            except subprocess.CalledProcessError as error:
                if not disturbed.kill and "die" not in disturbed.chaos:
                    raise AssertionError(f"the server ended before the build: {server.log()}") from error
                said = ""
            if disturbed.whole and server.log():
                raise AssertionError(f"the server complains: {server.log()}")
            taken = server.sources("taken")
            if take and said and f"{len(taken)} objects taken" not in said:
                raise AssertionError(f"{len(taken)} objects were taken, and the server says: {said}")
            left = {note["source"]: note["reason"] for note in server.notes() if note["outcome"] == "left"}
            return Built(failed, self.result(), taken, server.sources("ran"), left, log), server

    def result(self) -> dict[str, str]:
        """Everything that a build left."""
        found = {}
        for place, folders, names in os.walk(self.top):
            for name in sorted([*names, *folders]):
                path = Path(place, name)
                relative = str(path.relative_to(self.top))
                if path.is_symlink():
                    found[relative] = f"link {os.readlink(path)}"
                elif path.is_file():
                    found[relative] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
                else:
                    found[relative] = f"folder {path.stat().st_mode:o}"
        return found

    def _run(self, command: list[str], environment: dict[str, str], work: Path) -> bool:
        try:
            run = subprocess.run(
                command, cwd=work, env=environment, capture_output=True, text=True, errors="replace", check=False,
                stdin=subprocess.DEVNULL, timeout=_PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{command[0]} hangs") from error
        self.log = run.stdout + run.stderr
        return run.returncode == 0

    def again(self) -> None:
        """The configured tree as it was."""
        clear(self.top)
        subprocess.run(["cp", "-a", f"{self.folder}/configured/.", self.top], check=True)

    def candidates(self, state: State, sources: Iterable[str]) -> list[str]:
        """All sources that were compiled (`sources`), or should have been."""
        if self.generated:
            return oracle_reach.compiled(state, self.tool)
        return sorted({source for source in sources if source in state.tree})

    def untouched(self, before: State, after: State, candidates: list[str]) -> list[str]:
        """Those that no edit between the states could reach."""
        return oracle_reach.untouched(before, after, self.tool, candidates)

    def stock(self, state: State, *, may_fail: bool) -> Stock:
        """Build a state by itself, twice."""
        prefix = "/nix/store/" + "".join(self.chance.choice(_BASE32) for _ in range(32)) + f"-oracle-{state.version}"
        environment = self.configure(state, prefix)
        shutil.rmtree(self.folder / "configured", ignore_errors=True)
        subprocess.run(["cp", "-a", self.top, self.folder / "configured"], check=True)
        failed = not self.build(environment)
        log, clean = self.log, self.result()
        if failed and not may_fail:
            raise AssertionError(f"the first build fails:\n{log}")
        self.again()
        self.build(environment)
        again = self.result()
        unsure = {path for path in clean.keys() | again.keys() if clean.get(path) != again.get(path)}
        self.unsure |= unsure
        return Stock(prefix, environment, failed, log, clean, unsure)

    def case(self, state: State, sources: list[Checkpoint], number: int) -> tuple[Outcome, Checkpoint]:
        """Build a state by itself, in keep mode, and from one of the checkpoints; compare."""
        source = self.chance.choice(sources[-3:]) if sources else None
        own = Checkpoint(self.folder / f"checkpoint-{number}", state.copy())
        clean = self.stock(state, may_fail=source is not None)
        outcome = Outcome(failed=clean.failed)
        # A chain takes and keeps in one build.
        chain = source is not None and self.ways.whole and self.chance.random() < 0.3
        for take, keep in ((source if chain else None, own), *(((source, None),) if source and not chain else ())):
            self.again()
            built, _ = self.shimmed(clean.environment, clean.prefix, take and take.folder, keep and keep.folder)
            outcome.differences += clean.differences(built.result, built.log, failed=built.failed)
            if keep:
                keep.dropped = built.left
            if take:
                outcome.taken, outcome.left = built.taken, built.left
                compiled = self.candidates(state, (*built.ran, *built.taken, *built.left))
                outcome.untouched = self.untouched(take.state, state, compiled)
        if self.ways.whole and not outcome.failed and source:
            outcome.expect_taken(source.dropped | outcome.left)
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
    ways: Ways | None = None,
    notes: list[dict[str, Any]] | None = None,
) -> Counter[str]:
    """Run this many cases; raises AssertionError for the first that differs. Returns counts.

    `notes` gets an entry for each case, as `dev/oracle --json` writes it.
    """
    counts: Counter[str] = Counter()
    done = 0
    sequence = 0
    while done < cases:
        chance = random.Random(f"{seed} {tool} {sequence}")
        sequence += 1
        state = start.copy() if start else project(chance)
        with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
            oracle = maker(tool, Path(os.path.realpath(folder)), chance, flags)
            oracle.ways, oracle.generated = ways or Ways(), start is None
            history: list[str] = []
            finish = build_files if start is None else lambda state, _tool: state
            checkpoints = [oracle.case(finish(state, tool), [], 0)[1]]
            for number in range(1, min(6, cases - done) + 1):
                before = state.copy()
                edits = edit(state, chance, kinds)
                history.append(" + ".join(edits))
                outcome, checkpoint = oracle.case(finish(state, tool), checkpoints, number)
                if notes is not None:
                    taken, untouched = len(outcome.taken), len(outcome.untouched)
                    equal = not outcome.differences
                    notes.append({"tool": tool, "equal": equal, "taken": taken, "untouched": untouched})
                if say:
                    say(f"{tool} {sequence - 1}.{number}: {history[-1]}: {_said(outcome)}")
                if outcome.differences:
                    raise AssertionError(
                        f"{tool}, seed {seed}, sequence {sequence - 1}: after {history}:\n"
                        + "\n".join(outcome.differences[:20])
                    )
                counts["cases"] += 1
                counts["objects taken"] += len(outcome.taken)
                counts["sources untouched"] += len(outcome.untouched)
                counts["nothing taken"] += not outcome.taken
                counts["both builds fail"] += outcome.failed
                done += 1
                if outcome.failed:
                    state = before
                else:
                    checkpoints.append(checkpoint)
            if say:
                say(f"{tool} {sequence - 1}: not compared, for stock builds differ in it: {sorted(oracle.unsure)}")
            clear(oracle.top)
    return counts


def _said(outcome: Outcome) -> str:
    failed = ", both builds fail" if outcome.failed else ""
    left = "".join(f", {path}: {reason}" for path, reason in sorted(outcome.left.items()))
    return f"{len(outcome.taken)} taken, {len(outcome.untouched)} untouched{left}{failed}"
