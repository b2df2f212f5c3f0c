"""The action as shell text: what `lib/hooks/action-builder.sh` reads from a pack and runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from splitphase.paths import Tree
from splitphase.objcache.plan import Action
from splitphase.rewrite import Rewriter


def action_script(action: Action, tree: Tree, escape: Rewriter) -> str:
    """Return the script of one action, output hashes escaped.

    It sets `splitphaseTop`, `splitphaseSource` (for messages), `splitphaseOutput` (below the top: what must exist
    afterwards), `splitphaseExtra` (array: what may exist), exports the environment and defines `splitphaseRun`.
    """
    lines = [
        f"splitphaseTop={shlex.quote(tree.top)}",
        f"splitphaseSource={shlex.quote(action.source)}",
        f"splitphaseOutput={shlex.quote(tree.relative(action.written[0]))}",
        _array("splitphaseExtra", [tree.relative(path) for path in action.written[1:] if path]),
        *(f"export {name}={shlex.quote(value)}" for name, value in action.environment.items()),
        "splitphaseRun() {",
        f"cd {shlex.quote(action.directory)}",
        action.command,
        "}",
        "",
    ]
    return escape.text("\n".join(lines))


def proof_script(pairs: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The lines that ask for the proof by two tokens; `pairs` maps tokens of set A to set B, `names` to their names.

    The tokens are written with a dot behind every fourth character, since this text is rewritten, too. The names are in
    the order of the tokens: a constant may hold little of the token and much of the name.
    """
    order = sorted(pairs)
    mapping = [f"{_dotted(first)}={_dotted(pairs[first])}" for first in order]
    return (
        _array("splitphaseTokens", mapping) + "\n" + _array("splitphaseNames", [names[first] for first in order]) + "\n"
    )


def _dotted(token: str) -> str:
    return ".".join(token[start : start + 4] for start in range(0, len(token), 4))


def _array(name: str, values: list[str]) -> str:
    return f"{name}=({' '.join(shlex.quote(value) for value in values)})"
