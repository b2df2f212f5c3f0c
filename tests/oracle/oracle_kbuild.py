"""The oracle for kbuild trees: busybox or Linux, edited at random, built by itself and with the shim, compared.

dev/oracle-kbuild runs it over a source tree. It is oracle.py's, with another way to configure and other edits.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import oracle
import oracle_reach
from oracle_kbuild_edits import EDITS, Edit
from oracle_tree import Node, State, clear, read, write
from shimmed import stock

_GENERATING = re.compile(r"^//(?:applet|usage|kbuild|config):.*$", re.MULTILINE)
"""Lines of which busybox generates headers and rules."""
_NO_SOURCE = re.compile(r"^(?:docs|Documentation|examples)/")


class Kbuild(oracle.Oracle):
    """Builds states of one tree in one folder. Configuring is `make oldconfig`, as nixpkgs' busybox has it."""

    apart = False
    """Whether it is built in a folder of its own."""
    prepared = False
    """Whether `make prepare` is a part of configuring."""

    def configure(self, state: State, prefix: str) -> dict[str, str]:
        """Write the tree and configure it; returns the environment of the build."""
        clear(self.top)
        source = self.top / "source"
        source.mkdir()
        write(state, source, random.Random(1))
        environment = stock(
            {name: value for name, value in os.environ.items() if not name.startswith(("CFLAGS", "PYTHON", "MAKE"))}
        )
        environment |= {"SOURCE_DATE_EPOCH": str(state.epoch), "LC_ALL": "C.UTF-8", "out": prefix, **state.environment}
        environment |= {"KBUILD_BUILD_TIMESTAMP": f"@{state.epoch}", "KBUILD_BUILD_USER": "u", "KBUILD_BUILD_HOST": "h"}
        if self.apart:
            self.work.mkdir()
            (source / ".config").rename(self.work / ".config")
            environment["buildRoot"] = str(self.work)
            self.extra = (*(word for word in self.extra if word[:2] != "O="), "O=$(buildRoot)")
        self._make(["oldconfig"], environment, source)
        if self.prepared:
            self._make(["prepare"], environment, source)
        return environment

    @property
    def work(self) -> Path:
        """The working directory of the build."""
        return self.top / "source" / "build" if self.apart else self.top / "source"

    def build(self, environment: dict[str, str]) -> bool:
        """Run make."""
        return self._make(["-j2"], environment, self.work)

    def _make(self, arguments: list[str], environment: dict[str, str], work: Path) -> bool:
        run = subprocess.run(
            ["make", *arguments, *self.extra], cwd=work, env=environment, capture_output=True, text=True,
            errors="replace", check=False, input="\n" * 2000,
        )  # fmt: skip
        self.log = run.stdout + run.stderr
        return run.returncode == 0

    def untouched(self, before: State, after: State, candidates: list[str]) -> list[str]:
        """Those of the candidates that no edit could reach; headers that the build generates may come from anything."""
        if (before.epoch, before.environment) != (after.epoch, after.environment):
            return []
        for path in before.tree.keys() | after.tree.keys():
            old, new = before.tree.get(path), after.tree.get(path)
            if old == new or _NO_SOURCE.match(path):
                continue
            harmless = path.endswith((".c", ".h")) and not path.startswith(("scripts/", "tools/"))
            if not harmless or _generating(old) != _generating(new):
                return []
        return oracle_reach.untouched(before, after, "kbuild", candidates)


def _generating(node: Node | None) -> list[str]:
    return _GENERATING.findall((node.data or b"").decode(errors="replace")) if node else []


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
    ways: oracle.Ways | None = None,
    notes: list[dict[str, Any]] | None = None,
) -> Counter[str]:
    """Run this many cases, each an edit or two more; raises AssertionError for the first that differs."""
    state = State(read(source))
    state.put(".config", config)
    maker = type("Kbuild", (Kbuild,), {"apart": apart, "prepared": prepared})
    return oracle.run(
        "kbuild",
        cases,
        seed,
        state,
        say=say,
        kinds=tuple(kinds),
        flags=tuple(arguments),
        maker=maker,
        ways=ways,
        notes=notes,
    )
