"""The action as shell text: what `lib/hooks/action-builder.sh` reads from a pack and runs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping

from splitphase.intercept.links import Given
from splitphase.objcache.plan import Action
from splitphase.paths import Tree
from splitphase.rewrite import Rewriter

_MEMBERS = ".splitphase/members"
_PIECE = 500
"""Members that one call of `ar` adds."""


def action_script(action: Action, tree: Tree, escape: Rewriter, results: Mapping[str, tuple[int, str]]) -> str:
    """Return the script of one action, output hashes escaped.

    It sets `splitphaseTop`, `splitphaseSource` (for messages), `splitphaseOutput` (below the top: what must exist
    afterwards), `splitphaseExtra` (array: what may exist), exports the environment and defines `splitphasePlace`,
    which puts the results of other actions in place, and `splitphaseRun`. `results` has for each call the number of its
    action and its object or program, relative to the top.
    """
    lines = [
        f"splitphaseTop={shlex.quote(tree.top)}",
        f"splitphaseSource={shlex.quote(action.source)}",
        f"splitphaseOutput={shlex.quote(tree.relative(action.written[0]))}",
        array("splitphaseExtra", [tree.relative(path) for path in action.written[1:] if path]),
        *(f"export {name}={shlex.quote(value)}" for name, value in action.environment.items()),
        "splitphasePlace() {",
        *_placed(action, tree, results),
        ":",
        "}",
        "splitphaseRun() {",
        *_archives(action, tree),
        f"cd {shlex.quote(action.directory)} || return",
        action.command,
        "}",
        "",
    ]
    return escape.text("\n".join(lines))


def _placed(action: Action, tree: Tree, results: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    """Lines `splitphaseInput INDEX PATH TARGET [copy]`: INDEX counts the inputs, PATH is in that one's output."""
    index = {number: place for place, number in enumerate(action.inputs)}
    for count, file in enumerate(action.given):
        places = [(file.call, tree.relative(file.path))] if file.call else []
        places += zip((part.call for part in file.parts), _members(file, count, tree), strict=True)
        for call, target in places:
            number, path = results[call]
            copied = " copy" if file.thin else ""
            yield f"splitphaseInput {index[number]} {shlex.quote(path)} {shlex.quote(target)}{copied}"


def _archives(action: Action, tree: Tree) -> Iterator[str]:
    """Make the archives again, of the same members in the same order."""
    for count, file in enumerate(action.given):
        if file.parts:
            members = _members(file, count, tree)
            target, archiver = shlex.quote(tree.relative(file.path)), shlex.quote(action.archiver)
            letters = "qcST" if file.thin else "qcS"
            yield f"mkdir -p {shlex.quote(os.path.dirname(tree.relative(file.path)))} || return"
            # In pieces: a command line has a limit.
            for start in range(0, len(members), _PIECE):
                yield f"{archiver} {letters} {target} {shlex.join(members[start : start + _PIECE])} || return"
            if file.indexed:
                yield f"{archiver} s {target} || return"


def _members(file: Given, count: int, tree: Tree) -> list[str]:
    """Where the members of an archive are put; those of a thin one are where it names them."""
    if file.thin:
        folder = os.path.dirname(file.path)
        return [tree.relative(os.path.join(folder, part.name)) for part in file.parts]
    return [f"{_MEMBERS}/{count}/{place}/{part.name}" for place, part in enumerate(file.parts)]


def array(name: str, values: list[str]) -> str:
    """An array of the shell."""
    return f"{name}=({' '.join(shlex.quote(value) for value in values)})"
