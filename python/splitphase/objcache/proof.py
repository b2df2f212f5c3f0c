"""The proof by two tokens: which actions need it, and what its second run is given.

An action that sees a token is done again with tokens of set B in the place of those of set A;
`lib/hooks/action-builder.sh` compares. A compile for which the preprocessor's output is the same both times needs no
second run: nothing else of what it is given can get into the object. `_preprocessed` says when that is so.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from splitphase.hashes.forms import split_path
from splitphase.objcache.plan import Action
from splitphase.objcache.script import array
from splitphase.rewrite import Rewriter
from splitphase.scan import arguments
from splitphase.scan.dependencies import without_outputs
from splitphase.tokens import SEED_LENGTH, tokens

_SEED = "-frandom-seed="
_SEEDS = re.compile(r"-frandom-seed=\w*")
_RUN_PATH = re.compile(r"-rpath(?:[ ,=]|-Wl,)+[^\s,'\"]+")
"""As words have it and as NIX_LDFLAGS has it."""
_CPP = frozenset("-D -U -I -isystem -iquote -idirafter -include -imacros".split())
"""Not the maps of prefixes: `__builtin_FILE()` and coverage see these behind the preprocessor."""
_LANGUAGES = frozenset(("c", "c++"))
_RECORDS = re.compile(r"-g(?!0$)|.*record-(?:gcc-switches|command-line)")
"""Options by which the object tells of macros or of the command."""
_FLAGS = "NIX_CFLAGS_COMPILE"
_PREPROCESSED = ".splitphase/preprocessed"


class Proof:
    """Of one package's actions."""

    def __init__(self, top: str, outputs: Mapping[str, str], escape: Rewriter) -> None:
        self._top = top
        self._escape = escape
        self._pairs = dict(tokens(outputs).values())
        names = {first: split_path(Path(outputs[name]).name)[1] for name, (first, _) in tokens(outputs).items()}
        self._second = Rewriter(self._pairs, names)
        order = sorted(self._pairs)
        # With a dot behind every fourth character, since restoring must not take them for tokens. The names are in the
        # order of the tokens: a constant may hold little of the token and much of the name.
        mapping = [f"{_dotted(first)}={_dotted(self._pairs[first])}" for first in order]
        self._lines = (
            f"{array('splitphaseTokens', mapping)}\n{array('splitphaseNames', [names[one] for one in order])}\n"
        )

    def is_needed(self, action: Action, script: str) -> bool:
        """Whether an action sees a token, the random seed aside, which is in every one and replaced wherever it is."""
        return any(file.own for file in action.files) or _changes(self._second, script)

    def only_in_run_path(self, action: Action, script: str) -> bool:
        """Whether a link sees tokens as run paths alone: no other byte of the result can depend on them.

        The final build looks whether this is so, and whether there is a build-id, which is a digest over all.
        """
        if action.kind != "link" or "--build-id" in script.replace("--build-id=none", ""):
            return False
        return not self.is_needed(action, _RUN_PATH.sub("", script))

    def first(self, action: Action, script: str) -> str:
        """The script of the first run."""
        return script + self._preprocessed(action) + self._lines

    def second(self, script: str) -> str:
        """The script of the second run, made from the first one's.

        It keeps the random seed: GCC orders debug information by hashes of its texts, the seed among them, and 10
        characters are nothing that has to be proved.
        """
        changed = self._second.text(script.removesuffix(self._lines))
        for first, other in self._pairs.items():
            changed = changed.replace(f"{_SEED}{other[:SEED_LENGTH]}", f"{_SEED}{first[:SEED_LENGTH]}")
        return changed + self._lines

    def second_content(self, data: bytes) -> bytes:
        """A file for the second run."""
        return self._second.data(data)

    def _preprocessed(self, action: Action) -> str:
        """The lines of the script that preprocess a compile; none where what comes of it need not say all.

        It does where tokens are given to the preprocessor alone, the object does not tell of macros or the command, and
        nothing but it and a dependency file is written.
        """
        command = shlex.split(action.command)
        read = arguments.read(command, action.directory)
        variables = action.environment
        variables = action.environment
        flags = [word for name in variables if name.startswith(_FLAGS) for word in variables[name].split()]
        options = (*read.options, *arguments.read(("cc", *flags), action.directory).options)
        rest = [word for option in options if option.wrapper or option.name not in _CPP for word in option.spelled()]
        rest += [value for name, value in variables.items() if not name.startswith(_FLAGS)]
        if (
            action.kind != "compile"
            or arguments.language(read, action.source) not in _LANGUAGES
            or any(action.written[2:])
            or any(word.startswith("@") or _RECORDS.match(word) for word in (*command, *flags))
            or any(file.own and file.path.endswith((".gch", ".pch")) for file in action.files)
            or any(_changes(self._escape, text) for text in rest)
        ):
            return ""
        words = [*read.compiler, *without_outputs(read), "-E", "-o", f"{self._top}/{_PREPROCESSED}"]
        return self._escape.text(
            f"splitphasePreprocess() {{\ncd {shlex.quote(action.directory)} || return\n{shlex.join(words)}\n}}\n"
        )


def _changes(rewriter: Rewriter, text: str) -> bool:
    """Whether a hash stands in there, the random seed aside."""
    plain = _SEEDS.sub("", text)
    return rewriter.text(plain) != plain


def _dotted(token: str) -> str:
    return ".".join(token[start : start + 4] for start in range(0, len(token), 4))
