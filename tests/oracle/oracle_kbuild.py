"""The oracle for kbuild trees: busybox or Linux, edited at random, built clean and from a checkpoint, compared.

dev/oracle-kbuild runs it over a source tree. As in oracle.py both builds are made in the same folder.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oracle_kbuild_edits import EDITS, Edit
from oracle_tree import State, clear, read, write

PYTHON = Path(__file__).resolve().parents[2] / "python"
_HASH = "7rjqb1l2v0xk9m4z5dcf3wn8hspgiay6"
_BOOKKEEPING = re.compile(r"(?:^|/)\.[^/]*\.cmd$|\.(?:d|tmp)$|^source/\.config\.old$")
"""Differs between two clean builds as well (the order of a parallel make), or says how a build was made."""


@dataclass
class Outcome:
    """One case."""

    edits: list[str]
    kept: int = 0
    anew: str = ""
    failed: bool = False
    differences: list[str] = field(default_factory=list)


class Kbuild:
    """Builds states of one tree in one folder. Configuring is `make oldconfig`, as nixpkgs' busybox has it."""

    def __init__(self, folder: Path, *, apart: bool, prepared: bool, arguments: Sequence[str] = ()) -> None:
        self.folder = folder
        self.top = folder / "build"
        self.top.mkdir(parents=True)
        self.apart = apart
        self.prepared = prepared
        self.arguments = list(arguments)
        self.log = ""

    @property
    def work(self) -> Path:
        """The working directory of the build."""
        return self.top / "source" / "build" if self.apart else self.top / "source"

    def configure(self, state: State) -> dict[str, str]:
        """Write the tree and configure it; returns the environment of the build."""
        clear(self.top)
        source = self.top / "source"
        source.mkdir()
        write(state, source, random.Random(1))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("CFLAGS", "PYTHON", "MAKE"))
        }
        environment |= {"SOURCE_DATE_EPOCH": str(state.epoch), "LC_ALL": "C.UTF-8", **state.environment}
        environment |= {"KBUILD_BUILD_TIMESTAMP": f"@{state.epoch}", "KBUILD_BUILD_USER": "u", "KBUILD_BUILD_HOST": "h"}
        if self.apart:
            self.work.mkdir()
            (source / ".config").rename(self.work / ".config")
            environment["buildRoot"] = str(self.work)
            self.arguments = [*(word for word in self.arguments if word[:2] != "O="), "O=$(buildRoot)"]
        self._make(["oldconfig"], environment, source)
        if self.prepared:
            self._make(["prepare"], environment, source)
        return environment

    def build(self, environment: dict[str, str]) -> bool:
        """Run make."""
        return self._make(["-j2"], environment, self.work)

    def _make(self, arguments: list[str], environment: dict[str, str], work: Path) -> bool:
        run = subprocess.run(
            ["make", *arguments, *self.arguments], cwd=work, env=environment, capture_output=True, text=True,
            errors="replace", check=False, input="\n" * 2000,
        )  # fmt: skip
        self.log = run.stdout + run.stderr
        return run.returncode == 0

    def helper(self, command: str, environment: dict[str, str], *options: str) -> str:
        """Run one of splitphase's commands in the build."""
        run = subprocess.run(
            [sys.executable, "-S", "-m", "splitphase", command, "--top", str(self.top),
             "--output", f"out=/nix/store/{_HASH}-oracle",
             "--package", "oracle", "--system", "here", "--tool", "make",
             *(f"--make-argument={argument}" for argument in self.arguments), *options],
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
        return found

    def case(self, state: State, source: Path | None, own: Path) -> Outcome:
        """Build a state clean (which leaves a checkpoint of it) and from the checkpoint `source`; compare."""
        environment = self.configure(state)
        said = self.helper("observe", environment, "--checkpoint", str(own))
        outcome = Outcome([])
        outcome.failed = not self.build(environment)
        failure = self.log
        said = self.helper("checkpoint", environment, "--checkpoint", str(own))
        if source is None:
            if outcome.failed:
                raise AssertionError(f"the first build fails:\n{failure[-3000:]}")
            outcome.anew = said
            return outcome
        clean = self.result()
        environment = self.configure(state)
        said = self.helper("reuse", environment, "--checkpoint", str(source))
        kept = re.search(r"(\d+) objects taken", said)
        outcome.kept = int(kept[1]) if kept else 0
        reasons = re.findall(r"splitphase: built anew: (.*)", said)
        outcome.anew = "; ".join(reasons)
        if self.build(environment) == outcome.failed:
            outcome.differences.append(f"one of the two builds fails:\n{failure[-1500:]}\n{self.log[-1500:]}")
        if not outcome.failed:
            again = self.helper("confirm", environment, "--checkpoint", str(source)).strip()
            if again:
                outcome.kept, outcome.anew = 0, f"restarted: {again}"
                self.build(self.configure(state))
        made = self.result()
        if not outcome.failed:
            outcome.differences += sorted(
                f"{path}: clean {clean.get(path)}, checkpointed {made.get(path)}"
                for path in clean.keys() | made.keys()
                if clean.get(path) != made.get(path)
            )
        return outcome


def run(
    source: Path,
    cases: int,
    seed: int,
    *,
    config: str,
    apart: bool = False,
    prepared: bool = False,
    kinds: Sequence[Edit] = EDITS,
    say: Callable[[str], None] | None = None,
    arguments: Sequence[str] = (),
) -> Counter[str]:
    """Run this many cases, each an edit or two more; raises AssertionError for the first that differs."""
    chance = random.Random(f"kbuild {seed}")
    counts: Counter[str] = Counter()
    state = State(read(source))
    state.put(".config", config)
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        kbuild = Kbuild(Path(os.path.realpath(folder)), apart=apart, prepared=prepared, arguments=arguments)
        checkpoints = [Path(folder, "checkpoint-0")]
        first = kbuild.case(state, None, checkpoints[0])
        if say:
            say(first.anew.strip())
        history: list[str] = []
        for number in range(1, cases + 1):
            before = state.copy()
            made = [chance.choice(list(kinds))(state, chance) for _ in range(chance.choice((1, 1, 1, 2)))]
            history.append(" + ".join(made))
            own = Path(folder, f"checkpoint-{number}")
            outcome = kbuild.case(state, chance.choice(checkpoints[-2:]), own)
            if say:
                say(f"{number}: {history[-1]}: {outcome.kept} kept; {outcome.anew}{' FAILED' * outcome.failed}")
            if outcome.differences:
                raise AssertionError(f"seed {seed}: after {history}:\n" + "\n".join(outcome.differences[:20]))
            counts["cases"] += 1
            counts["objects kept"] += outcome.kept
            counts["nothing kept"] += not outcome.kept
            counts["both builds fail"] += outcome.failed
            if outcome.failed:
                state = before
                shutil.rmtree(own, ignore_errors=True)
            else:
                checkpoints.append(own)
        clear(kbuild.top)
    return counts
