"""The oracle for objcache: a build that is recorded, made from its actions and replayed equals the stock one.

Actions are kept from one state to the next, as Nix keeps derivations: by pack, store paths and what they are made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "objcache"))
from oracle import Checkpoint, Oracle, Outcome
from oracle_tree import State, clear
from recorded_build import Build

_NINJA = ("cmake-ninja", "meson")


class Recorded(Build):
    """A state of the oracle's project under objcache, in the oracle's folder."""

    def __init__(self, oracle: Oracle, environment: Mapping[str, str], prefix: str) -> None:
        self._oracle = oracle
        self._store = oracle.folder / "store"
        self.rebuilt: list[str] = []
        """Sources of the compiles that are not in the store."""
        folder = oracle.folder / "objcache"
        folder.mkdir(exist_ok=True)
        super().__init__(folder, oracle.command, environment, prefix)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.top = self._oracle.top

    @property
    def work(self) -> Path:
        return self._oracle.work

    def record_all(self) -> None:
        """Record; what fails does not stop the rest."""
        self.command = (*self._oracle.command, *(("-k0",) if self._oracle.tool in _NINJA else ("-k",)))
        self.record()
        self.command = self._oracle.command

    def build(self) -> None:
        keys: list[str] = []
        self.outputs = []
        for number, action in enumerate(self.manifest["actions"]):
            facts = [action[name] for name in ("name", "kind", "pack", "sha256", "store", "proof")]
            facts.append([keys[one] for one in action["inputs"]])
            keys.append(hashlib.sha256(json.dumps(facts).encode()).hexdigest())
            self.outputs.append(self._store / keys[-1])
            if not self.outputs[-1].exists():
                self.build_action(number)
                if action["kind"] == "compile":
                    self.rebuilt.append(action["source"])

    def _fresh(self) -> None:
        clear(self.top)
        subprocess.run(["cp", "-a", f"{self._oracle.folder}/configured/.", self.top], check=True)


class ObjcacheOracle(Oracle):
    """Builds each state by itself (twice), and through objcache."""

    def case(self, state: State, sources: list[Checkpoint], _number: int) -> tuple[Outcome, Checkpoint]:
        clean = self.stock(state, may_fail=bool(sources))
        recorded = Recorded(self, clean.environment, clean.prefix)
        recorded.record_all()
        recorded.build()
        replayed = recorded.replay()
        reasons = replayed.reasons()
        outcome = Outcome(replayed.named("taken"), [], reasons, clean.failed)
        outcome.differences = clean.differences(self.result(), replayed.said, failed=replayed.status != 0)
        # The folder's name is a part of what an action sees.
        if sources and sources[-1].state.folder == state.folder and not clean.failed:
            compiled = self.candidates(state, [*outcome.taken, *reasons])
            outcome.untouched = self.untouched(sources[-1].state, state, compiled)
            outcome.differences += [
                f"{path}: no edit could reach it, and its action was built again"
                for path in outcome.untouched
                if any(source.endswith(path) for source in recorded.rebuilt)
            ]
            outcome.expect_taken(reasons)
        return outcome, Checkpoint(Path(os.devnull), state.copy())
