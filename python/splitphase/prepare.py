"""Prepare: the steps at the cut, in their order. All before `escape` sees real hashes, all after it tokens."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from splitphase import buildtool, snapshot
from splitphase.contents import contents
from splitphase.environment import packages_own
from splitphase.errors import SplitphaseError
from splitphase.generate import Generation
from splitphase.graph import Graph
from splitphase.hashes.forms import split_path
from splitphase.manifest import StagedAction, StagedOutput, StagePlan, write_json, write_stage
from splitphase.ninja.log import log_version
from splitphase.pack import Pack, PackFile, PackWriter
from splitphase.paths import Tree
from splitphase.plan import Plan, Planner, Settings
from splitphase.rewrite import Rewriter
from splitphase.saved import escape_tree, take_outputs, write_state
from splitphase.script import action_script, proof_script
from splitphase.stage import ninja_version
from splitphase.steps import Kind
from splitphase.tokens import SEED_LENGTH, tokens


class Preparation:
    """One package at its cut."""

    def __init__(
        self,
        top: str,
        scratch: Path,
        outputs: dict[str, Path],
        build: buildtool.BuildDirectory,
        keep: Collection[str] = (),
    ) -> None:
        self.tree = Tree(os.path.normpath(top))
        self.build = build
        self._scratch = scratch
        self._outputs = outputs
        self._tokens = tokens(outputs)
        self._escape = Rewriter.escaping(outputs, keep=keep)
        self._graph: Graph
        self._built: dict[str, int] = {}
        self._packed: dict[int, PackFile] = {}
        self._proofs: set[int] = set()
        self._escaped: tuple[str, ...] = ()
        self.result: Plan

    def read(self, targets: list[str]) -> None:
        """Read what the build will run: these targets, or the default ones. Raises SplitphaseError."""
        self._graph = buildtool.asked_for(self.build, buildtool.read(self.build), targets)
        if self.build.tool == buildtool.NINJA:
            log_version(ninja_version())

    def generate(self, jobs: int) -> str:
        """Make what compiles need and the build itself generates; says why the package cannot be split, or nothing.

        Commands that run in every build run in the final part, too. If they change anything there, what compiles read
        is not what they read in the stock build.
        """
        generation = Generation(self._graph)
        buildtool.generate(self.build, generation, jobs)
        if not generation.repeats(lambda path: os.path.lexists(os.path.join(self._graph.directory, path))):
            return ""
        made = self._contents()
        try:
            buildtool.generate(self.build, generation, jobs)
        except SplitphaseError:
            return "commands that compiles wait for run in every build, and fail when they run twice"
        changed = sorted({path for path, _ in made ^ self._contents()})
        if not changed:
            return ""
        return f"commands that compiles wait for run in every build, and change {changed[0]} each time"

    def _contents(self) -> set[tuple[str, str]]:
        """All that there is, in the tree and in the outputs."""
        found = set(contents(Path(self.tree.top), self._scratch.name))
        for name, path in self._outputs.items():
            found |= {(f"${name}/{below}", held) for below, held in contents(path, "")}
        return found

    def plan(self, added: Collection[str], leave: Collection[str], jobs: int) -> None:
        """Decide what becomes an action."""
        settings = Settings(packages_own(os.environ), added, leave, jobs, tuple(self._escape.pairs))
        self.result = Planner(self.tree, self._graph, settings).run()

    def escape(self) -> None:
        """Move the outputs' contents beside the tree, take out what actions will make, put tokens for hashes."""
        saved = take_outputs(self._scratch, self._outputs)
        for action in self.result.actions:
            self._take_out((*action.outputs, *action.extra_outputs))
        for left in self.result.left:
            self._take_out(left.outputs)
        write_state(self._scratch, saved)
        self._escaped = escape_tree(Path(self.tree.top), self._scratch, saved, self._escape)

    def _take_out(self, paths: Iterable[str]) -> None:
        """Remove what prepare built on the way to a generated source: final gets it from an action, or builds it."""
        for path in paths:
            if os.path.lexists(path):
                status = os.stat(path) if os.path.exists(path) else os.lstat(path)
                if stat.S_ISDIR(status.st_mode):
                    continue
                self._built[path] = status.st_mtime_ns
                os.unlink(path)

    def write_packs(self, target: Path) -> None:
        """Write a pack for each action, and find out which need the proof by two tokens."""
        pairs = dict(self._tokens.values())
        names = {first: split_path(self._outputs[name].name)[1] for name, (first, _) in self._tokens.items()}
        marked = Rewriter(pairs)
        escaped = {str(Path(self.tree.top, path.removeprefix("tree/"))) for path in self._escaped}
        writer = PackWriter(self.tree, target)
        for action in self.result.actions:
            script = action_script(action, self.tree, self._escape)
            text = script
            if action.kind is Kind.COMPILE:  # the seed is in every one, and is replaced wherever it gets to
                for first in pairs:
                    text = text.replace(f"-frandom-seed={first[:SEED_LENGTH]}", "")
            tainted = marked.text(text) != text
            if tainted or not escaped.isdisjoint(action.files) or not self._proofs.isdisjoint(action.inputs):
                self._proofs.add(action.number)
                script += proof_script(pairs, names)
            writer.add(action.number, Pack(script, action.files, action.folders, action.timed))
        self._packed = writer.finish()

    def write_snapshot(self, target: Path) -> None:
        """Write the snapshot and the plan for staging."""
        index = snapshot.Index(self.tree.top, os.getcwd(), tuple(sorted(self._outputs)), self._escaped)
        snapshot.write(Path(self.tree.top), self._scratch, target, index)
        actions = tuple(
            StagedAction(
                action.name,
                tuple(StagedOutput(self.tree.relative(path), self._built.get(path)) for path in action.outputs),
                tuple(self.tree.relative(path) for path in action.extra_outputs),
            )
            for action in self.result.actions
        )
        write_stage(target / "stage.json", StagePlan(self.build.tool, self.tree.relative(self.build.path), actions))

    def _reason(self) -> str:
        """Why the package is not split; empty if it is."""
        if self.result.actions:
            return ""
        return "no compile or link could be split; see left" if self.result.left else "it compiles and links nothing"

    def write_manifest(self, target: Path) -> None:
        """Write what Nix reads."""
        write_json(
            target / "manifest.json",
            {
                "split": bool(self.result.actions),
                "reason": self._reason(),
                "top": self.tree.top,
                "actions": [
                    {
                        "name": action.name,
                        "kind": action.kind.value,
                        "source": action.source,
                        "pack": self._packed[action.number].name,
                        "sha256": self._packed[action.number].sha256,
                        "inputs": list(action.inputs),
                        "store": sorted(action.store),
                        "proof": action.number in self._proofs,
                    }
                    for action in self.result.actions
                ],
                "left": [
                    {"output": left.output, "kind": left.kind.value, "reason": left.reason} for left in self.result.left
                ],
            },
        )
