"""From a checkpoint and a configured tree to what is taken from the one into the other."""

from __future__ import annotations

import os
from collections.abc import Iterable

from splitphase.checkpoint import build, observe
from splitphase.checkpoint.cargounits import CargoBuild
from splitphase.checkpoint.decide import Decision, changed_names, decide
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.record import Checkpoint
from splitphase.checkpoint.request import Request
from splitphase.rewrite import Rewriter


def choose(
    request: Request, found: Checkpoint, escape: Rewriter, later: Iterable[str]
) -> tuple[build.Build, Decision] | str:
    """The build and what of the checkpoint is used, or why nothing is. `later` are variables that it does not read."""
    if not found.tool:
        return f"the checkpoint has no objects: {found.reason}"
    facts = Facts(request.top, escape)
    now = request.look(facts)
    reason = (
        request.problem
        or observe.differing(found.observed, now, later)
        or observe.unusable(request.top, escape, os.environ)
    )
    if reason:
        return reason
    current = build.read(request, os.getcwd(), facts, now)
    if isinstance(current, str):
        return current
    if current.tool != found.tool:
        return f"the checkpoint was built with {found.tool}, this is built with {current.tool}"
    reason = current.refusal(found, now, request.top)
    if reason:
        return reason
    again = current.declared(request.top)
    left = [path for path in found.left if path not in again]
    cargo = isinstance(current, CargoBuild)
    appeared = frozenset() if cargo else changed_names(found.observed.listing, now.listing, left)
    if appeared is None:
        return "a link to a folder is new, gone or different"
    return current, decide(found, facts, current.commands(request.top), appeared, now.epoch)
