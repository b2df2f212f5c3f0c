"""When a build is recorded: plan its actions, write their packs, the manifest, and the keys for the final build."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splitphase.hashes.forms import split_path
from splitphase.intercept.expected import NAME, write_expected
from splitphase.intercept.journal import left, recorded
from splitphase.intercept.record import CAPTURED
from splitphase.objcache.manifest import Known, write_json, write_known
from splitphase.objcache.packs import Pack, PackWriter
from splitphase.objcache.plan import Action, Plan, Planner, Settings
from splitphase.objcache.script import action_script, proof_script
from splitphase.paths import Tree
from splitphase.rewrite import Rewriter
from splitphase.tokens import SEED_LENGTH, tokens

KNOWN = "actions.json"
_RUN_PATH = re.compile(r"-rpath(?:[ ,=]|-Wl,)+[^\s,'\"]+")
"""As words have it and as NIX_LDFLAGS has it."""


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
    pairs = dict(tokens(outputs).values())
    names = {first: split_path(Path(outputs[name]).name)[1] for name, (first, _) in tokens(outputs).items()}
    writer = PackWriter(tree, scratch / CAPTURED, targets.packs)
    proofs: set[int] = set()
    run_paths: set[int] = set()
    results = {action.key: (action.number, tree.relative(action.written[0])) for action in plan.actions}
    for action in plan.actions:
        script = action_script(action, tree, escape, results)
        inherited = not proofs.isdisjoint(action.inputs)
        if inherited or _needs_proof(action, script, pairs):
            proven = inherited or not _in_run_path(action, script, pairs)
            (proofs if proven else run_paths).add(action.number)
        if action.number in proofs:
            script += proof_script(pairs, names)
        writer.add(action.number, Pack(script, action.files, action.links, action.folders, action.timed))
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


def _needs_proof(action: Action, script: str, pairs: Mapping[str, str]) -> bool:
    """Whether an action sees a token, the random seed aside: it is in every one, and replaced wherever it gets to."""
    for first in pairs:
        script = script.replace(f"-frandom-seed={first[:SEED_LENGTH]}", "")
    return Rewriter(dict(pairs)).text(script) != script or any(file.own for file in action.files)


def _in_run_path(action: Action, script: str, pairs: Mapping[str, str]) -> bool:
    """Whether a link sees tokens as run paths alone: no other byte of the result can depend on them.

    The final build looks whether this is so, and whether there is a build-id, which is a digest over all.
    """
    if action.kind != "link" or "--build-id" in script.replace("--build-id=none", ""):
        return False
    return not _needs_proof(action, _RUN_PATH.sub("", script), pairs)


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
