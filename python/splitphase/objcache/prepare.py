"""When a build is recorded: plan its actions, write their packs, the manifest, and the keys for the final build."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splitphase.intercept.expected import NAME, write_expected
from splitphase.intercept.journal import left, recorded
from splitphase.intercept.record import CAPTURED
from splitphase.objcache.manifest import Known, write_json, write_known
from splitphase.objcache.packs import Pack, PackWriter
from splitphase.objcache.plan import Action, Plan, Planner, Settings
from splitphase.objcache.proof import Proof
from splitphase.objcache.script import action_script
from splitphase.paths import Tree
from splitphase.rewrite import Rewriter

KNOWN = "actions.json"


@dataclass(frozen=True, slots=True)
class Targets:
    """Where prepare writes."""

    manifest: Path
    packs: Path
    known: Path


def write(top: str, outputs: Mapping[str, str], scratch: Path, settings: Settings, targets: Targets) -> Plan:
    """Write everything but the snapshot; returns what was planned."""
    tree = Tree(top)
    escape = Rewriter.escaping(outputs)
    calls = recorded(scratch)
    plan = Planner(tree, settings).run(calls)
    plan.left += left(scratch)
    proof = Proof(top, outputs, escape)
    writer = PackWriter(tree, scratch / CAPTURED, targets.packs, proof.second_content)
    proofs: set[int] = set()
    run_paths: set[int] = set()
    results = {action.key: (action.number, tree.relative(action.written[0])) for action in plan.actions}
    for action in plan.actions:
        script = action_script(action, tree, escape, results)
        inherited = not proofs.isdisjoint(action.inputs)
        second = ""
        if inherited or proof.is_needed(action, script):
            proven = inherited or not proof.only_in_run_path(action, script)
            (proofs if proven else run_paths).add(action.number)
            if proven:
                script = proof.first(action, script)
                second = proof.second(script)
        writer.add(action.number, Pack(script, action.files, action.links, action.folders, action.times, second))
    packed = writer.finish()
    known = [_known(action, tree, run_path=action.number in run_paths) for action in plan.actions]
    write_known(targets.known / KNOWN, known, settings.added)
    write_expected(targets.known / NAME, calls, escape.text)
    write_json(
        targets.manifest / "manifest.json",
        {
            "split": bool(plan.actions),
            "reason": _reason(plan),
            "top": top,
            "actions": [
                {
                    "name": action.name,
                    "kind": action.kind,
                    "source": _plain(action.source),
                    "pack": packed[action.number].name,
                    "sha256": packed[action.number].sha256,
                    "inputs": list(action.inputs),
                    "store": sorted(action.store),
                    "proof": action.number in proofs,
                }
                for action in plan.actions
            ],
            "left": [
                {"output": _plain(escape.text(one.shown)), "kind": one.kind, "reason": _plain(escape.text(one.reason))}
                for one in plan.left
            ],
        },
    )
    return plan


def _known(action: Action, tree: Tree, *, run_path: bool) -> Known:
    written = tuple(tree.relative(path) if path else "" for path in action.written)
    return Known(action.key, action.source, written, action.given if action.kind == "link" else None, run_path)


def _plain(text: str) -> str:
    """A text that Nix can read: a byte of a name that is no UTF-8 is shown as one that is not known."""
    return os.fsencode(text).decode(errors="replace")


def _reason(plan: Plan) -> str:
    """Why the package is not split; empty if it is."""
    if plan.actions:
        return ""
    return "no compile could be split; see left" if plan.left else "it compiles nothing through a compiler wrapper"
